"""Brings what the tests in a browser need and is missing: `python -m tests.browser.install`.

Chromium comes with apt-get. Scripts of others come from npm; they are unpacked into the tests' cache, and none of them
runs while that is done.
"""

import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests import debian
from tests.debian import InstallError, cache, program, run

COMMAND = "python -m tests.browser.install"

_PACKAGES = Path(__file__).with_name("packages.txt")


def chromium() -> str:
    """Where the browser is; InstallError when it is missing."""
    found = program("chromium")
    if found is None:
        raise InstallError(f"Chromium is missing: run `{COMMAND}`")
    return found


def npm_package(name: str) -> Path:
    """The folder of an npm package of `packages.txt`; InstallError when it is missing."""
    kind, version = next((kind, version) for package, kind, version in _listed() if package == name)
    folder = _folder_of(name, version)
    if not folder.is_dir():
        raise InstallError(f"the npm package {name} is missing: run `{COMMAND}`")
    return folder / "node_modules" / name if kind == "npm-tree" else folder


def missing() -> list[tuple[str, str, str]]:
    """The packages that are needed and not there: name, kind, and program or version."""
    return [each for each in _listed() if not _is_there(*each)]


def install() -> list[str]:
    """Bring what is missing; gives the names of the packages."""
    needed = missing()
    if programs := [package for package, kind, _ in needed if kind == "program"]:
        debian.install(*programs)
    for package, kind, version in needed:
        if kind == "npm":
            _unpack(package, version)
        elif kind == "npm-tree":
            _unpack_tree(package, version)
    if still := missing():
        raise InstallError(f"still missing after the installation: {', '.join(package for package, _, _ in still)}")
    return [package for package, _, _ in needed]


def _listed() -> Iterator[tuple[str, str, str]]:
    for line in _PACKAGES.read_text().splitlines():
        if line and not line.startswith("#"):
            package, kind, what = line.split()
            yield package, kind, what


def _is_there(package: str, kind: str, what: str) -> bool:
    return program(what) is not None if kind == "program" else _folder_of(package, what).is_dir()


def _folder_of(package: str, version: str) -> Path:
    return cache() / "npm" / f"{package.replace('/', '-')}-{version}"


def _unpack(package: str, version: str) -> None:
    """In place only when whole, so that a broken run leaves nothing."""
    folder = _folder_of(package, version)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        work = Path(made)
        run("npm", "pack", "--silent", f"{package}@{version}", folder=work)
        with tarfile.open(next(work.glob("*.tgz"))) as archive:
            archive.extractall(work, filter="data")
        (work / "package").rename(folder)


def _unpack_tree(package: str, version: str) -> None:
    """As `_unpack`; beside the package stands what it depends on."""
    folder = _folder_of(package, version)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        tree = Path(made, "tree")
        tree.mkdir()
        quiet = ("--silent", "--ignore-scripts", "--no-audit", "--no-fund")
        run("npm", "install", *quiet, "--prefix", str(tree), f"{package}@{version}")
        tree.rename(folder)


def main() -> int:
    try:
        brought = install()
    except InstallError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"the browser's packages: {'brought ' + ', '.join(brought) if brought else 'all there'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
