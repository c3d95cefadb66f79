import asyncio
from contextlib import suppress

import pytest

from tocsin.cancellation import cancel_and_wait, raise_if_cancelled


async def _drops(cancellations: int, ended: list[str]) -> None:
    """Ignore this number of cancellations, as a task does if `wait_for` drops them."""
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            if cancellations == 0:
                ended.append("ended")
                raise
            cancellations -= 1


async def test_a_task_that_drops_a_cancellation_is_ended_all_the_same() -> None:
    ended: list[str] = []
    tasks = [asyncio.create_task(_drops(count, ended)) for count in (0, 1, 3)]
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await cancel_and_wait(*tasks, None)
    assert len(ended) == 3


async def test_however_a_task_ends_it_has_ended() -> None:
    async def fails() -> None:
        raise ValueError("a fault")

    async with asyncio.timeout(10):
        await cancel_and_wait(asyncio.create_task(fails()), None)
        await cancel_and_wait()


async def test_a_loop_notices_a_dropped_cancellation() -> None:
    async def loop() -> None:
        while True:
            raise_if_cancelled()
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)

    task = asyncio.create_task(loop())
    await asyncio.sleep(0)
    task.cancel()
    async with asyncio.timeout(10):
        with pytest.raises(asyncio.CancelledError):
            await task
