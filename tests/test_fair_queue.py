"""Owners take turns, however many items they have queued."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin import fair_queue
from tocsin.fair_queue import FairQueue, FairSlots, FairTurns, RoundRobin


def test_a_new_owner_gets_the_turn_of_now_and_not_those_it_missed() -> None:
    turns = FairTurns()
    for _ in range(5):
        turns.take_turn("mallory")
    assert (turns.next_turn("mallory"), turns.next_turn("alice")) == (5, 4)
    turns.take_turn("alice")
    assert (turns.next_turn("alice"), turns.next_turn("mallory")) == (5, 5)


def test_a_charge_delays_its_owner_only() -> None:
    turns = FairTurns()
    turns.charge("mallory", 3)
    assert (turns.next_turn("mallory"), turns.next_turn("alice")) == (3, 0)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=60))
def test_owners_who_take_the_lowest_turn_get_equal_numbers_of_them(arrivals: list[str]) -> None:
    """Owners take turns by the lowest, in any order among equals."""
    turns, taken, owners = FairTurns(), Counter[str](), sorted(set(arrivals))
    for _ in arrivals:
        owner = min(owners, key=turns.next_turn)
        turns.take_turn(owner)
        taken[owner] += 1
        counts = [taken[each] for each in owners]
        assert max(counts) - min(counts) <= 1


def test_only_turns_ahead_are_kept_of_many_owners(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_queue, "_MAX_TRACKED", 3)
    turns = FairTurns()
    turns.charge("mallory", 9)
    for owner in "abcde":
        turns.take_turn(owner)
        turns.take_turn(owner)
    assert len(turns._following) <= 2 * 3
    assert turns.next_turn("mallory") == 9


@given(st.lists(st.one_of(st.sampled_from("abc"), st.integers(1, 4)), max_size=80))
def test_a_round_robin_takes_one_item_of_each_owner_in_turn_and_each_once(steps: list[str | int]) -> None:
    queue: RoundRobin[tuple[str, int]] = RoundRobin()
    waiting: list[tuple[str, int]] = []
    overtaken: dict[tuple[str, int], Counter[str]] = {}
    for number, step in enumerate([*steps, 1_000]):
        if isinstance(step, str):
            waiting.append((step, number))
            queue.add(step, waiting[-1])
            continue
        taken = queue.take(step)
        assert len(taken) == min(step, len(waiting))
        for item in taken:
            owner = item[0]
            assert item == next(each for each in waiting if each[0] == owner)
            waiting.remove(item)
            assert max(overtaken.pop(item, Counter()).values(), default=0) <= 1
            for first in {each[0]: each for each in reversed(waiting)}.values():
                overtaken.setdefault(first, Counter())[owner] += 1
        assert len(queue) == len(waiting)
    assert waiting == []


def fill(queue: FairQueue[str], owner: str, count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        queue.add(owner, f"{owner}{number}", number, f"{owner}{number}")


def drain(queue: FairQueue[str], most: int = 1_000_000) -> list[str]:
    found: list[str] = []
    while len(found) < most and (item := queue.pop()) is not None:
        found.append(item[1])
    return found


def test_a_new_owner_is_next_however_many_items_of_another_wait() -> None:
    queue: FairQueue[str] = FairQueue()
    fill(queue, "mallory", 1000)
    drain(queue, 300)
    fill(queue, "alice", 2)
    assert {"alice0", "alice1"} <= set(drain(queue, 4))


def test_of_equal_turns_those_go_first_who_have_missed_some() -> None:
    queue: FairQueue[str] = FairQueue()
    for owner in ("mallory", "oscar"):
        fill(queue, owner, 9)
    drain(queue, 5)
    assert not queue.is_next_behind()
    fill(queue, "alice", 2, first=100)
    assert queue.is_next_behind()
    assert drain(queue, 1) == ["alice100"]
    assert not queue.is_next_behind()


def test_nobody_is_behind_in_an_empty_queue() -> None:
    assert not FairQueue[str]().is_next_behind()


def test_an_owners_own_items_come_in_their_order() -> None:
    queue: FairQueue[str] = FairQueue()
    for number in (3, 1, 2):
        queue.add("alice", str(number), number, str(number))
    assert drain(queue) == ["1", "2", "3"]


def test_an_owner_charged_more_turns_waits_for_the_others() -> None:
    queue: FairQueue[str] = FairQueue()
    fill(queue, "mallory", 10)
    fill(queue, "alice", 5)
    queue.pop()
    queue.charge("mallory", 4)
    queue.charge("alice", 4)  # whoever it was: both have paid now
    queue.charge("mallory", 100)
    assert [item[0] for item in drain(queue)[-9:]] == ["m"] * 9


def test_turns_outlast_items() -> None:
    queue: FairQueue[str] = FairQueue()
    fill(queue, "mallory", 1)
    fill(queue, "alice", 3)
    queue.charge("mallory", 50)
    drain(queue, 2)
    queue.clear()
    fill(queue, "mallory", 1)
    fill(queue, "alice", 3)
    assert drain(queue)[-1] == "mallory0"


def test_an_owner_who_may_not_go_keeps_their_place() -> None:
    queue: FairQueue[str] = FairQueue()
    fill(queue, "mallory", 2)
    fill(queue, "alice", 1)
    assert queue.pop(lambda owner: owner != "mallory") == ("alice", "alice0")
    assert queue.pop(lambda owner: owner != "mallory") is None
    assert drain(queue) == ["mallory0", "mallory1"]


def test_a_discarded_item_does_not_come() -> None:
    queue: FairQueue[str] = FairQueue()
    fill(queue, "alice", 3)
    queue.discard("alice1")
    assert ("alice1" in queue, len(queue)) == (False, 2)
    assert drain(queue) == ["alice0", "alice2"]
    assert (len(queue), queue.owners()) == (0, [])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40), st.integers(0, 3)), max_size=80))
def test_each_item_comes_once_and_no_owner_waits_for_many_of_another(steps: list[tuple[str, int, int]]) -> None:
    """Between two items of an owner with items queued, each other owner has at most two turns, including charges."""
    queue: FairQueue[str] = FairQueue()
    added, taken = set[str](), list[str]()
    since = dict.fromkeys("abc", 0)
    for owner, number, pops in steps:
        key = f"{owner}{number}"
        if key not in added:
            added.add(key)
            queue.add(owner, key, number, key)
        for _ in range(pops):
            if (found := queue.pop()) is None:
                break
            taken.append(found[1])
            for other in queue.owners():
                since[other] = 0 if other == found[0] else since[other] + 1
                assert since[other] <= 4
            for other in set("abc") - set(queue.owners()):
                since[other] = 0
    taken += drain(queue)
    assert sorted(taken) == sorted(added)


async def test_of_each_owner_one_slice_is_done_at_a_time_and_owners_take_turns() -> None:
    slots, done, going = FairSlots(2), list[str](), list[str]()

    async def work(owner: str, slices: int) -> None:
        for _ in range(slices):
            async with slots.slot(owner):
                assert owner not in going
                going.append(owner)
                assert len(going) <= 2
                await asyncio.sleep(0)
                going.remove(owner)
                done.append(owner)

    await asyncio.gather(*[work("mallory", 5) for _ in range(20)], work("alice", 3), work("bob", 3))
    assert len(done) == 106
    assert {"alice", "bob"}.isdisjoint(done[20:])


async def test_a_cancelled_wait_takes_no_slot() -> None:
    slots = FairSlots(1)
    async with slots.slot("alice"):
        waiting = asyncio.create_task(slots.slot("bob").__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        admitted = asyncio.create_task(slots.slot("bob").__aenter__())
        await asyncio.sleep(0)
    admitted.cancel()  # in the moment in which it is admitted
    await asyncio.wait([admitted])
    async with asyncio.timeout(1), slots.slot("carol"):
        pass
