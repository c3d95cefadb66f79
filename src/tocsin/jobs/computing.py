"""Work that burns processor time, in processes of its own: the event loop and its threads have other runs to start."""

import os
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_process

Answer = TypeVar("Answer")


class Processes:
    """Calls functions in other processes, at most one for each core at once. They are kept for the next call."""

    def __init__(self, limit: int | None = None) -> None:
        self._limiter = CapacityLimiter(limit or os.cpu_count() or 1)

    async def __call__(self, function: Callable[..., Answer], *args: Any) -> Answer:
        """What the function returns, or raises. The process is ended when the caller is cancelled."""
        return await to_process.run_sync(partial(function, *args), cancellable=True, limiter=self._limiter)
