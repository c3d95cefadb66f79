"""What is told of incidents when the account of their owner is deactivated: alert services hear that they are over."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.notifications.channel_helpers import add_channel, stored_channel
from tests.notifications.helpers import ALICE
from tests.notifications.incidents.world import MINUTE
from tests.notifications.test_alert_services import OTHER_KEY, OnCall, open_on_call
from tests.outbound.servers import answering, response
from tocsin.accounts import COMMAND_LINE, activate_user, deactivate_user, require_user_by_email
from tocsin.documents import Database, ErrorKind, User
from tocsin.notifications.channel_changes import delete_channel

ONCE = ["trigger", "resolve"]


@pytest.fixture
async def on_call(database: Database, alice: User) -> AsyncIterator[OnCall]:
    async with open_on_call(database) as opened:
        yield opened


async def deactivate(on_call: OnCall) -> None:
    await deactivate_user(on_call.database, await require_user_by_email(ALICE), COMMAND_LINE)


async def activate(on_call: OnCall) -> None:
    await activate_user(await require_user_by_email(ALICE), COMMAND_LINE)


async def look(on_call: OnCall) -> None:
    """Let the keeper look at what is due by now, and the worker send what is."""
    await on_call.world.pass_time(MINUTE)
    await on_call.worker.send_due()


def actions(on_call: OnCall) -> list[str]:
    return [action for action, _, _ in on_call.sent()]


async def as_workflow(on_call: OnCall) -> None:
    """Make the failing task a scheduled workflow, which nobody pauses."""
    stored: Any = {"_id": "u1/a", "owner": "u1", "next_run_at": on_call.world.now + 1_000 * MINUTE, "deleted": False}
    await on_call.database.workflows.insert_one(stored)
    await on_call.database.alerts.update_many({}, {"$set": {"subject_type": "Workflow"}})


@pytest.mark.parametrize("kind", [ErrorKind.CONNECT, ErrorKind.JOB])
@pytest.mark.parametrize("is_workflow", [False, True], ids=["task", "workflow"])
async def test_open_alerts_are_resolved_at_once_and_once(
    on_call: OnCall, kind: ErrorKind, *, is_workflow: bool
) -> None:
    await on_call.world.end("a", "FAILED", kind)
    await on_call.send()
    if is_workflow:
        await as_workflow(on_call)
    await deactivate(on_call)
    await look(on_call)
    assert actions(on_call) == ONCE
    assert not on_call.open_alerts()
    await deactivate(on_call)
    for _ in range(2):
        await on_call.send()
    await activate(on_call)
    for _ in range(2):
        await on_call.send()
    assert actions(on_call) == ONCE


async def test_what_is_activated_again_at_once_is_resolved_once(on_call: OnCall) -> None:
    await on_call.world.end("a", "FAILED")
    await on_call.send()
    await deactivate(on_call)
    await on_call.world.pass_time(MINUTE)
    await activate(on_call)
    for _ in range(2):
        await on_call.send()
    assert actions(on_call) == ONCE


async def test_what_fails_after_the_activation_is_told_and_resolved_anew(on_call: OnCall) -> None:
    await on_call.world.end("a", "FAILED", ErrorKind.JOB)
    await on_call.send()
    await deactivate(on_call)
    await look(on_call)
    await activate(on_call)
    await look(on_call)
    for status in ("FAILED", "COMPLETED"):
        await on_call.world.end("a", status, ErrorKind.JOB)
        await on_call.send()
    assert actions(on_call) == ONCE * 2
    assert not on_call.open_alerts()


async def test_an_attempt_that_ends_after_the_deactivation_opens_nothing(on_call: OnCall) -> None:
    await on_call.world.end("a", "FAILED")
    await on_call.send()
    await deactivate(on_call)
    await look(on_call)
    await on_call.world.end("a", "FAILED")
    await on_call.send()
    assert actions(on_call) == ONCE


@pytest.mark.parametrize("change", ["deleted", "other key", "paused"])
async def test_what_waits_for_a_service_that_is_away_is_told_although_its_channel_was_changed(
    on_call: OnCall, change: str
) -> None:
    on_call.server.answers = [on_call.server.answers[0], response("503 Down"), on_call.server.answers[0]]
    await on_call.world.end("a", "FAILED")
    await on_call.send()
    match change:
        case "deleted":
            await delete_channel(on_call.database, await stored_channel(on_call.database))
        case "other key":
            await on_call.change(given=("pagerduty", OTHER_KEY))
        case "paused":
            await on_call.change(is_enabled=False)
    await deactivate(on_call)
    for _ in range(3):
        await on_call.send()
    ((_, alert, key), *others) = on_call.sent()
    assert others[:2] == [("resolve", alert, key)] * 2  # the first of these was refused
    assert key not in [each for _, _, each in others[2:]]


async def test_nothing_else_is_sent(on_call: OnCall) -> None:
    async with answering(response("200 OK", b"ok")) as receiver:
        await add_channel(on_call.database, receiver.url, "u1/c2")
        await on_call.world.end("a", "FAILED")
        await on_call.send()
        assert len(receiver.seen) == 1
        await deactivate(on_call)
        for _ in range(2):
            await on_call.send()
        assert len(receiver.seen) == 1
    found = on_call.database.deliveries.find({"status": "DELIVERED", "channel": None})
    assert [each["kind"] async for each in found] == ["FAILED_FOR_GOOD"]
