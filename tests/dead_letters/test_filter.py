"""Which runs are dead letters, how they are found, counted, discarded, and what a run remembers of retries."""

from datetime import timedelta
from typing import Any

import pytest

from tests.dead_letters.samples import add_dead_letters, at_host, fail
from tests.harness import http_job
from tests.tasks.helpers import AWAY, add_run, ended_attempt, load_run, load_task, save_hourly_task
from tocsin import clock
from tocsin.dead_letters import filter as dead_letter_filter
from tocsin.dead_letters.filter import DeadLetterFilter, DeadLetterPosition
from tocsin.documents import Database, ErrorKind, ReplaySettings, RunStatus, Trigger
from tocsin.errors import Conflict, InvalidInput
from tocsin.tasks import runs as task_runs
from tocsin.tasks import saving
from tocsin.tasks.runs import MAX_REPLAY_ENTRIES

ALL = DeadLetterFilter()
SECOND = timedelta(seconds=1)


async def found(database: Database, chosen: DeadLetterFilter = ALL, owner: str = "alice") -> list[str]:
    rows = await dead_letter_filter.list_dead_letters(database, owner, chosen, clock.now(), None, 1000)
    assert await dead_letter_filter.count_dead_letters(database, owner, chosen) == len(rows)
    return [row["_id"] for row in rows]


@pytest.mark.parametrize("status", RunStatus)
async def test_a_run_that_failed_is_one_and_no_other_is(database: Database, status: RunStatus) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, status)
    assert await found(database) == ([run_id] if status is RunStatus.FAILED else [])
    assert dead_letter_filter.is_dead_letter(await load_run(database, run_id)) is (status is RunStatus.FAILED)
    assert await found(database, owner="bob") == []


async def test_a_run_that_is_done_again_leaves_and_comes_back_when_it_fails_again(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.FAILED)
    await task_runs.retry_run(database, "alice", run_id, clock.now(), None)
    assert await found(database) == []
    await fail(database, run_id)
    assert await found(database) == [run_id]


async def test_a_discarded_one_comes_back_only_when_it_is_done_again_and_fails(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.FAILED)
    assert await dead_letter_filter.discard_runs(database, [run_id, run_id], clock.now()) == 1
    assert await dead_letter_filter.discard_runs(database, [run_id], clock.now()) == 0
    assert await found(database) == []
    run = await task_runs.retry_run(database, "alice", run_id, clock.now(), None)
    assert run.discarded_at is None
    await fail(database, run_id)
    assert await found(database) == [run_id]


async def test_filters(database: Database) -> None:
    first, second = await save_hourly_task(database), await save_hourly_task(database)
    (plain,) = await add_dead_letters(database, first, 1, **at_host("example.com"))
    (port,) = await add_dead_letters(database, first, 1, job=http_job("http://Example.COM:8080?x"))
    (longer,) = await add_dead_letters(database, second, 1, **at_host("example.com.evil.test"))
    (address,) = await add_dead_letters(database, second, 1, job=http_job("http://[::1]:80/"))
    (name,) = await add_dead_letters(database, second, 1, job=http_job("http://bücher.example/"))
    mail = {"job": {"kind": "email", "params": {"to": ["a@example.com"]}}, "error": {"kind": "CONNECTION"}}
    (mailed,) = await add_dead_letters(database, second, 1, **mail)
    step = {"trigger": Trigger.WORKFLOW.value, "task_name": "invoice / pdf", **at_host("a.test")}
    (in_workflow,) = await add_dead_letters(database, second, 1, **step)
    await add_dead_letters(database, second, 1, task_name="invoice / by hand", **at_host("a.test"))
    (mapped,) = await add_dead_letters(database, second, 1, job=http_job("http://[::FFFF:10.0.0.1]/"))
    hosts = {
        "example.com": {plain, port},
        "::1": {address},
        "::ffff:a00:1": {mapped},
        "xn--bcher-kva.example": {name},
        "exampleXcom": set(),
    }
    for host, expected in hosts.items():
        assert set(await found(database, DeadLetterFilter(host=host))) == expected, host
    assert set(await found(database, DeadLetterFilter(task=first.id))) == {plain, port}
    assert await found(database, DeadLetterFilter(workflow="invoice")) == [in_workflow]
    assert await found(database, DeadLetterFilter(workflow="inv.*")) == []
    kind = DeadLetterFilter(error_kind=ErrorKind.HTTP_STATUS, task=second.id)
    assert set(await found(database, kind)) >= {longer, address, name}
    assert mailed not in await found(database, kind)


