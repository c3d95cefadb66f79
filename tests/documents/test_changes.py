"""What is recorded of a change, and who gets it."""

import asyncio
import threading
from typing import Any

import pytest

from tocsin import clock
from tocsin.documents import ChangeLog, RecordedChange, RunStatus, changes

LATER = clock.now()


def run(status: str, **fields: Any) -> Any:
    return {"_id": "alice/t:1", "status": status, **fields}


def step(status: str, **fields: Any) -> Any:
    return {"_id": "alice/w1:fetch", "status": status, **fields}


def recorded(log: ChangeLog) -> list[Any]:
    return list(log.unsent)


@pytest.mark.parametrize(
    ("fields", "status", "queued"),
    [
        (run("QUEUED"), RunStatus.QUEUED, True),
        (run("QUEUED", blocked=True), RunStatus.QUEUED, False),
        (run("RUNNING", begun=False), RunStatus.QUEUED, False),
        (run("RUNNING", begun=True), RunStatus.RUNNING, False),
        (run("MISSED"), RunStatus.MISSED, False),
    ],
)
def test_the_status_of_a_run_is_the_one_that_the_api_shows(fields: Any, status: RunStatus, queued: bool) -> None:
    log = ChangeLog(is_shared=True)
    log.runs_created([fields])
    (change,) = recorded(log)
    assert (change.task_id, change.run_id, change.run_status, change.queued) == (
        "alice/t", "alice/t:1", status, queued
    )  # fmt: skip


def test_only_a_retry_tells_its_time() -> None:
    log = ChangeLog(is_shared=True)
    log.runs_moved([run("RETRY", retry_at=LATER), run("COMPLETED", retry_at=LATER)])
    assert [change.due_at for change in recorded(log)] == [LATER, None]


def test_the_run_of_a_step_is_recorded_only_for_the_engine() -> None:
    log = ChangeLog(is_shared=True)
    log.runs_created([step("RUNNING", begun=True), step("QUEUED")])
    log.runs_moved([step("RUNNING", begun=True), step("RETRY", retry_at=LATER), step("COMPLETED")])
    assert [change.run_status for change in recorded(log)] == [
        RunStatus.QUEUED, RunStatus.RETRY, RunStatus.COMPLETED
    ]  # fmt: skip


def test_a_process_that_is_alone_keeps_nothing_for_others() -> None:
    log = ChangeLog()
    log.runs_created([run("QUEUED")])
    assert recorded(log) == []


def test_too_many_unsent_changes_become_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MAX_UNSENT", 10)
    log = ChangeLog(is_shared=True)
    for _ in range(11):
        log.runs_created([run("QUEUED")])
    assert [change.kind.value for change in recorded(log)] == ["RESYNC"]
    log.runs_created([run("QUEUED")])
    assert len(log.unsent) == 2


async def test_listeners_get_the_changes_of_all_threads_in_order() -> None:
    log, seen = ChangeLog(), list[RecordedChange]()
    log.recorded.connect(seen.extend)
    log.open(asyncio.get_running_loop())

    def record_others() -> None:
        for number in range(100):
            log.access_ended(f"a{number}")

    thread = threading.Thread(target=record_others)
    thread.start()
    for number in range(100):
        log.access_ended(f"b{number}")
    await asyncio.to_thread(thread.join)
    async with asyncio.timeout(5):
        while len(seen) < 200:
            await asyncio.sleep(0)
    users: list[Any] = [change.user_id for change in seen]  # type: ignore[union-attr]
    assert [user for user in users if user[0] == "a"] == [f"a{number}" for number in range(100)]
    assert [user for user in users if user[0] == "b"] == [f"b{number}" for number in range(100)]


async def test_nobody_gets_changes_once_all_have_closed() -> None:
    log, seen = ChangeLog(), list[RecordedChange]()
    log.recorded.connect(seen.extend)
    for _ in range(2):
        log.open(asyncio.get_running_loop())
    log.close()
    log.access_ended("alice")
    await asyncio.sleep(0)
    log.close()
    log.access_ended("bob")
    await asyncio.sleep(0)
    assert seen == [changes.AccessChange("alice")]
