"""Fixtures for stories of a blog whose clock is moved by hand."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.paths.moved_clock import Blog, Source


@pytest.fixture
def source() -> Iterator[Source]:
    with ExitStack() as stack:
        yield Source(stack)


@pytest.fixture
def blog(tmp_path: Path, source: Source) -> Iterator[Blog]:
    with ExitStack() as stack:
        yield Blog(tmp_path, source, stack)
