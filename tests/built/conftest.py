"""The sites, each built once a run, with the generators that `python -m tests.built.install` brings."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.built import install
from tests.built.hosts import HOSTS
from tests.built.site import Built


@pytest.fixture(scope="session")
def _built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Built]]:
    """A site by its host's name; fails, never skips, where a generator is missing."""
    if needed := install.missing():
        raise pytest.fail.Exception(f"{', '.join(needed)}: missing; run `{install.COMMAND}`", pytrace=False)
    sites: dict[str, Built] = {}
    with ExitStack() as stack:

        def site(name: str) -> Built:
            if name not in sites:
                [host] = (host for host in HOSTS if host.name == name)
                sites[name] = stack.enter_context(Built(host, tmp_path_factory.mktemp(name)))
            return sites[name]

        yield site


@pytest.fixture(params=[host.name for host in HOSTS])
def built(request: pytest.FixtureRequest, _built: Callable[[str], Built]) -> Built:
    return _built(request.param)
