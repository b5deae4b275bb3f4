"""Brings what the WordPress fixture needs and is missing: `python -m tests.wordpress.install`.

Programs come with apt-get, which wants root (or sudo) and only when one is missing. Debian's WordPress is unpacked into
`$PINGBACK_TEST_CACHE`, or the user's cache directory, and never installed. What is there already is left alone.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

COMMAND = "python -m tests.wordpress.install"

# Debian puts daemons where a plain user's PATH does not look.
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/bin"])

_PACKAGES = Path(__file__).with_name("packages.txt")
_THEME = re.compile(r"\bwordpress-theme-(\w+)")

# WordPress looks for its settings beside its code, which all runs share; each run brings its own.
_CONFIG = "<?php require getenv( 'PINGBACK_TEST_WORDPRESS_CONFIG' );\n"


class InstallError(Exception):
    """Something needed is missing and cannot be brought; the text says what."""


def cache() -> Path:
    """The folder for downloads."""
    if chosen := os.environ.get("PINGBACK_TEST_CACHE"):
        return Path(chosen).resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pingback-tests"


def wordpress_tree() -> Path:
    """WordPress's own folder, the document root, inside the cache."""
    return cache() / "wordpress" / "usr/share/wordpress"


def program(name: str) -> str | None:
    """Where a program is, None when it is not installed."""
    return shutil.which(name, path=SEARCH_PATH)


def missing() -> list[str]:
    """The packages that are needed and not there."""
    modules = _php_modules()
    found = {
        "program": lambda name: program(name) is not None,
        "module": lambda name: name in modules,
        "unpacked": lambda name: (wordpress_tree() / "wp-config.php").is_file(),
    }
    return [package for package, kind, name in _listed() if not found[kind](name)]


def install() -> list[str]:
    """Bring what is missing; gives the names of the packages."""
    needed = missing()
    if "wordpress" in needed:
        _unpack_wordpress()
    if programs := [package for package in needed if package != "wordpress"]:
        _apt_updating("install", "--yes", "--no-install-recommends", *programs, as_root=True)
    if still := missing():
        raise InstallError(f"still missing after the installation: {', '.join(still)}")
    return needed


def _listed() -> Iterator[tuple[str, str, str]]:
    for line in _PACKAGES.read_text().splitlines():
        if line and not line.startswith("#"):
            package, kind, *name = line.split()
            yield package, kind, " ".join(name)


def _php_modules() -> set[str]:
    php = program("php")
    if php is None:
        return set()
    return set(subprocess.run([php, "-m"], capture_output=True, text=True, check=True).stdout.lower().split())


def _unpack_wordpress() -> None:
    """Debian's WordPress and the theme it recommends; in place only when whole, so that a broken run leaves nothing."""
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache()) as made:
        work = Path(made)
        work.chmod(0o777)  # apt downloads as a user of its own
        wordpress = _download("wordpress", work)
        recommends = _run("dpkg-deb", "--field", str(wordpress), "Recommends")
        theme = _THEME.search(recommends)
        if theme is None:
            raise InstallError(f"the wordpress package recommends no theme: {recommends}")
        for deb in (wordpress, _download(theme[0], work)):
            _run("dpkg-deb", "--extract", str(deb), str(work / "tree"))
        root = work / "tree/usr/share/wordpress"
        (root / "wp-config.php").write_text(_CONFIG)
        shutil.rmtree(cache() / "wordpress", ignore_errors=True)
        (work / "tree").rename(cache() / "wordpress")


def _download(package: str, folder: Path) -> Path:
    _apt_updating("download", package, folder=folder)
    return next(folder.glob(f"{package}_*.deb"))


def _apt_updating(*arguments: str, as_root: bool = False, folder: Path | None = None) -> None:
    """Run apt-get; once more with fresh package lists when it fails, as it does on a machine that has none."""
    try:
        _apt(*arguments, as_root=as_root, folder=folder)
    except InstallError:
        _apt("update", as_root=True)
        _apt(*arguments, as_root=as_root, folder=folder)


def _apt(*arguments: str, as_root: bool, folder: Path | None = None) -> None:
    if program("apt-get") is None:
        raise InstallError("apt-get is missing: the WordPress tests run on Debian and Ubuntu")
    _run(*_privilege(as_root), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", *arguments, folder=folder)


def _privilege(as_root: bool) -> list[str]:
    if not as_root or os.geteuid() == 0:
        return []
    if sudo := program("sudo"):
        return [sudo, "--non-interactive"]
    raise InstallError(f"packages are missing, and only root can install them: run `{COMMAND}` as root, once")


def _run(*command: str, folder: Path | None = None) -> str:
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        raise InstallError(f"`{' '.join(command)}` failed ({done.returncode}):\n{done.stdout[-2000:]}")
    return done.stdout


def main() -> int:
    try:
        brought = install()
    except InstallError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"WordPress's packages: {'brought ' + ', '.join(brought) if brought else 'all there'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
