"""Notifications by the library Apprise, each in a process of its own, which ends with it or is killed.

Apprise makes its connections itself, so what our client guards does not hold for them: the rate for each host, the
limits of answers, the rules of redirects and TLS. A thread could not be stopped, and a server that answers without end
would hold it. The process (`apprise_process`) refuses to connect where tasks may not, as far as Python can see that.
"""

import asyncio
import base64
import importlib.util
import json
import os
import pickle
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, Literal

from tocsin.outbound.guard import ConnectionRules

_TIMEOUT = 20.0
"""Seconds for one notification."""
COME_AGAIN = 5.0
"""Seconds after which to try again when it is the turn of others."""
_TURN_KEPT = 30.0
"""Seconds for which the turn of an owner is kept who was told to come again."""
_AT_ONCE = 2
"""Processes at the same time. One owner has one of them at most."""


@dataclass(frozen=True, slots=True)
class AppriseMessage:
    """A notification, and the secret Apprise URL of whom it goes to. `kind` is one of Apprise's notification types."""

    url: str = field(repr=False)
    title: str
    body: str = field(repr=False)
    kind: Literal["info", "success", "warning", "failure"]


@dataclass(frozen=True, slots=True)
class AppriseOutcome:
    """What became of a notification. The `reasons` are Apprise's words, and may contain secrets, or ours if `BLOCKED`.

    `REFUSED`: Apprise cannot use the URL. `BLOCKED`: it wanted to call an address that may not be called, or something
    else that it must not. `FAILED`: it may succeed later. `BUSY`: it is the turn of others, nothing was tried.
    """

    status: Literal["SENT", "REFUSED", "BLOCKED", "FAILED", "TIMED_OUT", "BUSY"]
    reasons: tuple[str, ...] = field(default=(), repr=False)


def is_apprise_installed() -> bool:
    """Tell whether the package is there."""
    return importlib.util.find_spec("apprise") is not None


class AppriseSender:
    """Sends by Apprise, a few notifications at a time."""

    def __init__(self, rules: ConnectionRules) -> None:
        self._rules = rules
        self._turns = _Turns()

    async def send(self, owner: str, message: AppriseMessage) -> AppriseOutcome:
        """Send a notification of this owner. What fails is an outcome and no error.

        It does not wait for its turn: that would count as a failure of the service, and hold what others need.
        """
        if not self._turns.begin(owner, time.monotonic()):
            return AppriseOutcome("BUSY")
        try:
            return await self._send(message)
        except TimeoutError:
            return AppriseOutcome("TIMED_OUT")
        finally:
            self._turns.end(owner)

    async def _send(self, message: AppriseMessage) -> AppriseOutcome:
        request = pickle.dumps((self._rules, message, _TIMEOUT))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "tocsin.outbound.apprise_process",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            cwd="/", env=_environment(),
        )  # fmt: skip
        try:
            async with asyncio.timeout(_TIMEOUT):
                answer, _ = await process.communicate(base64.b64encode(request))
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        return _parse_outcome(answer)


class _Turns:
    """The turns of owners who come again instead of waiting: those who came first go first."""

    def __init__(self) -> None:
        self._busy: set[str] = set()
        self._expected: dict[str, float] = {}

    def begin(self, owner: str, now: float) -> bool:
        """Return whether the owner can go now, who is expected again otherwise.

        No place is kept for who has a turn: nobody would go in that place if their service rests after a failure.
        """
        if owner in self._busy:
            return False
        self._expected = {name: until for name, until in self._expected.items() if until > now}
        ahead = [name for name in takewhile(lambda name: name != owner, self._expected) if name not in self._busy]
        if len(self._busy) + len(ahead) >= _AT_ONCE:
            self._expected[owner] = now + _TURN_KEPT
            return False
        self._expected.pop(owner, None)
        self._busy.add(owner)
        return True

    def end(self, owner: str) -> None:
        """Let others go."""
        self._busy.discard(owner)


def _environment() -> dict[str, str]:
    """Return the variables of the process: none of ours, which hold secrets.

    Modules are found where they are here, but not in its working folder (`-P`).
    """
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR") if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"}


def _parse_outcome(answer: bytes) -> AppriseOutcome:
    try:
        found: Any = json.loads(answer)
    except ValueError:  # the process died, such as of too much memory
        return AppriseOutcome("FAILED", ("Apprise ended without an answer.",))
    return AppriseOutcome(found["status"], tuple(found["reasons"]))
