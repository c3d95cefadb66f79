"""The list of decisions that workflow runs wait for says what the workflow runs say, also after a crash."""

from datetime import timedelta
from typing import Any

import pytest

from tests.harness import Stack, run_stack, wait_until
from tests.workflows.samples import add_user, require, step, workflow
from tocsin import clock
from tocsin.documents import Database, User
from tocsin.documents.paging import PageArguments, fetch_page
from tocsin.workflows import control, pending_approvals
from tocsin.workflows.approval_mails import may_decide
from tocsin.workflows.listing import query_pending_approvals
from tocsin.workflows.pending_approvals import PendingApprovals

ASK: dict[str, Any] = {"key": "ask", "approval": {"by": "admins", "message": "Go on?"}}
LATER = timedelta(minutes=2)


async def listed(database: Database, owner: str = "alice") -> list[tuple[str, str]]:
    """Return the owner's entries: workflow runs and steps."""
    user = require(await User.get(owner))
    page = await fetch_page(query_pending_approvals(database, user), PageArguments(None, None, None, None))
    return [(row["run"], row["step"]) for row in page.rows]


async def ask(stack: Stack, *steps: dict[str, Any], owner: str = "alice") -> str:
    """Execute a workflow with these steps, and wait until it asks."""
    await stack.save_workflow(workflow(*(steps or (ASK,))), owner)
    run_id = await stack.execute("w", owner=owner)
    stack.workflows.request_advance(run_id)
    await wait_until(lambda: _waits(stack, run_id))
    return run_id


async def _waits(stack: Stack, run_id: str) -> bool:
    run = require(await stack.database.workflow_runs.find_one({"_id": run_id}))
    return any(state["status"] == "WAITING" for state in run["steps"].values())


async def decide(stack: Stack, run_id: str, *, approved: bool = True) -> None:
    user = require(await User.get("alice"))
    await control.decide_approval(stack.database, user, run_id, "ask", clock.now(), approved=approved, comment="")
    stack.workflows.request_advance(run_id)


async def test_steps_are_listed_for_their_owner_until_they_are_decided(database: Database) -> None:
    await add_user("alice", is_admin=True)
    await add_user("bob")
    async with run_stack(database) as stack:
        first = await ask(stack)
        second = await ask(stack, ASK, {**ASK, "key": "other", "dependsOn": []})
        other = await ask(stack, owner="bob")
        assert await listed(database) == [(first, "ask"), (second, "ask"), (second, "other")]
        assert await listed(database, "bob") == [(other, "ask")]
        since = [row["since"] async for row in database.pending_approvals.find({"run": first})]
        run = require(await database.workflow_runs.find_one({"_id": first}))
        assert since == [run["steps"]["ask"].get("started_at")]
        await decide(stack, first)
        assert await listed(database) == [(second, "ask"), (second, "other")]
        await stack.wait_for_workflow_run(first, "COMPLETED")
        await decide(stack, second, approved=False)
        assert await listed(database) == [(second, "other")]
        await control.cancel_workflow_run(database, "alice", second, clock.now())
        stack.workflows.request_advance(second)
        await stack.wait_for_workflow_run(second, "CANCELLED")
        assert await listed(database) == []


async def test_a_step_that_times_out_or_is_resumed_leaves_and_comes_again(database: Database) -> None:
    await add_user("alice", is_admin=True)
    async with run_stack(database) as stack:
        run_id = await ask(stack, {**ASK, "approval": {**ASK["approval"], "timeout": "PT1S"}})
        assert await listed(database) == [(run_id, "ask")]
        await stack.wait_for_workflow_run(run_id, "FAILED")
        assert await listed(database) == []
        await control.resume_workflow_run(database, stack.versions, "alice", run_id, None, clock.now())
        stack.workflows.request_advance(run_id)
        await wait_until(lambda: _waits(stack, run_id))
        assert await listed(database) == [(run_id, "ask")]
        (entry,) = await database.pending_approvals.find({}).to_list()
        assert entry["_id"] == f"{run_id}:ask@1"


