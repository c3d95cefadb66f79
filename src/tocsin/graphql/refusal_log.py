"""Log lines about callers who were refused: by a token that is not good, by what they may not do, by a limit.

Of one caller there is one line a minute for each code, so that a flood of such requests does not fill the log.
"""

import time
from collections import OrderedDict
from collections.abc import Callable

from tocsin import telemetry

TOLD = frozenset({"FORBIDDEN", "RATE_LIMITED", "TOKEN_INVALID", "TOO_COMPLEX"})
"""The codes of errors that are worth a line."""
SECONDS = 60.0
MOST = 10_000
"""Callers and codes that are remembered; the oldest are forgotten."""
log = telemetry.logger(__name__)


class RefusalLog:
    """What this process has told of refusals lately."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._told: OrderedDict[tuple[str, str], float] = OrderedDict()

    def note(self, code: str, message: str, *, caller: str, address: str, request_id: str) -> None:
        """Write a line about this refusal, unless one like it was written within the minute.

        `caller` is a user's id, or the key of a network address.
        """
        if code not in TOLD or self._was_told((caller, code)):
            return
        log.info("refused", code=code, caller=caller, address=address, reason=message[:300], request_id=request_id)

    def _was_told(self, key: tuple[str, str]) -> bool:
        now = self._now()
        if now - self._told.get(key, float("-inf")) < SECONDS:
            return True
        self._told.pop(key, None)
        self._told[key] = now
        if len(self._told) > MOST:
            self._told.popitem(last=False)
        return False
