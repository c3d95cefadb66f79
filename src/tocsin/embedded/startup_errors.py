"""Errors of the embedded database, each as one sentence for the operator."""

from collections.abc import Sequence
from pathlib import Path

from tocsin.embedded import disk
from tocsin.errors import EmbeddedDatabaseError

START_OVER_HINT = "or, to start over without the old data, move away everything in it whose name begins with `database`"
RESTORE_HINT = f"restore the whole directory from a backup, {START_OVER_HINT}"


def directory_in_use(directory: Path, pid: int | None = None, port: int | None = None) -> EmbeddedDatabaseError:
    """Report a data directory that another process uses."""
    known = [f"process {pid}"] if pid else []
    known += [f"database on port {port}"] if port else []
    who = f" ({', '.join(known)})" if known else ""
    return EmbeddedDatabaseError(
        f"The data directory {directory} is in use by another process{who}: "
        "stop that one, or set TOCSIN_DATA_DIR to another directory."
    )


def files_missing(directory: Path, names: Sequence[str]) -> EmbeddedDatabaseError:
    """Report missing database files, in place of which the server would create an empty database."""
    what = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return EmbeddedDatabaseError(
        f"The embedded database in {directory} is incomplete, {what} is missing: {RESTORE_HINT}."
    )


def database_mismatch(directory: Path) -> EmbeddedDatabaseError:
    """Report a marker that does not match the database's instance document."""
    return EmbeddedDatabaseError(
        f"The database files in {directory} are empty or belong to another installation: {RESTORE_HINT}."
    )


def database_damaged(directory: Path, detail: str) -> EmbeddedDatabaseError:
    """Report a database file that cannot be read."""
    return EmbeddedDatabaseError(f"The embedded database in {directory} is damaged ({detail}): {RESTORE_HINT}.")


def password_mismatch(directory: Path, password: Path) -> EmbeddedDatabaseError:
    """Report a password file that does not match the database."""
    return EmbeddedDatabaseError(
        f"The embedded database in {directory} refuses the password in {password.name}: "
        "delete that file and start again, and a new password will be set."
    )


def server_unresponsive(directory: Path, detail: str) -> EmbeddedDatabaseError:
    """Report a server that listens, but does not execute commands."""
    return EmbeddedDatabaseError(
        f"The embedded database in {directory} started but does not answer ({detail}): "
        "check the disk and the log, then start again."
    )


def program_not_runnable(binary: Path, error: OSError) -> EmbeddedDatabaseError:
    """Report a program that the system cannot run."""
    return EmbeddedDatabaseError(
        f"The embedded database's program {binary} cannot be run, {(error.strerror or str(error)).lower()}: "
        "reinstall tocsin[embedded], or set TOCSIN_MONGODB_URI to a MongoDB replica set."
    )


def directory_unusable(directory: Path, error: OSError) -> EmbeddedDatabaseError:
    """Report a data directory that cannot be created or written."""
    if isinstance(error, NotADirectoryError | FileExistsError):
        why = f"{error.filename or directory} is not a directory"
    else:
        why = (error.strerror or str(error)).lower()
    return EmbeddedDatabaseError(
        f"The data directory {directory} cannot be used, {why}: "
        "set TOCSIN_DATA_DIR to a directory that Tocsin may write to, on a disk with free space."
    )


def start_timed_out(directory: Path, seconds: float, output: Sequence[str]) -> EmbeddedDatabaseError:
    """Report a server that neither listens nor ends."""
    return EmbeddedDatabaseError(
        f"The embedded database in {directory} did not start within {seconds:g} s, {_describe_output(output)}: "
        "check whether the disk is slow or full, then start again."
    )


def server_exited(directory: Path, output: Sequence[str]) -> EmbeddedDatabaseError:
    """Report a server that ended before it listened, with the reason that its output suggests."""
    text = "\n".join(output)
    detail = output[-1] if output else "it printed nothing"
    if "already being managed by another process" in text:
        return directory_in_use(directory)
    if disk.is_disk_full_message(text):
        return directory_unusable(directory, OSError(0, disk.DISK_FULL))
    if "Permission denied" in text or "Read-only file system" in text:
        return directory_unusable(directory, OSError(0, "the database has no permission to write there"))
    if any(sign in text for sign in ("WT_TRY_SALVAGE", "WT_PANIC", "WT_ERROR", ".wt: handle-open")):
        return database_damaged(directory, _truncate(detail))
    return EmbeddedDatabaseError(f"The embedded database in {directory} did not start, {_describe_output(output)}.")


def _describe_output(output: Sequence[str]) -> str:
    return f"its last output was: {_truncate(output[-1])}" if output else "and printed nothing"


def _truncate(line: str, limit: int = 300) -> str:
    return line if len(line) <= limit else line[:limit] + "..."
