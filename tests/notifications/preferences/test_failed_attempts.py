"""Each failed attempt of a task is told to those who want to know, once, by the real engine and after crashes."""

from datetime import timedelta
from typing import Any

import pytest
from pymongo.asynchronous.collection import AsyncCollection

from tests.harness import Stack, TargetServer, save_task, wait_until
from tests.notifications.channel_helpers import add_channel
from tests.notifications.incidents.world import task as stored_task
from tests.notifications.preferences.helpers import choose
from tests.notifications.samples import ATTEMPT, ENDED, RETRY_AT, retried_run
from tocsin.documents import Database
from tocsin.notifications.incidents.keeper import IncidentKeeper
from tocsin.notifications.preferences.failed_attempts import notify_failed_attempts
from tocsin.tasks.retry_policy import RetryPolicy
from tocsin.tasks.run_effects import record_alerts

RUN = "u1/t1:1795338000000"


def attempt(number: int, outcome: str = "FAILED") -> Any:
    return {**ATTEMPT, "number": number, "outcome": outcome, "finished_at": ENDED.replace(minute=number)}


def run(*outcomes: str, status: str = "RETRY", **changes: Any) -> Any:
    """Return a run of which these were the outcomes of the attempts."""
    attempts = [attempt(number, outcome) for number, outcome in enumerate(outcomes, 1)]
    ended = {"finished_at": attempts[-1]["finished_at"], "retry_at": None} if status == "FAILED" else {}
    return {**retried_run(), "round": 0, "status": status, "attempts": attempts, **ended, **changes}


async def tell(database: Database, runs: list[Any]) -> None:
    """Apply the effects of runs of tasks that exist, and tell what is news of incidents."""
    for task in {run["task"] for run in runs}:
        stored = stored_task(task.partition("/")[2])
        await database.db["tasks"].update_one({"_id": task}, {"$setOnInsert": stored}, upsert=True)
    await record_alerts(database, runs)
    await IncidentKeeper(database, timedelta(0)).keep_due()


async def mails(database: Database) -> dict[str, str]:
    """Return the states of the mails by the ends of their IDs."""
    found = database.deliveries.find({"channel": None})
    return {each["_id"].rpartition(":")[2]: each["status"] async for each in found}


async def _fail_four_times(database: Database, stack: Stack, target: TargetServer) -> None:
    """Let a task fail, and its retries too when it was told that it began to."""
    target.script += [500] * 4
    task = await save_task(database, f"{target.url}/wait", retry=RetryPolicy(3))

    async def is_called() -> bool:
        return bool(target.calls)

    async def beginning_is_told() -> bool:
        return "began" in await mails(database)

    await wait_until(is_called)
    target.release.set()
    target.release.clear()  # those that wait are released, later ones are not
    await wait_until(beginning_is_told)
    target.release.set()
    await stack.wait_for_runs(task.id, "FAILED")


async def test_three_retries_are_told_one_by_one(database: Database, stack: Stack, target: TargetServer) -> None:
    """The mails about the beginning and the end tell nothing more, so they are not sent; they are still listed."""
    await choose(database, "alice", failures="EVERY_ATTEMPT")
    await _fail_four_times(database, stack, target)

    async def all_are_told() -> bool:
        return len(await mails(database)) == 6

    await wait_until(all_are_told)
    assert await mails(database) == {
        "1": "QUEUED", "2": "QUEUED", "3": "QUEUED", "4": "QUEUED", "began": "SUPPRESSED", "failed": "SUPPRESSED",
    }  # fmt: skip
    listed = [each["subject"] async for each in database.notifications.find({"kind": "ATTEMPT_FAILED"}).sort("at", 1)]
    assert listed == [f'Attempt {number} of the task "a task" has failed' for number in (1, 2, 3, 4)]
    last = await database.deliveries.find_one({"kind": "ATTEMPT_FAILED", "subject": listed[-1]})
    assert last is not None
    assert "All retries are used up." in last["text"]


async def test_others_are_told_of_the_first_and_the_last(
    database: Database, stack: Stack, target: TargetServer
) -> None:
    await choose(database, "bob", failures="EVERY_ATTEMPT")
    await _fail_four_times(database, stack, target)

    async def failure_is_told() -> bool:
        return "failed" in await mails(database)

    await wait_until(failure_is_told)
    assert await mails(database) == {"began": "QUEUED", "failed": "QUEUED"}


async def test_a_task_can_differ_from_the_others(database: Database) -> None:
    await choose(database, "u1", failures="EVERY_ATTEMPT")
    await choose(database, "u1/t1", failures="FIRST_AND_LAST")
    await tell(database, [run("FAILED"), run("FAILED", _id="u1/t2:1", task="u1/t2")])
    found = {each["_id"]: each["status"] async for each in database.deliveries.find({})}
    assert found == {"u1/t1:3:began": "QUEUED", "u1/t2:1:1": "QUEUED", "u1/t2:3:began": "SUPPRESSED"}


