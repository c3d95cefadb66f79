"""Workflow runs are cancelled, resumed and decided on, with the real engine and real calls."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pymongo.asynchronous.collection import AsyncCollection

from tests.harness import TargetServer, run_stack, wait_until
from tests.workflows.samples import add_user, require, step, workflow
from tocsin import clock
from tocsin.accounts import COMMAND_LINE, deactivate_user
from tocsin.dead_letters import store
from tocsin.dead_letters.filter import DeadLetterFilter
from tocsin.documents import Database, User, WorkflowRun
from tocsin.errors import Conflict, InvalidInput, NotFound
from tocsin.workflows import control
from tocsin.workflows.approval_mails import find_deciders


async def test_a_decision_is_made_by_whom_it_is_asked_and_once(database: Database, target: TargetServer) -> None:
    await asyncio.gather(add_user("alice"), add_user("bob", "alice@example.com"), add_user("carol", is_admin=True))
    approval = {"by": "bob@example.com", "message": "Pay ${{ inputs.sum }}?"}
    text = workflow({"key": "ask", "approval": approval}, step("pay", f"{target.url}/pay"), inputs={"sum": {}})
    alice, bob, carol = [await User.get(name) for name in ("alice", "bob", "carol")]
    assert alice is not None
    assert bob is not None
    assert carol is not None
    async with run_stack(database) as stack:
        await stack.save_workflow(text)
        run_id = await stack.execute("w", {"sum": 5})
        stack.workflows.request_advance(run_id)

        async def mail() -> Any:
            return await database.deliveries.find_one({"kind": "APPROVAL"})

        dead_letter = await wait_until(mail)
        assert dead_letter["owner"] == "bob"
        assert "Pay 5?" in dead_letter["text"]

        async def waits() -> bool:  # mails are written first
            found = require(await database.workflow_runs.find_one({"_id": run_id}))
            return bool(found["steps"]["ask"]["status"] == "WAITING")

        await wait_until(waits)
        for person, error in ((carol, NotFound), (alice, Conflict)):
            with pytest.raises(error):
                await control.decide_approval(database, person, run_id, "ask", clock.now(), approved=True, comment="")
        await control.decide_approval(database, bob, run_id, "ask", clock.now(), approved=True, comment="fine")
        with pytest.raises(Conflict):
            await control.decide_approval(database, bob, run_id, "ask", clock.now(), approved=False, comment="")
        stack.workflows.request_advance(run_id)
        run = await stack.wait_for_workflow_run(run_id, "COMPLETED")
        assert run["steps"]["ask"]["decision"]["by"] == "bob@example.com"
        assert [call["path"] for call in target.calls] == ["/pay"]


@pytest.mark.parametrize(("decider", "asked_before"), [("alice", None), ("carol", "admins")])
async def test_a_decision_counts_only_if_the_step_asks_those_whom_it_asked_when_the_decider_was_checked(
    database: Database, monkeypatch: pytest.MonkeyPatch, decider: str, asked_before: str | None
) -> None:
    """The owner of a workflow could otherwise approve it, by deciding just when the step begins to ask."""
    users = {"alice": await add_user("alice"), "carol": await add_user("carol", is_admin=True)}

    async def find_and_ask(asks: str) -> list[User]:
        found = await find_deciders(asks)
        asking = {"steps.ask": {"status": "WAITING", "asks": "bob@example.com"}}
        await database.workflow_runs.update_one({"_id": run_id}, {"$set": asking})
        return found

    async with run_stack(database, schedule=False) as stack:
        await stack.save_workflow(workflow({"key": "ask", "approval": {"by": "bob@example.com"}}))
        run_id = await stack.execute("w")
        if asked_before is not None:
            asking = {"steps.ask": {"status": "WAITING", "asks": asked_before}}
            await database.workflow_runs.update_one({"_id": run_id}, {"$set": asking})
        monkeypatch.setattr(control, "find_deciders", find_and_ask)
        with pytest.raises(Conflict, match="The step ask is not waiting for a decision"):
            await control.decide_approval(
                database, users[decider], run_id, "ask", clock.now(), approved=True, comment=""
            )
    run = require(await database.workflow_runs.find_one({"_id": run_id}))
    assert run["steps"]["ask"] == {"status": "WAITING", "asks": "bob@example.com"}


async def test_a_wait_is_not_decided(database: Database) -> None:
    alice = await add_user("alice")
    async with run_stack(database, schedule=False) as stack:
        await stack.save_workflow(workflow({"key": "pause", "wait": "PT1H"}))
        await stack.make_runner().advance(run_id := await stack.execute("w"))
        with pytest.raises(Conflict, match="The step pause is not waiting for a decision: it is WAITING"):
            await control.decide_approval(database, alice, run_id, "pause", clock.now(), approved=True, comment="")


async def test_a_rejection_fails_the_step(database: Database, target: TargetServer) -> None:
    admin = await add_user("carol", is_admin=True)
    async with run_stack(database) as stack:
        await stack.save_workflow(workflow({"key": "ask", "approval": {"by": "admins"}}, step("pay", target.url)))
        run_id = await stack.execute("w")
        stack.workflows.request_advance(run_id)

        async def waits() -> bool:
            run = await WorkflowRun.get(run_id)
            return run is not None and run.steps["ask"]["status"] == "WAITING"

        await wait_until(waits)
        await control.decide_approval(database, admin, run_id, "ask", clock.now(), approved=False, comment="too dear")
        stack.workflows.request_advance(run_id)
        run = await stack.wait_for_workflow_run(run_id, "FAILED")
        assert run["error"]["message"] == "carol@example.com rejected it: too dear"
        assert target.calls == []


async def test_a_cancellation_aborts_active_runs(database: Database, target: TargetServer) -> None:
    async with run_stack(database) as stack:
        await stack.save_workflow(
            workflow(step("slow", f"{target.url}/wait", timeout="PT1M"), step("next", target.url))
        )
        run_id = await stack.execute("w")
        stack.workflows.request_advance(run_id)

        async def called() -> bool:
            return bool(target.calls)

        await wait_until(called)
        await control.cancel_workflow_run(database, "alice", run_id, clock.now())
        stack.workflows.request_advance(run_id)
        run = await stack.wait_for_workflow_run(run_id, "CANCELLED")
        assert {key: state["status"] for key, state in run["steps"].items()} == {
            "slow": "CANCELLED",
            "next": "CANCELLED",
        }
        assert [run["status"] for run in await stack.runs(run_id)] == ["CANCELLED"]
        with pytest.raises(NotFound):
            await control.cancel_workflow_run(database, "bob", run_id, clock.now())


async def test_deactivating_a_user_cancels_their_workflow_runs(database: Database, target: TargetServer) -> None:
    user = await add_user("alice")
    async with run_stack(database) as stack:
        await stack.save_workflow(workflow({"key": "pause", "wait": {"duration": "PT1H"}}, step("next", target.url)))
        run_id = await stack.execute("w")
        stack.workflows.request_advance(run_id)
        await stack.wait_for_workflow_run(run_id, "RUNNING")
        await deactivate_user(database, user, COMMAND_LINE)
        stack.workflows.request_advance(run_id)
        run = await stack.wait_for_workflow_run(run_id, "CANCELLED")
        assert {state["status"] for state in run["steps"].values()} == {"CANCELLED"}
        assert target.calls == []


async def test_resume_keeps_what_succeeded(database: Database, target: TargetServer) -> None:
    async with run_stack(database) as stack:
        inputs = {"path": {"type": "string"}}
        each = step("each", f"{target.url}/${{{{ item }}}}", forEach={"items": ["x", "y"], "concurrency": 1})
        last = step("last", f"{target.url}/${{{{ inputs.path }}}}/${{{{ length(steps.each.result) }}}}")
        await stack.save_workflow(workflow(step("first", f"{target.url}/first"), each, last, inputs=inputs))
        target.script = [200, 200, 500]
        run_id = await stack.execute("w", {"path": "old"})
        stack.workflows.request_advance(run_id)
        run = await stack.wait_for_workflow_run(run_id, "FAILED")
        assert run["steps"]["each"]["items"] == "CF"
        (dead_letter,) = await store.list_dead_letters(
            database, "alice", DeadLetterFilter(workflow="w"), clock.now(), None, 9
        )
        await store.discard_runs(database, [dead_letter["_id"]], clock.now())
        with pytest.raises(InvalidInput):
            await control.resume_workflow_run(database, stack.versions, "alice", run_id, {"path": 5}, clock.now())
        await control.resume_workflow_run(database, stack.versions, "alice", run_id, {"path": "new"}, clock.now())
        stack.workflows.request_advance(run_id)
        run = await stack.wait_for_workflow_run(run_id, "COMPLETED")
        assert [call["path"] for call in target.calls] == ["/first", "/x", "/y", "/y", "/new/2"]
        assert await database.runs.count_documents({"task": run_id}) == 4
        assert (await stack.run(dead_letter["_id"]))["discarded_at"] is None
        with pytest.raises(Conflict):
            await control.resume_workflow_run(database, stack.versions, "alice", run_id, None, clock.now())


async def test_a_run_that_was_compensated_cannot_be_resumed(database: Database, target: TargetServer) -> None:
    target.script = [200, 500, 200]
    undo = {"job": "http", "params": {"url": f"{target.url}/undo"}}
    async with run_stack(database) as stack:
        first = step("a", target.url, compensation=undo)
        await stack.save_workflow(workflow(first, step("b", target.url, onFailure="compensate")))
        stack.workflows.request_advance(run_id := await stack.execute("w"))
        run = await stack.wait_for_workflow_run(run_id, "FAILED")
        assert run["reason"] == "COMPENSATED"
        with pytest.raises(Conflict, match="was compensated"):
            await control.resume_workflow_run(database, stack.versions, "alice", run_id, None, clock.now())
        with pytest.raises(Conflict, match="already ended as FAILED"):
            await control.cancel_workflow_run(database, "alice", run_id, clock.now())


async def test_a_cancellation_asked_for_twice_is_recorded_once(database: Database) -> None:
    async with run_stack(database, schedule=False) as stack:
        await stack.save_workflow(workflow({"key": "pause", "wait": "PT1H"}))
        run_id, now = await stack.execute("w"), clock.now()
        for later in (timedelta(0), timedelta(hours=1)):
            run = await control.cancel_workflow_run(database, "alice", run_id, now + later)
        assert run.cancel_requested_at == now
        assert require(await database.workflow_runs.find_one({"_id": run_id}))["rev"] == 1


async def test_a_change_waits_for_those_of_the_engine(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each try meets another change, until they stop or become too many."""
    async with run_stack(database, schedule=False) as stack:
        await stack.save_workflow(workflow({"key": "pause", "wait": "PT1H"}))
        run_id = await stack.execute("w")
        find_one = AsyncCollection.find_one
        left = 3

        async def changed_meanwhile(self: Any, *args: Any, **more: Any) -> Any:
            nonlocal left
            found = await find_one(self, *args, **more)
            if self.name == "workflow_runs" and left > 0:
                left -= 1
                await self.update_one({"_id": run_id}, {"$inc": {"rev": 1}})
            return found

        monkeypatch.setattr(AsyncCollection, "find_one", changed_meanwhile)
        assert (await control.cancel_workflow_run(database, "alice", run_id, clock.now())).cancel_requested_at
        left = 1_000
        await database.workflow_runs.update_one({"_id": run_id}, {"$set": {"cancel_requested_at": None}})
        with pytest.raises(Conflict, match="changing too quickly"):
            await control.cancel_workflow_run(database, "alice", run_id, clock.now())
