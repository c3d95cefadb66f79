"""Approvals: only those who accept requests from the workflow's owner are mailed, and reminders are limited."""

from datetime import timedelta
from typing import Any

import pytest

from tests.harness import Stack, run_stack, until
from tests.workflows.engine.test_runner import workflow
from tests.workflows.engine.world import World, define
from tocsin import clock
from tocsin.accounts.approval_requests import RequestRules
from tocsin.documents import Database, User
from tocsin.errors import Conflict
from tocsin.jobs import registry
from tocsin.outbound.recipient_rules import RecipientRules
from tocsin.workflows import control
from tocsin.workflows.approval_mails import Letters
from tocsin.workflows.approval_refusals import Refusals
from tocsin.workflows.engine.states import Flow
from tocsin.workflows.language.validation import read_definition
from tocsin.workflows.language.yaml_reader import WorkflowInvalid, read_yaml

ALICE, BOB = "alice@example.com", "bob@example.com"


async def user(name: str, *accepted: str, **more: Any) -> User:
    given = {"email": f"{name}@example.com", "password": "", "created_at": clock.now(), **more}
    return await User(id=name, accepts_requests_from=list(accepted), **given).insert()


async def waiting_run(stack: Stack, by: str) -> str:
    await stack.save_workflow(workflow({"key": "ask", "approval": {"by": by}}))
    run_id = await stack.execute("w")
    stack.workflows.touch(run_id)

    async def waits() -> bool:
        found = await stack.database.workflow_runs.find_one({"_id": run_id}) or {}
        return bool(found["steps"]["ask"]["status"] == "WAITING")

    await until(waits)
    return run_id


async def asked(database: Database) -> list[str]:
    return [mail["owner"] async for mail in database.deliveries.find({"kind": "APPROVAL"})]


async def test_only_who_accepts_is_mailed_and_who_accepts_later_is_mailed_then(database: Database) -> None:
    await user("alice")
    bob = await user("bob", "dave@example.com")
    rules = RequestRules()
    async with run_stack(database) as stack:
        run_id = await waiting_run(stack, BOB)
        assert await asked(database) == []
        refusal = await Refusals(rules).of("alice", BOB)
        assert refusal is not None
        assert ALICE in refusal
        letters = Letters(database, rules)
        await letters.ask_again(bob, ALICE)
        assert await asked(database) == []
        await database.users.update_one({"_id": "bob"}, {"$set": {"accepts_requests_from": [ALICE]}})
        willing = await User.get("bob")
        assert willing is not None
        for _ in range(2):
            await letters.ask_again(willing, ALICE)
        assert await asked(database) == ["bob"]
        assert await Refusals(rules).of("alice", BOB) is None
        await control.decide(database, willing, run_id, "ask", clock.now(), approved=True, comment="")


@pytest.mark.parametrize(("to_admins", "mailed"), [(False, []), (True, ["carol"])])
async def test_administrators_are_mailed_by_a_setting(database: Database, to_admins: bool, mailed: list[str]) -> None:
    await user("alice")
    await user("carol", is_admin=True)
    async with run_stack(database) as stack:
        run_id = await waiting_run(stack, "admins")
        document = await database.workflow_runs.find_one({"_id": run_id})
        assert document is not None
        letters = await Letters(database, RequestRules(to_admins=to_admins))._mails_for("ask", Flow.of(document))
    assert [letter["owner"] for letter in letters] == mailed


async def test_an_address_that_is_not_confirmed_decides_nothing(database: Database) -> None:
    """Otherwise, anyone could sign up with the boss's address and decide."""
    await user("alice")
    stranger = await user("bob", email_confirmed=False)
    async with run_stack(database) as stack:
        run_id = await waiting_run(stack, BOB)
        with pytest.raises(Conflict, match="Confirm your email address"):
            await control.decide(
                database, stranger, run_id, "ask", clock.now(), approved=True, comment="", confirms=True
            )


@pytest.mark.parametrize(("every", "right"), [("PT1S", False), ("PT59M59S", False), ("PT1H", True), ("P1D", True)])
def test_reminders_come_an_hour_apart_at_least(every: str, right: bool) -> None:
    text = f"name: w\nsteps:\n  - {{key: ask, approval: {{by: admins, remindEvery: {every}}}}}\n"
    if right:
        read_definition(read_yaml(text), registry.Catalog())
        return
    with pytest.raises(WorkflowInvalid) as caught:
        read_definition(read_yaml(text), registry.Catalog())
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
    jobs = registry.Catalog(recipients=RecipientRules("owner", ALICE))
    with pytest.raises(WorkflowInvalid) as caught:
        read_definition(read_yaml(text), jobs)
    places = [fault.path for fault in caught.value.faults]
    assert places == [("steps", 0, "params", "to", 1), ("steps", 1, "params", "recipients", 0)]
    assert "TOCSIN_EMAIL_RECIPIENTS" in caught.value.faults[0].message
