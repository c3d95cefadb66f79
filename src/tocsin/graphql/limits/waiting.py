"""Operations that wait, such as long polls: neither their timeout nor their slot is for the time of the wait."""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OperationInProgress:
    """The operation of the current task: its timeout, the seconds of that, and how to release its slot."""

    timeout: asyncio.Timeout
    seconds: float
    release_slot: Callable[[], None]

    def begin_waiting(self, seconds: float) -> None:
        """Let the operation wait for this time: its slot is free from now on, and its timeout begins after the wait."""
        self.release_slot()
        deadline = asyncio.get_running_loop().time() + seconds + self.seconds
        if (when := self.timeout.when()) is not None:
            self.timeout.reschedule(max(when, deadline))


OPERATION: ContextVar[OperationInProgress | None] = ContextVar("operation", default=None)
"""The operation in progress; None outside of one."""
