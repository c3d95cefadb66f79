"""Dead letters: finding, counting and discarding them."""

from datetime import timedelta
from typing import Any

import pytest

from tests.dead_letters.samples import add_dead_letters, at_host, fail
from tests.harness import http_job
from tests.tasks.helpers import add_run, load_run, save_hourly_task
from tocsin import clock
from tocsin.dead_letters import store
from tocsin.dead_letters.filter import DeadLetterFilter
from tocsin.dead_letters.store import DeadLetterPosition
from tocsin.documents import Database, ErrorKind, RunStatus, Trigger
from tocsin.errors import Conflict
from tocsin.named_secrets.references import make_secret_marker, mark_text
from tocsin.tasks import runs as task_runs

ALL = DeadLetterFilter()
SECOND = timedelta(seconds=1)


async def found(database: Database, chosen: DeadLetterFilter = ALL, owner: str = "alice") -> list[str]:
    rows = await store.list_dead_letters(database, owner, chosen, clock.now(), None, 1000)
    assert await store.count_dead_letters(database, owner, chosen) == len(rows)
    return [row["_id"] for row in rows]


@pytest.mark.parametrize("status", RunStatus)
async def test_only_a_failed_run_is_a_dead_letter(database: Database, status: RunStatus) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, status)
    assert await found(database) == ([run_id] if status is RunStatus.FAILED else [])
    assert store.is_dead_letter(await load_run(database, run_id)) is (status is RunStatus.FAILED)
    assert await found(database, owner="bob") == []


async def test_a_retried_run_is_a_dead_letter_again_only_when_it_fails_again(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.FAILED)
    await task_runs.retry_run(database, "alice", run_id, clock.now(), None)
    assert await found(database) == []
    await fail(database, run_id)
    assert await found(database) == [run_id]


async def test_a_discarded_run_is_a_dead_letter_again_only_when_a_retry_fails(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.FAILED)
    assert await store.discard_runs(database, [run_id, run_id], clock.now()) == 1
    assert await store.discard_runs(database, [run_id], clock.now()) == 0
    assert await found(database) == []
    run = await task_runs.retry_run(database, "alice", run_id, clock.now(), None)
    assert run.discarded_at is None
    await fail(database, run_id)
    assert await found(database) == [run_id]


async def test_each_condition_of_a_filter_applies(database: Database) -> None:
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


async def test_a_time_range_begins_at_its_first_moment_and_ends_before_its_last(database: Database) -> None:
    task = await save_hourly_task(database)
    run_ids = await add_dead_letters(database, task, 5)
    times = [(await load_run(database, run_id))["finished_at"] for run_id in run_ids]
    assert await found(database, DeadLetterFilter(finished_after=times[1], finished_before=times[3])) == run_ids[1:3]
    assert await found(database, DeadLetterFilter(finished_after=times[3], finished_before=times[1])) == []


async def test_pages_contain_each_run_once_even_if_many_failed_at_the_same_time(database: Database) -> None:
    task, now = await save_hourly_task(database), clock.now()
    run_ids = await add_dead_letters(database, task, 9) + await add_dead_letters(database, task, 9, finished_at=now)
    seen: list[str] = []
    after = None
    while rows := await store.list_dead_letters(database, "alice", ALL, now, after, 4):
        seen += [row["_id"] for row in rows]
        after = DeadLetterPosition(rows[-1]["finished_at"], rows[-1]["_id"])
    assert seen == run_ids
    assert (await store.list_dead_letters(database, "alice", ALL, now, None, 1))[0]["attempted"] == 1


async def test_causes_are_counted_by_kind_and_host(database: Database) -> None:
    task = await save_hourly_task(database)
    run_ids = await add_dead_letters(database, task, 3, **at_host("a.test"))
    await add_dead_letters(database, task, 1, job=http_job("http://A.test:8080/other"))
    await add_dead_letters(database, task, 2, error={"kind": "TIMEOUT"}, **at_host("a.test"))
    await add_dead_letters(database, task, 1, error=None, job={"kind": "polygonArea", "params": {}})
    causes = await store.count_by_cause(database, "alice", ALL)
    assert [(cause.kind, cause.host, cause.count) for cause in causes] == [
        (ErrorKind.HTTP_STATUS, "a.test", 4),
        (ErrorKind.TIMEOUT, "a.test", 2),
        (None, None, 1),
    ]
    assert causes[0].oldest == (await load_run(database, run_ids[0]))["finished_at"]
    assert causes[0].newest > causes[0].oldest
    assert await store.count_by_cause(database, "bob", ALL) == []


async def test_steps_with_a_secret_host_are_one_cause_without_a_host(database: Database) -> None:
    task = await save_hourly_task(database)
    for host in ("{}", "api.{}", "{}"):
        marker = make_secret_marker()
        sample = at_host(host.format(mark_text(marker, "tenant")))
        sample["job"]["params"]["named_secrets"] = {"marker": marker}
        await add_dead_letters(database, task, 1, **sample)
    causes = await store.count_by_cause(database, "alice", ALL)
    assert [(cause.host, cause.count) for cause in causes] == [(None, 3)]


async def test_discarding_by_filter_takes_all_that_had_failed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BATCH_SIZE", 3)
    task = await save_hourly_task(database)
    await add_dead_letters(database, task, 8, **at_host("a.test"))
    others = await add_dead_letters(database, task, 2, **at_host("b.test"))
    assert await store.discard_matching(database, "bob", ALL, clock.now()) == 0
    assert await store.discard_matching(database, "alice", DeadLetterFilter(host="a.test"), clock.now()) == 8
    assert await found(database) == others
    assert await store.discard_matching(database, "alice", ALL, clock.now() - 3600 * SECOND) == 0


async def test_dead_letters_are_found_by_an_index(database: Database) -> None:
    task = await save_hourly_task(database)
    await add_dead_letters(database, task, 20)
    await add_run(database, task.id, RunStatus.COMPLETED)
    await database.runs.update_one({}, {"$set": {"replays": [{"replay": "r", "round": 1}]}})
    span = {"finished_at": {"$gte": clock.EPOCH, "$lte": clock.now()}}
    filters = (store.base_query("alice") | span, {"replays.replay": "r"})
    for chosen, number in zip(filters, (20, 1), strict=True):
        command = {"explain": {"find": "runs", "filter": chosen}, "verbosity": "executionStats"}
        plan: dict[str, Any] = await database.db.command(command)
        assert plan["executionStats"]["totalDocsExamined"] == number, chosen


async def test_a_step_of_a_workflow_cannot_be_retried_alone(database: Database) -> None:
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.FAILED, trigger=Trigger.WORKFLOW)
    assert await found(database) == [run_id]
    with pytest.raises(Conflict, match="Resume its workflow run"):
        await task_runs.retry_run(database, "alice", run_id, clock.now(), None)
