"""What jobs tell of their progress is stored and told while their attempt is made, once a second at most."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.commands import CommandLog, logged
from tests.execution.test_worker import running
from tests.harness import Stack, TargetServer, run_stack, save_task, wait_until
from tests.tasks.helpers import add_run, load_run, save_hourly_task
from tests.workflows.samples import step, workflow
from tocsin import clock
from tocsin.dispatch.ready_queue import ClaimedRun
from tocsin.documents import Change, ChangeKind, Database, DeferredRun, RunStatus, StepStatus
from tocsin.execution.progress_recorder import ProgressRecorder, build_progress
from tocsin.jobs import registry
from tocsin.tasks.run_effects import RunProjection


@pytest.fixture
def telling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `http` jobs tell their progress before they call."""
    http = type(registry.get_job("http"))
    perform = http.perform

    async def tell(self: Any, params: Any, context: Any) -> Any:
        for number in range(4):
            context.progress(number, 3, f"part {number}")
        return await perform(self, params, context)

    monkeypatch.setattr(http, "perform", tell)


async def claimed_run(database: Database, **changes: Any) -> ClaimedRun:
    """Insert a running run of alice's, and return it as its worker has it."""
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.RUNNING, **{"fence": 2, **changes})
    return ClaimedRun(await load_run(database, run_id), attempt_task=asyncio.current_task())


def listen(database: Database) -> list[Change]:
    """Return a list to which the changes are added that are recorded from now on."""
    told: list[Change] = []
    database.changes.open(asyncio.get_running_loop())
    database.changes.recorded.connect(lambda changes: told.extend(each for each in changes if isinstance(each, Change)))
    return told


async def stored(stack: Stack, run_id: str) -> Any:
    async def found() -> Any:
        return (await stack.run(run_id)).get("progress")

    return await wait_until(found)


@pytest.mark.usefixtures("telling")
async def test_a_run_shows_its_progress_while_it_runs(database: Database, target: TargetServer) -> None:
    async with run_stack(database) as stack:
        told = listen(database)
        task = await save_task(database, f"{target.url}/wait")
        run = await running(stack, target, task.id)
        progress = await stored(stack, run["_id"])
        fence = (await stack.run(run["_id"]))["fence"]
        assert progress == {"fence": fence, "at": progress["at"], "done": 3, "all": 3, "text": "part 3"}
        progressed = Change(ChangeKind.RUN_UPDATED, clock.EPOCH, task.id, run["_id"])
        await wait_until(lambda: _has(told, progressed))
        target.release.set()
        await stack.wait_for_runs(task.id, "COMPLETED")


async def _has(told: list[Change], wanted: Change) -> bool:
    return wanted in [change._replace(at=wanted.at) for change in told]


@pytest.mark.usefixtures("telling")
async def test_the_progress_of_a_step_is_told_as_a_change_of_its_workflow_run(
    database: Database, target: TargetServer
) -> None:
    async with run_stack(database) as stack:
        told = listen(database)
        saved = await stack.save_workflow(workflow(step("call", f"{target.url}/wait")))
        run_id = await stack.execute("w")
        stack.workflows.request_advance(run_id)
        await stored(stack, f"{run_id}:call")
        steps = (("call", StepStatus.RUNNING),)
        progressed = Change(
            ChangeKind.RUN_UPDATED, clock.EPOCH, workflow_run_id=run_id, steps=steps, workflow=saved["_id"]
        )
        await wait_until(lambda: _has(told[-1:], progressed))
        target.release.set()
        await stack.wait_for_workflow_run(run_id, "COMPLETED")


async def test_what_is_told_meanwhile_is_written_once(database: Database) -> None:
    log = CommandLog()
    async with logged(database, log) as connection:
        recorder, claimed = ProgressRecorder(connection), await claimed_run(connection)
        for number in range(1_000):
            recorder.tell(claimed, number, 1_000)
        log.commands.clear()
        await recorder.write()
        await recorder.write()
        assert log.count() == {"update runs": 1}
        found: Any = (await load_run(connection, claimed.run["_id"]))["progress"]
        assert (found["done"], found["all"], found["text"]) == (999, 1_000, None)


async def test_nothing_told_costs_nothing(database: Database) -> None:
    log = CommandLog()
    async with logged(database, log) as connection:
        await ProgressRecorder(connection).write()
        assert log.count() == {}


@pytest.mark.parametrize("change", [{"fence": 3}, {"status": "COMPLETED"}, {"status": "WAITING"}])
async def test_a_run_that_this_process_has_lost_is_left_as_it_is(database: Database, change: dict[str, Any]) -> None:
    recorder, claimed = ProgressRecorder(database), await claimed_run(database)
    recorder.tell(claimed, 1, 2)
    await database.runs.update_one({"_id": claimed.run["_id"]}, {"$set": change})
    told = listen(database)
    await recorder.write()
    await asyncio.sleep(0)
    assert "progress" not in await load_run(database, claimed.run["_id"])
    assert told == []


async def test_an_attempt_that_has_ended_is_not_written(database: Database) -> None:
    recorder, claimed = ProgressRecorder(database), await claimed_run(database)
    recorder.tell(claimed, 1, 2)
    claimed.attempt_task = None
    await recorder.write()
    assert "progress" not in await load_run(database, claimed.run["_id"])


async def test_a_run_that_is_not_stored_yet_is_written_later(database: Database) -> None:
    recorder, claimed = ProgressRecorder(database), await claimed_run(database)
    task = claimed.run["task"]
    deferred = DeferredRun(claimed.run, lambda _: (task, RunProjection("", RunStatus.FAILED, False)), None, "record")
    database.deferred.add([deferred])
    recorder.tell(claimed, 1, 2, "early")
    await recorder.write()
    assert "progress" not in await load_run(database, claimed.run["_id"])
    database.deferred.remove([deferred])
    await recorder.write()
    found: Any = (await load_run(database, claimed.run["_id"]))["progress"]
    assert found["text"] == "early"


Given = tuple[Any, Any, Any]
CASES: list[tuple[Given, Given]] = [
    ((1, 3, "x"), (1, 3, "x")),
    ((5, 3, None), (3, 3, None)),
    ((-1, -2, ""), (0, 0, "")),
    ((2**40, 2**40, None), (2**31 - 1, 2**31 - 1, None)),
    ((1.9, True, 5), (1, 1, "5")),
    ((0, 1, "x" * 500), (0, 1, "x" * 200)),
    ((0, 1, "\ud83d"), (0, 1, "?")),
]


@pytest.mark.parametrize(("given", "kept"), CASES, ids=[str(given) for given, _ in CASES])
def test_what_is_told_is_kept_within_limits(given: Given, kept: Given) -> None:
    found = build_progress(7, clock.EPOCH, *given)
    assert (found["done"], found["all"], found["text"], found["fence"]) == (*kept, 7)


@pytest.mark.parametrize("wrong", [lambda: ("x", 1), lambda: (1, None)], ids=["text", "none"])
def test_what_is_no_number_is_an_error_of_the_job(wrong: Callable[[], Any]) -> None:
    done, all_ = wrong()
    with pytest.raises((TypeError, ValueError)):
        build_progress(1, clock.EPOCH, done, all_, None)
