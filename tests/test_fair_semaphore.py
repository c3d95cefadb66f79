"""Fairness between owners, reserved places, and no lost places."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.harness import wait_until
from tocsin.fair_semaphore import USAGE_HALF_LIFE, FairSemaphore


class Hall:
    """A semaphore with a manual clock, which records the order of owners."""

    def __init__(self, places: int) -> None:
        self.now = 0.0
        self.turns = FairSemaphore(places, lambda: self.now)
        self.order: list[str] = []

    async def use(self, owner: str, gate: asyncio.Event) -> None:
        async with self.turns.acquire(owner):
            self.order.append(owner)
            await gate.wait()

    async def waits(self, number: int) -> bool:
        return self.turns.waiting_count == number


async def test_an_owner_never_has_all_places() -> None:
    hall, gate = Hall(3), asyncio.Event()
    tasks = [asyncio.create_task(hall.use("a", gate)) for _ in range(9)]
    await wait_until(lambda: hall.waits(7))
    tasks.append(asyncio.create_task(hall.use("b", gate)))
    await wait_until(lambda: has_order(hall, ["a", "a", "b"]))
    gate.set()
    await asyncio.gather(*tasks)
    assert (hall.turns.waiting_count, hall.turns.active_count) == (0, 0)


async def test_the_last_free_place_is_for_owners_with_little_usage() -> None:
    hall, gate = Hall(3), asyncio.Event()
    for owner in ("a", "b"):
        async with hall.turns.acquire(owner):
            hall.now += 10
    tasks = [asyncio.create_task(hall.use(owner, gate)) for owner in ("a", "b", "a", "b")]
    await wait_until(lambda: has_order(hall, ["a", "b"]))
    tasks.append(asyncio.create_task(hall.use("c", gate)))
    await wait_until(lambda: has_order(hall, ["a", "b", "c"]))
    gate.set()
    await asyncio.gather(*tasks)
    assert (hall.turns.waiting_count, hall.turns.active_count) == (0, 0)


async def test_the_owner_with_the_least_recent_usage_is_next_however_many_wait() -> None:
    hall, gate = Hall(1), asyncio.Event()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(hall.turns.acquire("a"))
        tasks = [asyncio.create_task(hall.use("a", gate)) for _ in range(50)]
        await wait_until(lambda: hall.waits(50))
        tasks += [asyncio.create_task(hall.use(owner, gate)) for owner in ("b", "c")]
        await wait_until(lambda: hall.waits(52))
        hall.now = 30.0
        gate.set()
    await asyncio.gather(*tasks)
    assert hall.order[:3] == ["b", "c", "a"]


async def test_usage_of_long_ago_is_forgotten() -> None:
    hall, gate = Hall(1), asyncio.Event()
    gate.set()
    async with hall.turns.acquire("a"):
        hall.now = 100.0
    hall.now += 20 * USAGE_HALF_LIFE
    async with hall.turns.acquire("b"):
        hall.now += 1
        tasks = [asyncio.create_task(hall.use(owner, gate)) for owner in ("b", "a")]
        await wait_until(lambda: hall.waits(2))
    await asyncio.gather(*tasks)
    assert hall.order == ["a", "b"]


@pytest.mark.parametrize("admit_first", [False, True])
async def test_a_cancelled_wait_takes_no_place(admit_first: bool) -> None:
    """This includes a caller who is cancelled at the moment of admission."""
    hall, gate = Hall(1), asyncio.Event()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(hall.turns.acquire("a"))
        task = asyncio.create_task(hall.use("b", gate))
        await wait_until(lambda: hall.waits(1))
        if admit_first:
            await stack.aclose()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with hall.turns.acquire("c"):
        assert (hall.turns.waiting_count, hall.turns.active_count) == (0, 1)
    assert hall.order == []


async def has_order(hall: Hall, order: list[str]) -> bool:
    return hall.order == order


async def test_a_place_that_comes_free_as_its_waiter_is_cancelled_goes_to_the_next() -> None:
    hall, gate = Hall(1), asyncio.Event()
    first = hall.turns.acquire("a")
    await first.__aenter__()
    cancelled, following = (asyncio.ensure_future(hall.use(owner, gate)) for owner in ("b", "c"))
    await asyncio.sleep(0)

    cancelled.cancel()
    await first.__aexit__(None, None, None)
    gate.set()

    await asyncio.wait_for(following, 1)
    assert cancelled.cancelled()
    assert hall.order == ["c"]
    assert (hall.turns.waiting_count, hall.turns.active_count) == (0, 0)
