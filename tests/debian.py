"""Programs from Debian or Ubuntu for the tests, and the cache for what is only unpacked.

Installing wants root (or sudo), and only when something is missing. What is there already is left alone.
"""

import os
import shutil
import subprocess
from pathlib import Path

# Debian puts daemons where a plain user's PATH does not look.
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/bin"])


class InstallError(Exception):
    """Something needed is missing and cannot be brought; the text says what."""


def cache() -> Path:
    """The folder for downloads: `$PINGBACK_TEST_CACHE`, or one in the user's cache directory."""
    if chosen := os.environ.get("PINGBACK_TEST_CACHE"):
        return Path(chosen).resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pingback-tests"


def program(name: str) -> str | None:
    """Where a program is, None when it is not installed."""
    return shutil.which(name, path=SEARCH_PATH)


def install(*packages: str) -> None:
    """Install packages by apt-get; InstallError where that cannot be."""
    _apt_updating("install", "--yes", "--no-install-recommends", *packages, as_root=True)


def download(package: str, folder: Path) -> Path:
    """A package's file, not installed."""
    _apt_updating("download", package, folder=folder)
    return next(folder.glob(f"{package}_*.deb"))


def run_as_root(*command: str) -> str:
    """As `run`; InstallError where that cannot be."""
    return run(*_privilege(True), *command)


def run(*command: str, folder: Path | None = None) -> str:
    """What a command prints; InstallError, with the end of that, when it fails."""
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        raise InstallError(f"`{' '.join(command)}` failed ({done.returncode}):\n{done.stdout[-2000:]}")
    return done.stdout


def _apt_updating(*arguments: str, as_root: bool = False, folder: Path | None = None) -> None:
    """Run apt-get; once more with fresh package lists when it fails, as it does on a machine that has none."""
    try:
        _apt(*arguments, as_root=as_root, folder=folder)
    except InstallError:
        _apt("update", as_root=True)
        _apt(*arguments, as_root=as_root, folder=folder)


def _apt(*arguments: str, as_root: bool, folder: Path | None = None) -> None:
    if program("apt-get") is None:
        raise InstallError("apt-get is missing: these tests run on Debian and Ubuntu")
    run(*_privilege(as_root), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", *arguments, folder=folder)


def _privilege(as_root: bool) -> list[str]:
    if not as_root or os.geteuid() == 0:
        return []
    if sudo := program("sudo"):
        return [sudo, "--non-interactive"]
    raise InstallError("packages are missing, and only root can install them: run `tools/test` as root, once")


def ending_with_us(signal: str) -> list[str]:
    """Before a command: the program is sent this signal also where nobody is left who could end it."""
    setpriv = program("setpriv")
    return [setpriv, "--pdeathsig", signal] if setpriv else []
