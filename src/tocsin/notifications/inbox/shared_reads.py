"""Reads that are made once for all who ask for the same.

A read goes on when those who asked for it have left: it is short.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

Argument = TypeVar("Argument")
Result = TypeVar("Result")


class LatestRead(Generic[Argument, Result]):
    """A read whose result must be younger than the question: whoever asks gets the next one that begins.

    The arguments of all who ask for one read are merged.
    """

    def __init__(
        self,
        read: Callable[[Argument], Awaitable[Result]],
        merge: Callable[[Argument, Argument], Argument],
        pause: Callable[[], Awaitable[None]],
    ) -> None:
        self._read, self._merge, self._pause = read, merge, pause
        self._next: tuple[Argument, asyncio.Future[Result]] | None = None
        self._reading: asyncio.Task[None] | None = None

    async def read_next(self, argument: Argument) -> Result:
        """Return the result of a read that has not begun yet. Raises what that raises."""
        if self._next is None:
            future = asyncio.get_running_loop().create_future()
            future.add_done_callback(_retrieve)
        else:
            earlier, future = self._next
            argument = self._merge(earlier, argument)
        self._next = argument, future
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_all(), name="shared-read")
        return await asyncio.shield(future)

    async def _read_all(self) -> None:
        """Read until nobody asks any more."""
        while self._next is not None:
            await self._pause()
            (argument, future), self._next = self._next, None
            try:
                result = await self._read(argument)
            except Exception as error:  # it is raised where it was asked
                future.set_exception(error)
            else:
                future.set_result(result)


class JoinedReads:
    """Reads by key. Whoever asks while one with the key is in progress gets its result."""

    def __init__(self) -> None:
        self._reading: dict[Hashable, asyncio.Task[Any]] = {}

    async def read(self, key: Hashable, begin: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """Return the result of the read with this key, which begins now if there is none. Raises what it raises."""
        task: asyncio.Task[Result] | None = self._reading.get(key)
        if task is None:
            task = self._reading[key] = asyncio.create_task(begin(), name="joined-read")
            task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)

    def _forget(self, key: Hashable, done: asyncio.Task[Any]) -> None:
        del self._reading[key]
        _retrieve(done)


def _retrieve(future: asyncio.Future[Any]) -> None:
    """Look at the error of a read that nobody waits for any more, of which asyncio would warn."""
    if not future.cancelled():
        future.exception()
