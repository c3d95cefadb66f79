"""Reliable cancellation of asyncio tasks.

On Python 3.11 `asyncio.wait_for`, which PyMongo uses, drops a cancellation that arrives together with the result it
waits for (python/cpython issue 86296; a few percent of the cancellations during a database call). The task continues as
if it had not been cancelled, and code that waits for its end waits forever.
"""

import asyncio
from typing import Any

_RETRY_SECONDS = 1.0
"""Seconds after which a task that still runs is cancelled again. Until then it may be cleaning up."""


async def cancel_and_wait(*tasks: "asyncio.Task[Any] | None") -> None:
    """Cancel tasks and wait until they end, whatever their result. None stands for a task that never started."""
    begun = [task for task in tasks if task is not None]
    running = set(begun)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=_RETRY_SECONDS)
    await asyncio.gather(*begun, return_exceptions=True)


def raise_if_cancelled() -> None:
    """Raise CancelledError if a cancellation of the current task was dropped. For loops in tasks nobody awaits."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
