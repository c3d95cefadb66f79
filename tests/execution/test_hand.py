"""In-flight runs are bounded: each claim takes one place and releases it once."""

import asyncio

from tocsin import clock
from tocsin.documents import Doc
from tocsin.execution.gate import Gate
from tocsin.execution.hand import WorkerHand


def claim(hand: WorkerHand, run_id: str, fence: int = 1) -> Doc:
    assert hand.reserve(1) == 1
    run = {"_id": run_id, "owner": "alice", "fence": fence}
    hand.add([run])
    return run


def hand_of(limit: int) -> WorkerHand:
    return WorkerHand("w", limit, asyncio.get_running_loop(), Gate())


async def test_no_more_is_reserved_than_there_is_room_for() -> None:
    hand = hand_of(3)
    assert [hand.reserve(2), hand.reserve(2), hand.reserve(2)] == [2, 1, 0]
    hand.release(2)
    assert hand.reserve(9) == 2


async def test_newborn_runs_wait_behind_a_backlog_and_nothing_is_reserved_while_draining() -> None:
    hand = hand_of(3)
    hand.backlog = True
    assert (hand.reserve(1), hand.reserve_for_queued(1)) == (0, 1)
    hand.draining = True
    assert hand.reserve_for_queued(1) == 0


async def test_a_run_claimed_again_before_its_last_outcome_is_acknowledged_stays_in_hand() -> None:
    hand = hand_of(2)
    first, second = claim(hand, "a", 1), claim(hand, "a", 2)
    hand.done([first])
    assert hand.held["a"].run is second
    hand.done([second])
    assert hand.held == {}
    assert hand.reserve(9) == 2


async def test_what_was_not_begun_can_be_taken_back() -> None:
    hand = hand_of(2)
    claim(hand, "a"), claim(hand, "b")
    begun = await hand.next()
    (other,) = hand.unbegun()
    assert {begun.run["_id"], other.run["_id"]} == {"a", "b"}
    assert hand.unbegun() == []


async def test_waiting_workers_get_runs_in_their_order() -> None:
    hand = hand_of(5)
    workers = [asyncio.create_task(hand.next()) for _ in range(3)]
    await asyncio.sleep(0)
    workers.pop(1).cancel()
    claim(hand, "a"), claim(hand, "b")
    async with asyncio.timeout(5):
        assert [held.run["_id"] for held in await asyncio.gather(*workers)] == ["a", "b"]


async def test_a_newborn_claim_is_fenced_and_has_its_first_attempt() -> None:
    hand, now = hand_of(1), clock.now()
    born = hand.claimed({"_id": "a", "fence": 0, "attempts": []}, now)
    assert (born["status"], born["fence"], born["worker"], born["rank"]) == ("RUNNING", 1, "w", None)
    assert born["attempts"] == [{"number": 1, "started_at": now, "worker": "w"}]
