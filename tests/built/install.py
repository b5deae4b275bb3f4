"""Brings the programs that make the sites of these tests and are missing: `python -m tests.built.install`.

Hugo and Jekyll come with apt-get; what is from PyPI goes into environments in the tests' cache, one for each.
"""

import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests import debian
from tests.debian import InstallError, cache, run

COMMAND = "python -m tests.built.install"

_PACKAGES = Path(__file__).with_name("packages.txt")


def program_of(name: str, program: str) -> str:
    """Where a program of a generator is: in its environment, or with those of the machine; InstallError without it."""
    found = shutil.which(program, path=str(_folder_of(name) / "bin")) or debian.program(program)
    if found is None:
        raise InstallError(f"{program} is missing: run `{COMMAND}`")
    return found


def missing() -> list[str]:
    """The names of the generators that are not there."""
    return [name for name, kind, what in _listed() if not _is_there(name, kind, what)]


def install() -> list[str]:
    """Bring what is missing; gives the names of the generators."""
    wanted = [each for each in _listed() if not _is_there(*each)]
    if packages := [package for _, kind, what in wanted if kind == "debian" for package in what.split()]:
        debian.install(*packages)
    with ThreadPoolExecutor() as pool:
        made = [pool.submit(_make, name, what) for name, kind, what in wanted if kind == "pypi"]
    for each in made:
        each.result()
    if still := missing():
        raise InstallError(f"still missing after the installation: {', '.join(still)}")
    return [name for name, _, _ in wanted]


def _listed() -> Iterator[tuple[str, str, str]]:
    for line in _PACKAGES.read_text().splitlines():
        if line and not line.startswith("#"):
            name, kind, what = line.split(maxsplit=2)
            yield name, kind, what


def _is_there(name: str, kind: str, what: str) -> bool:
    if kind == "debian":
        query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}\n", *what.split()]
        states = subprocess.run(query, capture_output=True, text=True).stdout.split()
        return states == ["installed"] * len(what.split())
    marker = _marker(name)
    return marker.is_file() and marker.read_text() == _wanted(what)


def _make(name: str, what: str) -> None:
    """The marker comes last, so that a broken run leaves nothing that counts."""
    folder = _folder_of(name)
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    run(str(folder / "bin/pip"), "--quiet", "install", *what.split())
    _marker(name).write_text(_wanted(what))


def _folder_of(name: str) -> Path:
    return cache() / "built" / name


def _marker(name: str) -> Path:
    return _folder_of(name) / "wanted"


def _wanted(what: str) -> str:
    return f"{sys.version}\n{what}\n"


def main() -> int:
    try:
        brought = install()
    except InstallError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"the sites' generators: {'brought ' + ', '.join(brought) if brought else 'all there'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
