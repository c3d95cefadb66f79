"""Log lines for refused requests: an invalid token, a missing permission, a limit.

Each caller gets at most one line a minute for each code, so that a flood of such requests does not fill the log.
"""

import time
from collections import OrderedDict
from collections.abc import Callable

from tocsin import telemetry

LOGGED_CODES = frozenset({"FORBIDDEN", "RATE_LIMITED", "TOKEN_INVALID", "TOO_COMPLEX"})
"""Error codes that are logged."""
INTERVAL_SECONDS = 60.0
MAX_ENTRIES = 10_000
"""Pairs of caller and code that are remembered; the oldest are dropped first."""
log = telemetry.get_logger(__name__)


class RefusalLog:
    """Refusals that this process logged recently."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._logged: OrderedDict[tuple[str, str], float] = OrderedDict()

    def record(self, code: str, message: str, *, caller: str, address: str, request_id: str) -> None:
        """Log a refusal, unless one with the same caller and code was logged within the last minute.

        `caller` is a user's ID, or the key of a network address.
        """
        if code not in LOGGED_CODES or self._was_logged((caller, code)):
            return
        log.info("refused", code=code, caller=caller, address=address, reason=message[:300], request_id=request_id)

    def _was_logged(self, key: tuple[str, str]) -> bool:
        now = self._now()
        if now - self._logged.get(key, float("-inf")) < INTERVAL_SECONDS:
            return True
        self._logged.pop(key, None)
        self._logged[key] = now
        if len(self._logged) > MAX_ENTRIES:
            self._logged.popitem(last=False)
        return False
