"""Callers, and the operations that each has in progress."""

import asyncio

import pytest

from tocsin.errors import RateLimited
from tocsin.graphql.callers import Audience, Caller, CallerSlots

ALICE, STRANGER = Caller("alice", is_user=True), Caller("192.0.2.0/24", is_user=False)


@pytest.mark.parametrize(("who", "user", "stranger"), [("everyone", 1, 1), ("users", 1, 0), ("nobody", 0, 0)])
def test_a_setting_applies_to_its_audience(who: Audience, user: bool, stranger: bool) -> None:
    assert (ALICE.is_among(who), STRANGER.is_among(who)) == (user, stranger)


def test_a_caller_has_so_many_operations_at_once_and_others_have_theirs() -> None:
    slots = CallerSlots()
    for _ in range(2):
        slots.acquire("operations", ALICE, 2)
    with pytest.raises(RateLimited, match="You have 2 operations in progress"):
        slots.acquire("operations", ALICE, 2)
    slots.acquire("operations", STRANGER, 2)
    slots.acquire("subscriptions", ALICE, 2)
    assert (slots.count("operations"), slots.count("subscriptions")) == (3, 1)


def test_a_released_slot_is_free_again() -> None:
    slots = CallerSlots()
    slots.acquire("operations", ALICE, 1)
    slots.release("operations", ALICE)
    slots.acquire("operations", ALICE, 1)
    slots.release("operations", ALICE)
    assert slots.count("operations") == 0
    assert not slots._taken  # nothing is remembered of callers without operations


async def test_who_waits_for_a_slot_gets_the_next_one_in_turn_unless_it_has_left() -> None:
    slots = CallerSlots()
    slots.acquire("operations", ALICE, 1)
    first, left, second = (asyncio.create_task(slots.acquire_when_free("operations", ALICE, 1)) for _ in range(3))
    await slots.acquire_when_free("operations", STRANGER, 1)
    left.cancel()
    await asyncio.gather(left, return_exceptions=True)
    slots.release("operations", ALICE)
    await first
    with pytest.raises(RateLimited):
        slots.acquire("operations", ALICE, 1)
    assert not second.done()
    slots.release("operations", ALICE)
    await second
    for caller in (ALICE, STRANGER):
        slots.release("operations", caller)
    assert not slots._taken
    assert not slots._waiting


async def test_who_is_cancelled_with_a_slot_in_hand_gives_it_back() -> None:
    slots = CallerSlots()
    slots.acquire("operations", ALICE, 1)
    waiting = asyncio.create_task(slots.acquire_when_free("operations", ALICE, 1))
    await asyncio.sleep(0)
    slots.release("operations", ALICE)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert slots.count("operations") == 0
