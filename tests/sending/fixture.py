"""A blog whose posts link to a far side, for the tests of the publish hook."""

from collections.abc import Iterator

import pytest

from tests.loopback import Site
from tests.sending.far_sides import FarSide, post


@pytest.fixture
def far_side() -> Iterator[FarSide]:
    """Its pages `/1` and `/2` take Webmentions."""
    with FarSide("/1", "/2") as far_side:
        yield far_side


@pytest.fixture
def blog(far_side: FarSide) -> Iterator[Site]:
    """Its post `/6` links to the far side's `/1`, and `/7` to `/2`."""
    with Site({"/6": post(f"{far_side.url}/1"), "/7": post(f"{far_side.url}/2")}) as blog:
        yield blog
