"""Approvals: only those who accept requests from the workflow's owner are mailed, and reminders are limited."""

from datetime import timedelta
from typing import Any

import pytest

from tests.harness import Stack, run_stack, wait_until
from tests.workflows.engine.world import World, define
from tests.workflows.samples import require, workflow
from tocsin import clock
from tocsin.accounts.approval_requests import ApprovalRequestRules
from tocsin.documents import Database, User
from tocsin.errors import Conflict
from tocsin.workflows import control
from tocsin.workflows.approval_mails import ApprovalMails
from tocsin.workflows.approval_refusals import ApprovalRefusals
from tocsin.workflows.engine.states import WorkflowState

ALICE, BOB = "alice@example.com", "bob@example.com"


async def user(name: str, *accepted: str, **more: Any) -> User:
    given = {"email": f"{name}@example.com", "password": "", "created_at": clock.now(), **more}
    return await User(id=name, accepts_requests_from=list(accepted), **given).insert()


async def refusal_of_bob(rules: ApprovalRequestRules) -> str | None:
    return (await ApprovalRefusals(rules).find_reasons([("alice", BOB)]))["alice", BOB]


async def waiting_run(stack: Stack, by: str) -> str:
    await stack.save_workflow(workflow({"key": "ask", "approval": {"by": by}}))
    run_id = await stack.execute("w")
    stack.workflows.request_advance(run_id)

    async def waits() -> bool:
        found = require(await stack.database.workflow_runs.find_one({"_id": run_id}))
        return bool(found["steps"]["ask"]["status"] == "WAITING")

    await wait_until(waits)
    return run_id


async def asked(database: Database) -> list[str]:
    return [mail["owner"] async for mail in database.deliveries.find({"kind": "APPROVAL"})]


async def test_only_who_accepts_is_mailed_and_who_accepts_later_is_mailed_then(database: Database) -> None:
    await user("alice")
    bob = await user("bob", "dave@example.com")
    rules = ApprovalRequestRules()
    async with run_stack(database) as stack:
        run_id = await waiting_run(stack, BOB)
        assert await asked(database) == []
        refusal = await refusal_of_bob(rules)
        assert refusal is not None
        assert ALICE in refusal
        mails = ApprovalMails(database, rules)
        await mails.enqueue_for_decider(bob, ALICE)
        assert await asked(database) == []
        await database.users.update_one({"_id": "bob"}, {"$set": {"accepts_requests_from": [ALICE]}})
        willing = await User.get("bob")
        assert willing is not None
        for _ in range(2):
            await mails.enqueue_for_decider(willing, ALICE)
        assert await asked(database) == ["bob"]
        assert await refusal_of_bob(rules) is None
        await control.decide_approval(database, willing, run_id, "ask", clock.now(), approved=True, comment="")


@pytest.mark.parametrize(("to_admins", "mailed"), [(False, []), (True, ["carol"])])
async def test_administrators_are_mailed_by_a_setting(database: Database, to_admins: bool, mailed: list[str]) -> None:
    await user("alice")
    await user("carol", is_admin=True)
    async with run_stack(database) as stack:
        run_id = await waiting_run(stack, "admins")
        document = await database.workflow_runs.find_one({"_id": run_id})
        assert document is not None
        events = await ApprovalMails(database, ApprovalRequestRules(admins_accept_everyone=to_admins))._find_requests(
            "ask", WorkflowState.from_document(document)
        )
    assert [event.owner for event in events] == mailed


async def test_an_address_that_is_not_confirmed_decides_nothing(database: Database) -> None:
    """Otherwise, anyone could sign up with the boss's address and decide."""
    await user("alice")
    stranger = await user("bob", email_confirmed=False)
    async with run_stack(database) as stack:
        run_id = await waiting_run(stack, BOB)
        with pytest.raises(Conflict, match="Confirm your email address"):
            await control.decide_approval(
                database, stranger, run_id, "ask", clock.now(), approved=True, comment="", confirms=True
            )


def test_a_workflow_that_was_saved_with_less_reminds_each_hour() -> None:
    world = World(define({"key": "ask", "approval": {"by": "admins", "remindEvery": "PT1S"}}))
    world.look()
    for hours in range(1, 4):
        assert world.document["wake_at"] == world.now + timedelta(hours=1)
        world.now += timedelta(hours=1)
        world.look()
        assert world.document["steps"]["ask"]["reminders"] == hours
