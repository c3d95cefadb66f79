"""Ending tasks for certain.

On Python 3.11 `asyncio.wait_for`, on which PyMongo relies, drops a cancellation that comes together with the answer it
waits for (python/cpython issue 86296; a few in a hundred of those that meet a database call): the task goes on as if
nothing had been asked, and whoever waits for its end waits for ever.
"""

import asyncio
from typing import Any

_AGAIN = 1.0
"""Seconds after which a task that is still there is cancelled again: it may be about to clean up."""


async def end_tasks(*tasks: "asyncio.Task[Any] | None") -> None:
    """Cancel these tasks and wait for their ends, whatever they end with. None stands for one that never began."""
    begun = [task for task in tasks if task is not None]
    running = set(begun)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=_AGAIN)
    await asyncio.gather(*begun, return_exceptions=True)


def check_cancelled() -> None:
    """Raise CancelledError if this task was asked to end and that was dropped: for loops that nobody waits for."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
