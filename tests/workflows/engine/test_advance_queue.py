"""Owners take turns in the queue, each with a limited share of the slots."""

import asyncio
from contextlib import suppress

from tocsin.workflows.engine.advance_queue import AdvanceQueue


async def pop_all(queue: AdvanceQueue) -> list[str]:
    """Pop workflow runs until none may be advanced."""
    found: list[str] = []
    with suppress(TimeoutError):
        while True:
            found.append(await asyncio.wait_for(queue.pop(), 0.05))
    return found


async def test_an_owner_has_a_share_until_one_of_theirs_is_released() -> None:
    queue = AdvanceQueue(4, 2, is_light=True)
    for run_id in ("mallory/1", "mallory/2", "mallory/3", "alice/1", "mallory/2"):
        queue.push(run_id)
    assert sorted(await pop_all(queue)) == ["alice/1", "mallory/1", "mallory/2"]
    queue.release("alice/1")
    assert await pop_all(queue) == []
    queue.release("mallory/1")
    assert await pop_all(queue) == ["mallory/3"]


async def test_a_workflow_run_wakes_one_slot_and_none_is_forgotten() -> None:
    queue, advanced = AdvanceQueue(8, 2, is_light=True), list[str]()

    async def advance_forever() -> None:
        while True:
            run_id = await queue.pop()
            await asyncio.sleep(0)
            advanced.append(run_id)
            queue.release(run_id)

    slots = [asyncio.create_task(advance_forever()) for _ in range(queue.concurrency)]
    await asyncio.sleep(0)
    queue.push("alice/0")
    assert len(queue._idle) == queue.concurrency - 1
    wanted = {f"{owner}/{number}" for owner in ("alice", "bob", "mallory") for number in range(30)}
    for run_id in sorted(wanted):
        queue.push(run_id)
    async with asyncio.timeout(5):
        while len(advanced) < len(wanted):
            await asyncio.sleep(0)
    assert set(advanced) == wanted
    for slot in slots:
        slot.cancel()