async def test_a_span_of_time_begins_at_its_first_moment_and_ends_before_its_last(database: Database) -> None:
    task = await save_hourly_task(database)
    letters = await add_dead_letters(database, task, 5)
    times = [(await load_run(database, run_id))["finished_at"] for run_id in letters]
    assert await found(database, DeadLetterFilter(finished_after=times[1], finished_before=times[3])) == letters[1:3]
    assert await found(database, DeadLetterFilter(finished_after=times[3], finished_before=times[1])) == []


async def test_a_filter_is_stored_and_read_as_it_was(database: Database) -> None:
    now = clock.now()
    for chosen in (ALL, DeadLetterFilter("t", "w", "h", ErrorKind.TIMEOUT, now, now), DeadLetterFilter(host="h")):
        assert DeadLetterFilter.from_document(chosen.to_document()) == chosen
        assert chosen.is_empty is (chosen is ALL)


@pytest.mark.parametrize(
    "host", ["", "a b", "http://a.test", "a.test/", "a.test:80", "user@a.test", "a.test?", "x" * 301]
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(InvalidInput, match="host"):
        dead_letter_filter.parse_host(host, "host")


def test_a_host_is_read_as_it_is_called() -> None:
    assert dead_letter_filter.parse_host("Bücher.Example") == "xn--bcher-kva.example"
    assert dead_letter_filter.parse_host("::1") == "::1"


async def test_pages_meet_each_one_once_also_where_many_failed_at_one_moment(database: Database) -> None:
    task, now = await save_hourly_task(database), clock.now()
    letters = await add_dead_letters(database, task, 9) + await add_dead_letters(database, task, 9, finished_at=now)
    seen: list[str] = []
    after = None
    while rows := await dead_letter_filter.list_dead_letters(database, "alice", ALL, now, after, 4):
        seen += [row["_id"] for row in rows]
        after = DeadLetterPosition(rows[-1]["finished_at"], rows[-1]["_id"])
    assert seen == letters
    assert (await dead_letter_filter.list_dead_letters(database, "alice", ALL, now, None, 1))[0]["attempted"] == 1


async def test_causes_are_counted_by_kind_and_host(database: Database) -> None:
    task = await save_hourly_task(database)
    letters = await add_dead_letters(database, task, 3, **at_host("a.test"))
    await add_dead_letters(database, task, 1, job=http_job("http://A.test:8080/other"))
    await add_dead_letters(database, task, 2, error={"kind": "TIMEOUT"}, **at_host("a.test"))
    await add_dead_letters(database, task, 1, error=None, job={"kind": "polygonArea", "params": {}})
    causes = await dead_letter_filter.count_by_cause(database, "alice", ALL)
    assert [(cause.kind, cause.host, cause.count) for cause in causes] == [
        (ErrorKind.HTTP_STATUS, "a.test", 4),
        (ErrorKind.TIMEOUT, "a.test", 2),
        (None, None, 1),
    ]
    assert causes[0].oldest == (await load_run(database, letters[0]))["finished_at"]
    assert causes[0].newest > causes[0].oldest
    assert await dead_letter_filter.count_by_cause(database, "bob", ALL) == []


async def test_discarding_by_filter_takes_all_that_had_failed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letter_filter, "BATCH_SIZE", 3)
    task = await save_hourly_task(database)
    await add_dead_letters(database, task, 8, **at_host("a.test"))
    others = await add_dead_letters(database, task, 2, **at_host("b.test"))
    assert await dead_letter_filter.discard_matching(database, "bob", ALL, clock.now()) == 0
    assert (
        await dead_letter_filter.discard_matching(database, "alice", DeadLetterFilter(host="a.test"), clock.now()) == 8
    )
    assert await found(database) == others
    assert await dead_letter_filter.discard_matching(database, "alice", ALL, clock.now() - 3600 * SECOND) == 0