async def test_a_workflow_run_that_cannot_be_advanced_asks_no_more(database: Database) -> None:
    await add_user("alice", is_admin=True)
    async with run_stack(database) as stack:
        run_id = await ask(stack)
        assert await stack.workflows._runner.abandon(run_id)
        assert await listed(database) == []


async def test_what_is_not_listed_yet_is_added_by_the_next_sweep(database: Database) -> None:
    """As after an update of Tocsin."""
    await add_user("alice", is_admin=True)
    async with run_stack(database) as stack:
        run_id = await ask(stack)
    await database.pending_approvals.delete_many({})
    async with run_stack(database):

        async def is_listed() -> bool:
            return await listed(database) == [(run_id, "ask")]

        await wait_until(is_listed)


@pytest.mark.parametrize("left", ["decided", "ended", "deleted", "never"])
async def test_what_a_crash_left_is_removed(database: Database, left: str) -> None:
    await add_user("alice", is_admin=True)
    async with run_stack(database) as stack:
        run_id, kept = await ask(stack), await ask(stack)
    (entry,) = await database.pending_approvals.find({"run": run_id}).to_list()
    if left == "decided":
        await database.workflow_runs.update_one({"_id": run_id}, {"$set": {"steps.ask.status": "COMPLETED"}})
    elif left == "ended":
        await database.workflow_runs.update_one({"_id": run_id}, {"$set": {"open": False}})
    elif left == "deleted":
        await database.workflow_runs.delete_one({"_id": run_id})
    else:
        await database.pending_approvals.delete_many({"run": run_id})
        await database.pending_approvals.insert_one({**entry, "_id": f"{run_id}:ask@1"})
    approvals = PendingApprovals(database)
    await PendingApprovals(database).repair(entry["since"] + timedelta(seconds=30))
    assert len(await listed(database)) == 2, "its process may be about to store that it waits"
    await approvals.repair(entry["since"] + LATER)
    assert await listed(database) == [(kept, "ask")]


async def test_a_repair_goes_through_many_entries_in_parts(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending_approvals, "_BATCH", 2)
    await add_user("alice", is_admin=True)
    async with run_stack(database) as stack:
        kept = await ask(stack)
    old = clock.now() - LATER
    entries: Any = [
        {"_id": f"alice/w0{number}:ask@0", "owner": "alice", "run": f"alice/w0{number}", "step": "ask", "since": old}
        for number in range(5)
    ]
    await database.pending_approvals.insert_many(entries)
    approvals = PendingApprovals(database)
    for number in range(4):
        await approvals.repair(clock.now() + LATER * (number + 1))
        await approvals.repair(clock.now() + LATER * (number + 1))  # too soon for another part
        assert len(await listed(database)) == max(6 - 2 * (number + 1), 1)
    assert await listed(database) == [(kept, "ask")]


async def test_steps_that_ask_nobody_are_not_listed(database: Database) -> None:
    await add_user("alice", is_admin=True)
    async with run_stack(database) as stack:
        await ask(stack, {"key": "pause", "wait": "PT1H"}, step("call", "http://127.0.0.1:9/"))
        assert await listed(database) == []


@pytest.mark.parametrize(
    ("asks", "is_admin", "expected"),
    [
        ("admins", True, True),
        ("admins", False, False),
        ("alice@example.com", False, True),
        ("Alice@EXAMPLE.com", False, True),
        ("bob@example.com", True, False),
        ("no address", False, False),
        ("", True, False),
    ],
)
async def test_who_may_decide_is_whom_the_step_names(
    database: Database, asks: str, is_admin: bool, expected: bool
) -> None:
    assert database is not None
    assert may_decide(await add_user("alice", is_admin=is_admin), asks) is expected
