"""What was opened in an alert service is closed there, whatever the owner does to the task, its rule or the channel."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.notifications.channel_helpers import BOX, CHANNEL, RULES, add_channel, at_work, stored_channel
from tests.notifications.channels.helpers import json_of, service
from tests.notifications.channels.samples import SAMPLES
from tests.notifications.incidents.world import MINUTE, World
from tests.notifications.preferences.helpers import choose
from tests.outbound.servers import Server, answering, response
from tocsin import clock
from tocsin.documents import Database, ErrorKind, User
from tocsin.keys.reencryption import count_secrets_by_key, reencrypt_secrets
from tocsin.notifications.channel_changes import ChannelUpdate, delete_channel, update_channel
from tocsin.notifications.delivery_order import MAX_WAITING
from tocsin.notifications.delivery_worker import DeliveryWorker
from tocsin.notifications.incidents.alerts import review_alerts
from tocsin.security.secret_box import SecretBox

SAMPLE, JOB = SAMPLES["pagerduty"], ErrorKind.JOB
OTHER_KEY = {"routingKey": "0123456789abcdef0123456789abcdef"}


@dataclass
class OnCall:
    """A task that may fail, a PagerDuty channel of its owner, and what the service has received."""

    world: World
    worker: DeliveryWorker
    server: Server

    @property
    def database(self) -> Database:
        return self.world.database

    async def send(self) -> None:
        await self.world.pass_time(16 * MINUTE)  # the keeper looks at tasks by then
        await self.worker.send_due()

    def sent(self) -> list[tuple[str, str, str]]:
        """Return the action, the alert and the integration key of each event, in order."""
        events = [json_of(each) for each in self.server.seen]
        return [(each["event_action"], each["dedup_key"], each["routing_key"]) for each in events]

    def open_alerts(self) -> set[tuple[str, str]]:
        """Return the alerts that are open in the service, each with the integration key that opened it."""
        found: set[tuple[str, str]] = set()
        for action, alert, key in self.sent():
            (found.add if action == "trigger" else found.discard)((alert, key))
        return found

    async def change(self, **changes: Any) -> None:
        await update_channel(self.database, BOX, await stored_channel(self.database), ChannelUpdate(**changes), RULES)

    async def rule(self, **fields: Any) -> None:
        await choose(self.database, "u1/a", **fields)
        await review_alerts(self.database, "u1/a")

    async def hold(self, hold: str) -> None:
        await self.database.tasks.update_one({"_id": "u1/a"}, {"$set": {"hold": hold}})
        await review_alerts(self.database, "u1/a")


@contextlib.asynccontextmanager
async def open_on_call(database: Database, *, events: Any = None) -> AsyncIterator[OnCall]:
    world = World(database)
    world.clock.time = clock.now()
    await world.add_tasks("a", next_run_at=clock.now() + 1_000 * MINUTE)
    await add_channel(database, "", kind="pagerduty", given=SAMPLE.given, events=events)
    async with (
        service(SAMPLE.host, SAMPLE.success) as (server, http),
        at_work(database, world.clock, http=http) as worker,
    ):
        yield OnCall(world, worker, server)


@pytest.fixture
async def on_call(database: Database, alice: User) -> AsyncIterator[OnCall]:
    async with open_on_call(database) as opened:
        yield opened


ENDS: dict[str, Callable[[OnCall], Awaitable[Any]]] = {
    "works again": lambda on_call: on_call.world.end("a", "COMPLETED"),
    "paused": lambda on_call: on_call.hold("PAUSED"),
    "cancelled": lambda on_call: on_call.hold("CANCELLED"),
    "deleted": lambda on_call: on_call.hold("DELETED"),
}
MEANWHILE: dict[str, Callable[[OnCall], Awaitable[Any]]] = {
    "nothing": lambda on_call: on_call.worker.send_due(),
    "muted": lambda on_call: on_call.rule(muted=True),
    "taken from the rule": lambda on_call: on_call.rule(channels=[]),
    "other kinds in the rule": lambda on_call: on_call.rule(kinds=["FAILED_FOR_GOOD"]),
    "other events": lambda on_call: on_call.change(events=(["TASK_PAUSED"],)),
    "channel paused": lambda on_call: on_call.change(is_enabled=False),
}


CASES = [
    (meanwhile, end)
    for meanwhile in MEANWHILE
    for end in ENDS
    if meanwhile == "nothing" or end in ("works again", "paused")
]


@pytest.mark.parametrize("kind", [ErrorKind.CONNECT, JOB])
@pytest.mark.parametrize(("meanwhile", "end"), CASES)
async def test_each_alert_that_was_opened_is_resolved(
    on_call: OnCall, kind: ErrorKind, meanwhile: str, end: str
) -> None:
    await on_call.world.end("a", "FAILED", kind)
    await on_call.send()
    assert len(on_call.open_alerts()) == 1
    await MEANWHILE[meanwhile](on_call)
    await on_call.send()
    await ENDS[end](on_call)
    await on_call.send()
    await on_call.send()
    assert not on_call.open_alerts()
    actions = [action for action, _, _ in on_call.sent()]
    assert actions.count("trigger") == actions.count("resolve")


async def test_an_alert_is_resolved_although_the_channel_names_only_failures(database: Database, alice: User) -> None:
    async with open_on_call(database, events=["FAILED_FOR_GOOD"]) as on_call:
        await on_call.world.end("a", "FAILED")
        await on_call.send()
        await on_call.world.end("a", "COMPLETED")
        await on_call.send()
        assert [action for action, _, _ in on_call.sent()] == ["trigger", "resolve"]


async def test_an_alert_that_only_a_reminder_has_opened_is_resolved(database: Database, alice: User) -> None:
    async with open_on_call(database, events=["STILL_FAILING"]) as on_call:
        await choose(database, reminder_every=900.0)
        on_call.world.keeper = on_call.world.make_keeper(reminder_interval=_every_quarter)
        await on_call.world.end("a", "FAILED", JOB)
        await on_call.send()
        assert len(on_call.open_alerts()) == 1
        await on_call.world.end("a", "COMPLETED")
        await on_call.send()
        assert not on_call.open_alerts()


async def _every_quarter(_owner: str) -> Any:
    return 15 * MINUTE


async def _delete(on_call: OnCall) -> None:
    await delete_channel(on_call.database, await stored_channel(on_call.database))


@pytest.mark.parametrize("change", [_delete, lambda on_call: on_call.change(given=("pagerduty", OTHER_KEY))])
@pytest.mark.parametrize("is_over_before", [False, True], ids=["fails", "is over"])
async def test_an_alert_is_resolved_where_it_was_opened_if_the_channel_is_deleted_or_gets_another_key(
    on_call: OnCall, change: Callable[[OnCall], Awaitable[None]], *, is_over_before: bool
) -> None:
    await on_call.world.end("a", "FAILED")
    await on_call.send()
    if is_over_before:
        await on_call.world.end("a", "COMPLETED")
    await change(on_call)
    await on_call.send()
    ((_, alert, key), (action, resolved, same_key)) = on_call.sent()
    assert (action, resolved, same_key) == ("resolve", alert, key)
    if not is_over_before:  # nobody was told by the new key
        await on_call.world.end("a", "COMPLETED")
        await on_call.send()
    assert not on_call.open_alerts()


async def test_the_settings_with_which_an_alert_is_closed_change_their_key_too(on_call: OnCall) -> None:
    await on_call.world.end("a", "FAILED")
    await on_call.send()
    await on_call.change(given=("pagerduty", OTHER_KEY))
    box, key = SecretBox(b"k" * 32), "1" * 16
    box.set_keys({key: b"n" * 32}, key)
    assert (await reencrypt_secrets(on_call.database, box)).secrets == 2
    assert await count_secrets_by_key(on_call.database) == {key: 2}


async def test_the_end_of_what_was_told_is_kept_however_much_waits_for_the_channel(on_call: OnCall) -> None:
    world, database = on_call.world, on_call.database
    await world.end("a", "FAILED")
    await on_call.send()
    on_call.server.answers = [SAMPLE.success, response("503 Service Unavailable"), SAMPLE.success]
    for _ in range(MAX_WAITING):
        await world.end("a", "COMPLETED")
        await world.pass_time(90 * MINUTE)
        await world.end("a", "FAILED")
        await world.pass_time(MINUTE)
        await on_call.worker.send_due()
    await world.end("a", "COMPLETED")
    await database.notification_channels.update_one({"_id": CHANNEL}, {"$set": {"retry_at": None}})
    for _ in range(4):
        await on_call.send()
    assert not on_call.open_alerts()


async def test_who_was_told_is_told_of_the_end_after_a_mute_and_others_are_not(database: Database, alice: User) -> None:
    world = World(database)
    world.clock.time = clock.now()
    await world.add_tasks("a", "b", next_run_at=clock.now() + 1_000 * MINUTE)
    async with answering(response("200 OK", b"ok")) as slack, at_work(database, world.clock) as worker:
        await add_channel(database, slack.url)
        await choose(database, "u1/b", muted=True)
        for name in ("a", "b"):
            await world.end(name, "FAILED", JOB)
        await world.pass_time(MINUTE)
        await worker.send_due()
        await choose(database, "u1/a", muted=True)
        for name in ("a", "b"):
            await world.end(name, "COMPLETED")
        await world.pass_time(MINUTE)
        await worker.send_due()
    assert [json_of(each)["type"] for each in slack.seen] == ["task.failed", "task.recovered"]


async def test_mails_that_are_turned_off_stay_off(database: Database, alice: User) -> None:
    world = World(database)
    world.clock.time = clock.now()
    await world.add_tasks("a", "b", next_run_at=clock.now() + 1_000 * MINUTE)
    async with at_work(database, world.clock) as worker:
        for name in ("a", "b"):
            await world.end(name, "FAILED", JOB)
        await world.pass_time(MINUTE)
        await worker.send_due()
        await choose(database, "u1/a", mailed=False)
        await choose(database, mail_off=["INCIDENT_CLOSED"])
        await world.end("a", "COMPLETED")
        await database.tasks.update_one({"_id": "u1/b"}, {"$set": {"hold": "PAUSED"}})
        await world.pass_time(16 * MINUTE)
        await worker.send_due()
    found = database.deliveries.find({"status": "DELIVERED"})
    assert sorted([each["kind"] async for each in found]) == ["FAILED_FOR_GOOD", "FAILED_FOR_GOOD"]