async def test_they_are_found_by_an_index(database: Database) -> None:
    task = await save_hourly_task(database)
    await add_dead_letters(database, task, 20)
    await add_run(database, task.id, RunStatus.COMPLETED)
    await database.runs.update_one({}, {"$set": {"replays": [{"replay": "r", "round": 1}]}})
    span = {"finished_at": {"$gte": clock.EPOCH, "$lte": clock.now()}}
    filters = (dead_letter_filter.base_query("alice") | span, {"replays.replay": "r"})
    for chosen, number in zip(filters, (20, 1), strict=True):
        command = {"explain": {"find": "runs", "filter": chosen}, "verbosity": "executionStats"}
        plan: dict[str, Any] = await database.db.command(command)
        assert plan["executionStats"]["totalDocsExamined"] == number, chosen


# --- what a run remembers -------------------------------------------------------------------------------------------


async def test_a_run_remembers_the_last_times_it_was_done_again(database: Database) -> None:
    task, now = await save_hourly_task(database), clock.now()
    many = [{"replay": f"r{number}", "at": now, "round": number} for number in range(1, MAX_REPLAY_ENTRIES + 1)]
    run_id = await add_run(database, task.id, RunStatus.FAILED, replays=many, round=MAX_REPLAY_ENTRIES)
    run = await task_runs.retry_run(database, "alice", run_id, now, None)
    assert run.replays == [*many[1:], {"replay": None, "at": now, "round": MAX_REPLAY_ENTRIES + 1}]


async def test_the_settings_are_the_tasks_present_ones_or_the_runs_own(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.FAILED, attempts=[ended_attempt()])
    await saving.update_task(database, "alice", task.id, {"job": http_job(f"{AWAY}new")}, clock.now())
    original = await task_runs.retry_run(database, "alice", run_id, clock.now(), None, ReplaySettings.ORIGINAL)
    assert (original.job["params"]["url"], original.task_version, original.pinned) == (AWAY, 1, True)
    assert original.budget_from == 1
    await saving.update_task(database, "alice", task.id, {"job": http_job(f"{AWAY}newer")}, clock.now())
    assert (await load_run(database, run_id))["job"]["params"]["url"] == AWAY  # an edit leaves a pinned run as it is
    await fail(database, run_id)
    current = await task_runs.retry_run(database, "alice", run_id, clock.now(), None)
    assert (current.job["params"]["url"], current.task_version, current.pinned) == (f"{AWAY}newer", 3, False)


async def test_a_replay_sends_only_what_is_still_a_dead_letter_of_that_round(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.FAILED)
    document = await load_task(database, task.id)

    async def send(round_: int, replay: str = "alice/r1") -> int:
        update = task_runs.requeue_update(run_id, round_, document, clock.now(), ReplaySettings.CURRENT, replay)
        return (await database.runs.bulk_write([update])).modified_count

    assert await send(1) == 0
    await dead_letter_filter.discard_runs(database, [run_id], clock.now())
    assert await send(0) == 0
    await database.runs.update_one({"_id": run_id}, {"$set": {"discarded_at": None, "status": "CANCELLED"}})
    assert await send(0) == 0
    await fail(database, run_id)
    assert [await send(0), await send(0), await send(1)] == [1, 0, 0]
    assert [entry["replay"] for entry in (await load_run(database, run_id))["replays"]] == ["alice/r1"]


async def test_a_run_that_ended_before_its_task_knew_of_the_retry_is_counted_all_the_same(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.FAILED)
    await database.tasks.update_one({"_id": task.id}, {"$set": {"consecutive_failures": 3}})
    await database.runs.update_one({"_id": run_id}, {"$set": {"status": "COMPLETED", "round": 1}})
    await task_runs.show_reopened(database, [run_id])
    after = await load_task(database, task.id)
    assert (after["consecutive_failures"], after["active"]) == (0, [])


async def test_a_step_of_a_workflow_cannot_be_retried_alone(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.FAILED, trigger=Trigger.WORKFLOW)
    assert await found(database) == [run_id]
    with pytest.raises(Conflict, match="resume its workflow run"):
        await task_runs.retry_run(database, "alice", run_id, clock.now(), None)
