"""Fairness between owners, reserved places, and no lost places."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.harness import wait_until
from tocsin.fair_semaphore import USAGE_HALF_LIFE, FairSemaphore


class Venue:
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
    venue, gate = Venue(3), asyncio.Event()
    tasks = [asyncio.create_task(venue.use("a", gate)) for _ in range(9)]
    await wait_until(lambda: venue.waits(7))
    tasks.append(asyncio.create_task(venue.use("b", gate)))
    await wait_until(lambda: has_order(venue, ["a", "a", "b"]))
    gate.set()
    await asyncio.gather(*tasks)
    assert (venue.turns.waiting_count, venue.turns.active_count) == (0, 0)


async def test_the_last_free_place_is_for_owners_with_little_usage() -> None:
    venue, gate = Venue(3), asyncio.Event()
    for owner in ("a", "b"):
        async with venue.turns.acquire(owner):
            venue.now += 10
    tasks = [asyncio.create_task(venue.use(owner, gate)) for owner in ("a", "b", "a", "b")]
    await wait_until(lambda: has_order(venue, ["a", "b"]))
    tasks.append(asyncio.create_task(venue.use("c", gate)))
    await wait_until(lambda: has_order(venue, ["a", "b", "c"]))
    gate.set()
    await asyncio.gather(*tasks)
    assert (venue.turns.waiting_count, venue.turns.active_count) == (0, 0)


async def test_the_owner_with_the_least_recent_usage_is_next_however_many_wait() -> None:
    venue, gate = Venue(1), asyncio.Event()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(venue.turns.acquire("a"))
        tasks = [asyncio.create_task(venue.use("a", gate)) for _ in range(50)]
        await wait_until(lambda: venue.waits(50))
        tasks += [asyncio.create_task(venue.use(owner, gate)) for owner in ("b", "c")]
        await wait_until(lambda: venue.waits(52))
        venue.now = 30.0
        gate.set()
    await asyncio.gather(*tasks)
    assert venue.order[:3] == ["b", "c", "a"]


async def test_usage_of_long_ago_is_forgotten() -> None:
    venue, gate = Venue(1), asyncio.Event()
    gate.set()
    async with venue.turns.acquire("a"):
        venue.now = 100.0
    venue.now += 20 * USAGE_HALF_LIFE
    async with venue.turns.acquire("b"):
        venue.now += 1
        tasks = [asyncio.create_task(venue.use(owner, gate)) for owner in ("b", "a")]
        await wait_until(lambda: venue.waits(2))
    await asyncio.gather(*tasks)
    assert venue.order == ["a", "b"]


@pytest.mark.parametrize("admit_first", [False, True])
async def test_a_cancelled_wait_takes_no_place(admit_first: bool) -> None:
    """This includes a caller who is cancelled at the moment of admission."""
    venue, gate = Venue(1), asyncio.Event()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(venue.turns.acquire("a"))
        task = asyncio.create_task(venue.use("b", gate))
        await wait_until(lambda: venue.waits(1))
        if admit_first:
            await stack.aclose()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with venue.turns.acquire("c"):
        assert (venue.turns.waiting_count, venue.turns.active_count) == (0, 1)
    assert venue.order == []


async def has_order(venue: Venue, order: list[str]) -> bool:
    return venue.order == order


async def test_a_place_that_comes_free_as_its_waiter_is_cancelled_goes_to_the_next() -> None:
    venue, gate = Venue(1), asyncio.Event()
    first = venue.turns.acquire("a")
    await first.__aenter__()
    cancelled, following = (asyncio.ensure_future(venue.use(owner, gate)) for owner in ("b", "c"))
    await asyncio.sleep(0)

    cancelled.cancel()
    await first.__aexit__(None, None, None)
    gate.set()

    await asyncio.wait_for(following, 1)
    assert cancelled.cancelled()
    assert venue.order == ["c"]
    assert (venue.turns.waiting_count, venue.turns.active_count) == (0, 0)
