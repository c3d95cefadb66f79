"""File locks that the kernel releases when their process ends, however it ends.

They are POSIX record locks, since forked processes do not inherit these: a lock that outlived its owner in a forked
process would prevent the next start. Also, the kernel tells which process holds one.
"""

import os
import struct
import sys
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_held: set[Path] = set()  # a POSIX lock can be taken twice by one process


class LockHeld(Exception):
    """A lock that is held already. `pid` is 0 if the kernel does not know it (another host or container)."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"held by process {pid}")
        self.pid = pid


class FileLock:
    """An exclusive lock on a file, held until `release` or the end of the process.

    On Windows it excludes only this process; there the server's own lock excludes others.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock. Raises LockHeld, or OSError if the file cannot be opened."""
        self.path = path
        if path in _held:
            raise LockHeld(os.getpid())
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if sys.platform != "win32":
            self._take()
        _held.add(path)

    if sys.platform != "win32":

        def _take(self) -> None:
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(self._descriptor)
                if isinstance(error, BlockingIOError | PermissionError):
                    raise LockHeld(find_lock_holder(self.path) or 0) from None
                raise

    def release(self) -> None:
        """Release the lock. May be called only once."""
        os.close(self._descriptor)
        _held.discard(self.path)


def find_lock_holder(path: Path) -> int | None:
    """Return the id of the process that holds a write lock on `path`, 0 if unknown, None if there is none.

    Do not use it for a file that this process has locked: closing any descriptor of the file releases that lock.
    """
    if sys.platform == "win32":
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        return _query_holder(descriptor)
    finally:
        os.close(descriptor)


if sys.platform != "win32":

    def _query_holder(descriptor: int) -> int | None:
        answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, _flock())
        if sys.platform == "darwin":
            _, _, pid, kind, _ = struct.unpack("@qqihh", answer)
        else:
            kind, _, _, _, pid = struct.unpack("@hhqqi4x", answer)
        return None if kind == fcntl.F_UNLCK else max(int(pid), 0)

    def _flock() -> bytes:
        """Build a `struct flock` that asks for a write lock on the whole file (fcntl(2))."""
        if sys.platform == "darwin":
            return struct.pack("@qqihh", 0, 0, 0, fcntl.F_WRLCK, os.SEEK_SET)
        return struct.pack("@hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
