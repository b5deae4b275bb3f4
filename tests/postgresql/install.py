"""Brings PostgreSQL where it is missing: `python -m tests.postgresql.install`.

Debian's package makes a database of its own, and starts it with the machine. The tests want the programs only.
"""

import sys
import tempfile
from pathlib import Path

from tests import debian
from tests.debian import InstallError

COMMAND = "python -m tests.postgresql.install"

_INSTALLED = Path("/usr/lib/postgresql")  # where Debian has a folder for each version
_SETTINGS = Path("/etc/postgresql-common/createcluster.d")


def programs() -> Path:
    """The folder with `initdb` and `postgres` of the newest version; InstallError where there is none."""
    found = {int(path.parent.parent.name): path.parent for path in _INSTALLED.glob("[0-9]*/bin/initdb")}
    if found:
        return found[max(found)]
    if elsewhere := debian.program("initdb"):
        return Path(elsewhere).resolve().parent
    raise InstallError(f"PostgreSQL is missing: run `{COMMAND}`")


def install() -> list[str]:
    """Bring what is missing; gives the names of the packages."""
    try:
        programs()
    except InstallError:
        _install_without_a_database()
        return ["postgresql"]
    return []


def _install_without_a_database() -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as settings:
        settings.write("create_main_cluster = false\n")
        settings.flush()
        place = _SETTINGS / "pingback-tests.conf"
        debian.run_as_root("install", "-D", "--mode=644", settings.name, str(place))
    try:
        debian.install("postgresql")
    finally:
        debian.run_as_root("rm", str(place))


if __name__ == "__main__":
    try:
        brought = install()
    except InstallError as error:
        sys.exit(f"{COMMAND}: {error}")
    print("brought:", ", ".join(brought) or "nothing, all is there", file=sys.stderr)  # noqa: T201
