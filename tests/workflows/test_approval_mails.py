"""Approvals: only those who accept requests from the workflow's owner are mailed, and reminders are limited."""

from datetime import timedelta
from typing import Any

import pytest

from tests.harness import Stack, run_stack, wait_until
from tests.workflows.engine.test_runner import workflow
from tests.workflows.engine.world import World, define
from tocsin import clock
from tocsin.accounts.approval_requests import ApprovalRequestRules
from tocsin.documents import Database, User
from tocsin.errors import Conflict
from tocsin.jobs import registry
from tocsin.outbound.recipient_rules import RecipientRules
from tocsin.workflows import control
from tocsin.workflows.approval_mails import ApprovalMails
from tocsin.workflows.approval_refusals import ApprovalRefusals
from tocsin.workflows.engine.states import WorkflowState
from tocsin.workflows.language.validation import parse_definition
from tocsin.workflows.language.yaml_reader import WorkflowInvalid, parse_yaml

ALICE, BOB = "alice@example.com", "bob@example.com"


async def user(name: str, *accepted: str, **more: Any) -> User:
    given = {"email": f"{name}@example.com", "password": "", "created_at": clock.now(), **more}
    return await User(id=name, accepts_requests_from=list(accepted), **given).insert()


async def waiting_run(stack: Stack, by: str) -> str:
    await stack.save_workflow(workflow({"key": "ask", "approval": {"by": by}}))
    run_id = await stack.execute("w")
    stack.workflows.request_advance(run_id)

    async def waits() -> bool:
        found = await stack.database.workflow_runs.find_one({"_id": run_id}) or {}
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
        refusal = await ApprovalRefusals(rules).find_reason("alice", BOB)
        assert refusal is not None
        assert ALICE in refusal
        letters = ApprovalMails(database, rules)
        await letters.enqueue_for_decider(bob, ALICE)
        assert await asked(database) == []
        await database.users.update_one({"_id": "bob"}, {"$set": {"accepts_requests_from": [ALICE]}})
        willing = await User.get("bob")
        assert willing is not None
        for _ in range(2):
            await letters.enqueue_for_decider(willing, ALICE)
        assert await asked(database) == ["bob"]
        assert await ApprovalRefusals(rules).find_reason("alice", BOB) is None
        await control.decide_approval(database, willing, run_id, "ask", clock.now(), approved=True, comment="")


@pytest.mark.parametrize(("to_admins", "mailed"), [(False, []), (True, ["carol"])])
async def test_administrators_are_mailed_by_a_setting(database: Database, to_admins: bool, mailed: list[str]) -> None:
    await user("alice")
    await user("carol", is_admin=True)
    async with run_stack(database) as stack:
        run_id = await waiting_run(stack, "admins")
        document = await database.workflow_runs.find_one({"_id": run_id})
        assert document is not None
        events = await ApprovalMails(database, ApprovalRequestRules(admins_accept_everyone=to_admins))._mails_for(
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


@pytest.mark.parametrize(("every", "right"), [("PT1S", False), ("PT59M59S", False), ("PT1H", True), ("P1D", True)])
def test_reminders_come_an_hour_apart_at_least(every: str, right: bool) -> None:
    text = f"name: w\nsteps:\n  - {{key: ask, approval: {{by: admins, remindEvery: {every}}}}}\n"
    if right:
        parse_definition(parse_yaml(text), registry.RegisteredJobs())
        return
    with pytest.raises(WorkflowInvalid) as caught:
        parse_definition(parse_yaml(text), registry.RegisteredJobs())
    (fault,) = caught.value.faults
    assert fault.path == ("steps", 0, "approval", "remindEvery")
    assert fault.message == f"remindEvery must be PT1H or longer; it is {every}."


def test_a_workflow_that_was_saved_with_less_reminds_each_hour() -> None:
    world = World(define({"key": "ask", "approval": {"by": "admins", "remindEvery": "PT1S"}}))
    world.look()
    for hours in range(1, 4):
        assert world.document["wake_at"] == world.now + timedelta(hours=1)
        world.now += timedelta(hours=1)
        world.look()
        assert world.document["steps"]["ask"]["reminders"] == hours


def test_recipients_that_the_settings_forbid_are_faults_of_a_workflow() -> None:
    text = """
name: w
inputs: {to: {default: "x@y.test"}}
steps:
  - {key: a, job: email, params: {to: [alice@example.com, eve@example.org, "${{ inputs.to }}"], subject: s, body: b}}
  - {key: b, job: report, params: {title: t, format: CSV, data: [], recipients: [eve@example.org]}}
"""
    jobs = registry.RegisteredJobs(recipients=RecipientRules("owner", ALICE))
    with pytest.raises(WorkflowInvalid) as caught:
        parse_definition(parse_yaml(text), jobs)
    places = [fault.path for fault in caught.value.faults]
    assert places == [("steps", 0, "params", "to", 1), ("steps", 1, "params", "recipients", 0)]
    assert "TOCSIN_EMAIL_RECIPIENTS" in caught.value.faults[0].message
