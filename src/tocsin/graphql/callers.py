"""Callers as the limits see them, and the operations that each has in progress."""

import asyncio
from collections import Counter, deque
from dataclasses import dataclass
from typing import Literal

from tocsin.errors import RateLimited

Audience = Literal["everyone", "users", "nobody"]
OperationKind = Literal["operations", "subscriptions", "trials"]
_BUSY = 1.0
"""Seconds after which a caller with too many operations in progress may retry: most have ended by then."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A user, or a network address if the request has no valid token. `key` identifies the caller in the limits."""

    key: str
    is_user: bool

    def is_among(self, who: Audience) -> bool:
        """Tell whether a setting with this value applies to the caller."""
        return who == "everyone" or (who == "users" and self.is_user)


class CallerSlots:
    """Operations and subscriptions in progress in this process, by caller."""

    def __init__(self) -> None:
        self._taken: Counter[tuple[OperationKind, str]] = Counter()
        self._waiting: dict[tuple[OperationKind, str], deque[asyncio.Future[None]]] = {}

    def acquire(self, kind: OperationKind, caller: Caller, most: int) -> None:
        """Take a slot, which the caller must release. Raises RateLimited when the caller has `most` already."""
        if self._taken[kind, caller.key] >= most:
            message = f"You have {most} {kind} in progress, the most allowed at once. Wait for one to end."
            raise RateLimited(message, _BUSY)
        self._taken[kind, caller.key] += 1

    async def acquire_when_free(self, kind: OperationKind, caller: Caller, most: int) -> None:
        """Take a slot, after those that wait already, when the caller has fewer than `most`."""
        key = (kind, caller.key)
        if self._taken[key] < most:
            self._taken[key] += 1
            return
        turn = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(key, deque())
        waiting.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():  # it got the slot as it was cancelled
                self.release(kind, caller)
            raise

    def release(self, kind: OperationKind, caller: Caller) -> None:
        """Release a slot, to the one that has waited longest if there is any."""
        waiting = self._waiting.pop((kind, caller.key), deque())
        while waiting:
            turn = waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                if waiting:
                    self._waiting[kind, caller.key] = waiting
                return
        self._taken[kind, caller.key] -= 1
        if self._taken[kind, caller.key] <= 0:
            del self._taken[kind, caller.key]

    def count(self, kind: OperationKind) -> int:
        """Return the number of slots in use by all callers."""
        return sum(number for (of, _), number in self._taken.items() if of == kind)
