"""What can be wrong with the embedded database, as one sentence for the operator."""

from collections.abc import Sequence
from pathlib import Path

from tocsin.embedded import disk
from tocsin.errors import EmbeddedDatabaseError

ANEW = "or, to begin anew without the old data, move everything in it that begins with `database` away"
RESTORE = f"put the whole directory back from a backup, {ANEW}"


def in_use(directory: Path, pid: int | None = None, port: int | None = None) -> EmbeddedDatabaseError:
    """Another process works on this data directory."""
    known = [f"process {pid}"] if pid else []
    known += [f"database on port {port}"] if port else []
    who = f" ({', '.join(known)})" if known else ""
    return EmbeddedDatabaseError(
        f"The data directory {directory} is in use by another process{who}: "
        "stop that one, or set TOCSIN_DATA_DIR to another directory."
    )


def missing(directory: Path, names: Sequence[str]) -> EmbeddedDatabaseError:
    """Files of the database are gone. Starting would make an empty database in their place."""
    what = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return EmbeddedDatabaseError(f"The embedded database in {directory} is incomplete, {what} is missing: {RESTORE}.")


def other_database(directory: Path) -> EmbeddedDatabaseError:
    """The marker beside the database and the instance document in it disagree."""
    return EmbeddedDatabaseError(
        f"The database files in {directory} are empty or not the ones that belong there: {RESTORE}."
    )


def damaged(directory: Path, detail: str) -> EmbeddedDatabaseError:
    """A file of the database cannot be read."""
    return EmbeddedDatabaseError(f"The embedded database in {directory} is damaged ({detail}): {RESTORE}.")


def wrong_password(directory: Path, password: Path) -> EmbeddedDatabaseError:
    """The password file does not fit the database."""
    return EmbeddedDatabaseError(
        f"The embedded database in {directory} refuses the password in {password.name}: "
        "delete that file and start again, then a new password is set."
    )


def no_answer(directory: Path, detail: str) -> EmbeddedDatabaseError:
    """The server listens, but does not do what it is asked."""
    return EmbeddedDatabaseError(
        f"The embedded database in {directory} started but does not answer ({detail}): "
        "look at the disk and at the log, then start again."
    )


def not_runnable(binary: Path, error: OSError) -> EmbeddedDatabaseError:
    """The program is there but the system does not run it."""
    return EmbeddedDatabaseError(
        f"The embedded database's program {binary} cannot be run, {(error.strerror or str(error)).lower()}: "
        "install tocsin[embedded] again, or set TOCSIN_MONGODB_URI to a MongoDB replica set."
    )


def from_os(directory: Path, error: OSError) -> EmbeddedDatabaseError:
    """The data directory cannot be made or written."""
    if isinstance(error, NotADirectoryError | FileExistsError):
        why = f"{error.filename or directory} is not a directory"
    else:
        why = (error.strerror or str(error)).lower()
    return EmbeddedDatabaseError(
        f"The data directory {directory} cannot be used, {why}: "
        "set TOCSIN_DATA_DIR to a directory that Tocsin may write to, on a disk with free space."
    )


def slow(directory: Path, seconds: float, output: Sequence[str]) -> EmbeddedDatabaseError:
    """The server neither listens nor ends."""
    return EmbeddedDatabaseError(
        f"The embedded database in {directory} did not come up within {seconds:g} s, {_said(output)}: "
        "look whether the disk is slow or full, then start again."
    )


def exited(directory: Path, output: Sequence[str]) -> EmbeddedDatabaseError:
    """Why the server ended before it listened, by what it printed."""
    text = "\n".join(output)
    detail = output[-1] if output else "it printed nothing"
    if "already being managed by another process" in text:
        return in_use(directory)
    if disk.says_full(text):
        return from_os(directory, OSError(0, disk.FULL))
    if "Permission denied" in text or "Read-only file system" in text:
        return from_os(directory, OSError(0, "the database may not write there"))
    if any(sign in text for sign in ("WT_TRY_SALVAGE", "WT_PANIC", "WT_ERROR", ".wt: handle-open")):
        return damaged(directory, _short(detail))
    return EmbeddedDatabaseError(f"The embedded database in {directory} did not start, {_said(output)}.")


def _said(output: Sequence[str]) -> str:
    return f"its last words were: {_short(output[-1])}" if output else "and printed nothing"


def _short(line: str, limit: int = 300) -> str:
    return line if len(line) <= limit else line[:limit] + "..."