async def test_attempts_that_a_crash_left_out_are_told_with_the_next(database: Database) -> None:
    await choose(database, failures="EVERY_ATTEMPT")
    stored = run("FAILED", "LOST", "FAILED")
    for _ in range(2):
        await notify_failed_attempts(database, [stored])
    assert await mails(database) == {"1": "QUEUED", "3": "QUEUED"}
    await database.deliveries.delete_one({"_id": f"{RUN}:1"})  # as if it had died between notification and mail
    await notify_failed_attempts(database, [stored])
    assert await mails(database) == {"1": "QUEUED", "3": "QUEUED"}
    assert await database.notifications.count_documents({}) == 2


@pytest.mark.parametrize(
    "changes", [{"incident": None}, {"round": 1}, {"status": "RUNNING"}, {"status": "COMPLETED"}, {"attempts": []}]
)
async def test_what_people_run_and_what_works_is_not_told(database: Database, changes: Any) -> None:
    await choose(database, failures="EVERY_ATTEMPT")
    await notify_failed_attempts(database, [run("FAILED") | changes])
    assert await mails(database) == {}


@pytest.mark.parametrize("status", ["RETRY", "FAILED"])
async def test_attempts_that_failed_by_our_own_network_are_not_told_even_later(database: Database, status: str) -> None:
    await choose(database, failures="EVERY_ATTEMPT")
    stored = run("FAILED", status=status, reason="INCONCLUSIVE")
    await tell(database, [stored])
    assert await mails(database) == {}
    later = run("FAILED", "FAILED")
    later["attempts"][0]["is_inconclusive"] = True
    await notify_failed_attempts(database, [later])
    assert await mails(database) == {"2": "QUEUED"}


async def test_the_attempts_of_a_round_that_followed_an_outage_are_told(database: Database) -> None:
    await choose(database, failures="EVERY_ATTEMPT")
    again = run("FAILED", "FAILED", status="FAILED", round=1, inconclusive_rounds=1, budget_from=1)
    await notify_failed_attempts(database, [again])
    assert await mails(database) == {"2": "QUEUED"}
    await notify_failed_attempts(database, [again | {"_id": f"{RUN}0", "round": 2}])  # which a person began
    assert await mails(database) == {"2": "QUEUED"}


async def test_a_run_that_fails_without_an_attempt_is_told_as_before(database: Database) -> None:
    """Its second attempt was not made, because the next run was due: the mail about the first one said otherwise."""
    await choose(database, failures="EVERY_ATTEMPT")
    await tell(database, [run("FAILED")])
    gave_way = run("FAILED", status="FAILED", reason="GAVE_WAY", finished_at=RETRY_AT)
    await tell(database, [gave_way])
    assert await mails(database) == {"1": "QUEUED", "began": "SUPPRESSED", "failed": "QUEUED"}


@pytest.mark.parametrize("rule", [{"kinds": ["BEGAN_FAILING", "FAILED_FOR_GOOD"]}, {}])
async def test_who_wants_no_mails_about_attempts_gets_the_others(database: Database, rule: Any) -> None:
    await choose(database, failures="EVERY_ATTEMPT", mail_off=[] if rule else ["ATTEMPT_FAILED"])
    await choose(database, "u1/t1", **rule)
    await tell(database, [run("FAILED", status="FAILED")])
    assert await mails(database) == {"1": "SUPPRESSED", "failed": "QUEUED"}


async def test_channels_are_told_of_attempts_if_they_name_them(database: Database) -> None:
    """Otherwise alert services, which need the beginning and the end, would be told twice."""
    await add_channel(database, "https://hooks.example.org/a", "u1/all")
    await add_channel(database, "https://hooks.example.org/b", "u1/some", events=["ATTEMPT_FAILED"])
    await choose(database, failures="EVERY_ATTEMPT")
    await tell(database, [run("FAILED", status="FAILED")])
    found = [each["_id"] async for each in database.deliveries.find({"channel": {"$gt": ""}}).sort("_id", 1)]
    assert found == [f"{RUN}:1@u1/some", "u1/t1:3:failed@u1/all"]


@pytest.mark.parametrize(("runs", "reads"), [([run("COMPLETED", status="COMPLETED")], 0), ([run("FAILED")] * 50, 1)])
async def test_runs_that_failed_cost_one_query_and_others_none(
    database: Database, monkeypatch: pytest.MonkeyPatch, runs: list[Any], reads: int
) -> None:
    asked: list[Any] = []
    find = AsyncCollection.find

    def count(self: Any, *given: Any, **options: Any) -> Any:
        asked.append(given)
        return find(self, *given, **options)

    await choose(database, "bob", failures="EVERY_ATTEMPT")
    monkeypatch.setattr(AsyncCollection, "find", count)
    await notify_failed_attempts(database, runs)
    assert len(asked) == reads
