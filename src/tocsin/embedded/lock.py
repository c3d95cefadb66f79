"""Who uses the data directory: locks that the kernel drops when their process ends, however it ends.

POSIX record locks, because a forked worker does not inherit them: a lock that outlives its owner in a pool
process would refuse the next start.
"""

import os
import struct
import sys
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_held: set[Path] = set()  # a POSIX lock does not stop its own process from taking it twice


class Held(Exception):
    """Someone else has the lock. `pid` is 0 when the kernel does not tell (another host or container)."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"held by process {pid}")
        self.pid = pid


class FileLock:
    """An exclusive lock on a file, held until `release` or the end of the process.

    On Windows only against this process; there the server's own lock refuses a second one.
    """

    def __init__(self, path: Path) -> None:
        """Takes the lock at once. Raises Held, or OSError when the file cannot be opened."""
        self.path = path
        if path in _held:
            raise Held(os.getpid())
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
                    raise Held(holder(self.path) or 0) from None
                raise

    def release(self) -> None:
        """Gives the lock back. Once only."""
        os.close(self._descriptor)
        _held.discard(self.path)


def holder(path: Path) -> int | None:
    """The process that holds a write lock on `path`, 0 if it is unknown which, None if nobody does.

    Never for a file that this process has locked itself: closing any descriptor of it would drop that lock.
    """
    if sys.platform == "win32":
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        return _asked(descriptor)
    finally:
        os.close(descriptor)


if sys.platform != "win32":

    def _asked(descriptor: int) -> int | None:
        answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, _flock())
        if sys.platform == "darwin":
            _, _, pid, kind, _ = struct.unpack("@qqihh", answer)
        else:
            kind, _, _, _, pid = struct.unpack("@hhqqi4x", answer)
        return None if kind == fcntl.F_UNLCK else max(int(pid), 0)

    def _flock() -> bytes:
        """`struct flock`, asking for a write lock on the whole file (fcntl(2))."""
        if sys.platform == "darwin":
            return struct.pack("@qqihh", 0, 0, 0, fcntl.F_WRLCK, os.SEEK_SET)
        return struct.pack("@hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
