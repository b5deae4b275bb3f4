"""Brings what the WordPress fixture needs and is missing: `python -m tests.wordpress.install`.

Programs come with apt-get. Debian's WordPress is unpacked into the tests' cache, and never installed.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests import debian
from tests.debian import InstallError, cache, program, run

COMMAND = "python -m tests.wordpress.install"

_PACKAGES = Path(__file__).with_name("packages.txt")
_THEMES = "wordpress-theme-"

# WordPress looks for its settings beside its code, which all runs share; each run brings its own.
_CONFIG = "<?php require getenv( 'PINGBACK_TEST_WORDPRESS_CONFIG' );\n"


def wordpress_tree() -> Path:
    """WordPress's own folder, the document root, inside the cache."""
    return _unpacked() / "usr/share/wordpress"


def themes() -> list[str]:
    """The names of the themes that Debian has."""
    return sorted(path.name for path in (wordpress_tree() / "wp-content/themes").iterdir() if path.is_dir())


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
        debian.install(*programs)
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


def _unpacked() -> Path:
    return cache() / "wordpress-and-themes"


def _unpack_wordpress() -> None:
    """Debian's WordPress and its themes; in place only when whole, so that a broken run leaves nothing."""
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache()) as made:
        work = Path(made)
        work.chmod(0o777)  # apt downloads as a user of its own
        debs = [debian.download("wordpress", work)]  # before anything is asked: it brings the lists of packages
        debs += (debian.download(theme, work) for theme in run("apt-cache", "pkgnames", _THEMES).split())
        for deb in debs:
            run("dpkg-deb", "--extract", str(deb), str(work / "tree"))
        (work / "tree/usr/share/wordpress/wp-config.php").write_text(_CONFIG)
        shutil.rmtree(_unpacked(), ignore_errors=True)
        (work / "tree").rename(_unpacked())


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
