"""The process in which Apprise sends one notification: `python -m tocsin.outbound.apprise_process`.

It reads a request from its parent, and prints the outcome as JSON. Before anything is sent, it gives up what Apprise
does not need: it starts no programs, writes no files, reads those of Python only, and connects only where tasks may.
"""

import base64
import importlib.util
import json
import logging
import mimetypes
import os
import pickle
import signal
import sys
import sysconfig
import zoneinfo
from contextlib import suppress
from pathlib import Path
from typing import Any

import tocsin
from tocsin.outbound.apprise_sender import AppriseMessage
from tocsin.outbound.guard import AddressBlocked, ConnectionRules, OwnServiceDenied, PortDenied

_MAX_MEMORY = 1 << 30
"""Bytes of address space, so that a long answer ends this process and nothing else."""
_NICENESS = 10
_MAX_REASONS, _MAX_LENGTH = 5, 500
_PROGRAMS = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.fork", "os.forkpty")
_SENDS = ("socket.connect", "socket.sendto", "socket.sendmsg")
_PACKAGE_FOLDERS = frozenset({"site-packages", "dist-packages"})
_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def find_readable_folders() -> tuple[str, ...]:
    """Return the folders of Python, of its packages and of time zones, each with a separator at its end.

    What else is in `sys.path` may be anything, such as the folder with the data from which the server was started.
    """
    paths = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), *tocsin.__path__, *zoneinfo.TZPATH]
    paths += [path for path in sys.path if Path(path).name in _PACKAGE_FOLDERS]
    apprise = importlib.util.find_spec("apprise")
    paths += [str(Path(path).parent) for path in (apprise and apprise.submodule_search_locations) or ()]
    real = {os.path.realpath(path) for path in paths if path}
    return tuple(sorted(f"{path}{os.sep}" for path in real - {os.path.realpath(os.sep)}))


class _Warden:
    """An audit hook (PEP 578) that refuses what this process must not do. It cannot be removed."""

    def __init__(self, rules: ConnectionRules) -> None:
        self._rules = rules
        self._readable = find_readable_folders()
        self.refusals: list[str] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Raise PermissionError, or the guard's error, for what is refused."""
        if event in _PROGRAMS:
            self._refuse("a program may not be started")
        elif event in _SENDS:
            self._check_address(arguments[1])
        elif event == "open":
            self._check_file(*arguments)

    def _check_address(self, address: Any) -> None:
        if address is None:  # of a socket that is connected already
            return
        if not isinstance(address, tuple):
            self._refuse("a socket of this machine may not be opened")
        try:
            self._rules.check_destination(str(address[0]), int(address[1]))
        except (AddressBlocked, PortDenied, OwnServiceDenied) as error:
            self.refusals.append(str(error))
            raise

    def _check_file(self, path: Any, mode: Any, flags: Any) -> None:
        if isinstance(path, int) or path == os.devnull:
            return
        writes = any(letter in (mode or "r") for letter in "wax+") or (flags or 0) & _WRITE_FLAGS
        if writes or not os.path.realpath(os.fsdecode(path)).startswith(self._readable):
            self._refuse("a file of this machine may not be opened")

    def _refuse(self, reason: str) -> None:
        self.refusals.append(reason)
        raise PermissionError(reason)


class _Reasons(logging.Handler):
    """Keeps what Apprise logs, which is the only place where it says why it failed."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(record.getMessage()[:_MAX_LENGTH])


def _limit_resources(seconds: float) -> None:
    """Let the process end by itself if its parent died, and never take what others need."""
    signal.alarm(int(seconds) + 1)
    with suppress(OSError):
        os.nice(_NICENESS)
    with suppress(ImportError, ValueError, OSError):
        import resource  # not everywhere

        resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY, _MAX_MEMORY))


def _send(message: AppriseMessage, rules: ConnectionRules) -> tuple[str, list[str]]:
    """Send the notification, and return the status of its outcome with the reasons."""
    import apprise  # an optional dependency

    reasons = _Reasons()
    logger = logging.getLogger("apprise")
    logger.addHandler(reasons)
    logger.propagate = False
    asset = apprise.AppriseAsset(app_id="Tocsin", storage_mode="memory", secure_logging=True, async_mode=False)
    apprise.Apprise.instantiate("json://localhost", asset=asset)  # loads all services, before files are closed
    mimetypes.init()  # reads files of the system
    warden = _Warden(rules)
    sys.addaudithook(warden)
    service = apprise.Apprise.instantiate(message.url, asset=asset)
    if service is None:
        return "REFUSED", reasons.lines
    sender = apprise.Apprise(asset=asset)
    sender.add(service)
    sent = sender.notify(message.body, message.title, apprise.NotifyType(message.kind), body_format="text")
    if not sent and warden.refusals:
        return "BLOCKED", warden.refusals
    return ("SENT" if sent else "FAILED"), reasons.lines


def main() -> None:
    """Read the request, send it, and print the outcome."""
    output, sys.stdout = sys.stdout, sys.stderr
    rules, message, seconds = pickle.loads(base64.b64decode(sys.stdin.buffer.read()))  # noqa: S301  # of our parent
    _limit_resources(seconds)
    status, reasons = _send(message, rules)
    output.write(json.dumps({"status": status, "reasons": list(dict.fromkeys(reasons))[:_MAX_REASONS]}))
    output.flush()


if __name__ == "__main__":
    main()
