"""A store, in a file and in memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pingback.store import Store


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path}/pingback.db" if request.param == "file" else "sqlite://"
    with Store(url) as store:
        yield store
