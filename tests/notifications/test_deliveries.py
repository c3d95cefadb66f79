"""Queued deliveries as they are stored, listed and deleted."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import BulkWriteError

from tests.notifications.channel_helpers import CHANNEL, add_channel
from tests.notifications.helpers import BEGAN, START, ListChannel, changed, mail, stored
from tests.notifications.samples import DUE, ENDED, WORKFLOW_RUN, failed_run, retried_run
from tocsin import clock
from tocsin.documents import Database, Delivery, StepStatus
from tocsin.notifications import deliveries
from tocsin.notifications.account_events import LinkRequested, QuotaMet
from tocsin.notifications.channels import CHANNELS
from tocsin.notifications.channels.base import Message
from tocsin.notifications.channels.mail import MailChannel
from tocsin.notifications.deliveries import (
    enqueue_deliveries,
    find_notified,
    list_newest,
    new_delivery,
    notify,
    prune_deliveries,
)
from tocsin.notifications.events import Event, EventKind
from tocsin.notifications.inbox.store import store_notifications
from tocsin.notifications.notices import render_notice
from tocsin.notifications.pages import run_page_path
from tocsin.notifications.run_events import ApprovalRequested, IncidentStage, TaskFailure

MESSAGE = Message("A subject", "A text")


def link(kind: EventKind, to: str | None = None) -> LinkRequested:
    return LinkRequested(kind=kind, id="x", owner="u1", at=DUE, sealed="?", good_until=ENDED, to=to, inviter=None)


def test_a_delivery_has_what_its_event_and_its_message_say() -> None:
    event = TaskFailure.from_run(retried_run())
    assert new_delivery(event, "mail", MESSAGE) == {
        "_id": "u1/t1:3:began", "owner": "u1", "kind": "BEGAN_FAILING", "run": "u1/t1:1795338000000",
        "subject": "A subject", "text": "A text", "status": "QUEUED", "queued_at": ENDED, "next_try_at": ENDED,
        "lease_until": None, "tries": 0, "last_error": None, "delivered_at": None,
        "link": run_page_path("u1/t1:1795338000000"),
        "about": {"type": "Task", "id": "u1/t1", "incident": 3, "stage": 0},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("event", "channel", "more"),
    [
        (QuotaMet.from_quotas("u1", ["10 runs"], DUE), "mail", {}),
        (QuotaMet.from_quotas("u1", ["10 runs"], DUE), "list", {"channel": "list", "_id": "u1/quota:2026-11-22@list"}),
        (link(EventKind.PASSWORD_RESET), "mail", {"sealed": "?", "good_until": ENDED}),
        (link(EventKind.INVITATION, "a@b.c"), "mail", {"sealed": "?", "good_until": ENDED, "to": "a@b.c"}),
    ],
)
def test_a_delivery_has_optional_fields_only_where_they_mean_something(
    event: Event, channel: str, more: dict[str, Any]
) -> None:
    delivery = new_delivery(event, channel, MESSAGE)
    optional = {"link", "about", "sealed", "good_until", "to", "channel"}
    assert optional & set(delivery) == set(more) - {"_id"}
    assert dict(delivery).items() >= more.items()


def test_a_delivery_has_the_content_of_a_message_that_has_one() -> None:
    event = QuotaMet.from_quotas("u1", ["10 runs"], DUE)
    message = MailChannel.render(event)
    assert message.content is not None
    delivery = new_delivery(event, "mail", message)
    assert delivery.get("content") == message.content
    assert Delivery.model_validate(delivery).content == message.content


def test_each_delivery_fits_the_stored_document(database: Database) -> None:
    approval = ApprovalRequested.from_step(WORKFLOW_RUN, "ask", "u2", {"status": StepStatus.WAITING, "started_at": DUE})
    events = [TaskFailure.from_run(failed_run()), approval, link(EventKind.INVITATION, "a@b.c")]
    for event in events:
        delivery = new_delivery(event, "list", MESSAGE)
        assert Delivery.model_validate(delivery).id == delivery["_id"]
        assert set(delivery) - {"_id"} <= set(Delivery.model_fields)


async def test_an_incident_that_any_channel_notified_of_is_known(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CHANNELS, "list", ListChannel)
    wanted = [IncidentStage(f"u1/t{number}", 0, stage) for number in (1, 2, 3) for stage in (0, 1)]
    began, failed = TaskFailure.from_run(retried_run(incident=0)), TaskFailure.from_run(failed_run(incident=0))
    by_list = new_delivery(replace(failed, id="u1/t2:0:failed"), "list", MESSAGE)
    await enqueue_deliveries(database, [new_delivery(began, "mail", MESSAGE), by_list])
    assert await find_notified(database, wanted) == {wanted[0], wanted[2], wanted[3]}
    assert await find_notified(database, []) == set()


async def test_the_notification_of_a_later_stage_silences_an_earlier_one_but_not_its_own(database: Database) -> None:
    """After a crash between the two, the delivery of the later stage is still to be made."""
    await store_notifications(database, [TaskFailure.from_run(failed_run(incident=0))])
    stages = [IncidentStage("u1/t1", 0, stage) for stage in (0, 1)]
    assert await find_notified(database, stages) == {stages[0]}


async def test_a_crash_before_the_deliveries_loses_none(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    event = TaskFailure.from_run(failed_run())
    with monkeypatch.context() as crashing:
        crashing.setattr(deliveries, "enqueue_deliveries", _crash)
        with pytest.raises(ConnectionError):
            await notify(database, [event])
    (first,) = await database.notifications.find({}).to_list()
    assert await database.deliveries.find({}).to_list() == []
    await notify(database, [event])
    assert await database.notifications.find({}).to_list() == [first]
    assert [each["_id"] async for each in database.deliveries.find({})] == [event.id]


async def _crash(*_: object) -> None:
    raise ConnectionError


async def test_an_event_is_queued_by_now_with_the_text_of_its_mail(database: Database) -> None:
    before = clock.now()
    await notify(database, [TaskFailure.from_run(failed_run()), QuotaMet.from_quotas("u1", ["10 runs"], DUE)])
    failure, quota = await stored(database, "u1/t1:3:failed"), await stored(database, "u1/quota:2026-11-22")
    assert (failure["subject"], quota["subject"]) == ('Task "Nightly backup" has failed', "You have reached a quota")
    assert before <= failure["queued_at"] == failure["next_try_at"] <= clock.now()


async def test_a_cause_that_was_queued_before_is_left_as_it_is(database: Database) -> None:
    await enqueue_deliveries(database, [mail()], START)
    await database.deliveries.update_one({"_id": BEGAN}, {"$set": {"status": "DELIVERED"}})
    later = START + timedelta(hours=1)
    await enqueue_deliveries(database, [changed(mail(), text="other"), mail("u1/t2:0:began")], later)
    kept, new = await stored(database), await stored(database, "u1/t2:0:began")
    assert (kept["status"], kept["text"], kept["queued_at"]) == ("DELIVERED", mail()["text"], START)
    assert (new["status"], new["queued_at"]) == ("QUEUED", later)


async def test_listeners_are_called_for_deliveries_of_their_database_while_they_listen(database: Database) -> None:
    calls: list[str] = []
    other = Database(database.client, database.db, database.uri, "other")
    with database.deliveries_queued.connected(lambda _: calls.append("mine")):
        with other.deliveries_queued.connected(lambda _: calls.append("other")):
            await enqueue_deliveries(database, [mail()], START)
            await enqueue_deliveries(database, [], START)
        assert calls == ["mine"]
    await enqueue_deliveries(database, [mail("u1/t2:0:began")], START)
    assert calls == ["mine"]


async def test_the_newest_deliveries_are_found_however_old_they_are(database: Database) -> None:
    ages = [timedelta(0), timedelta(minutes=5), timedelta(days=2), timedelta(days=900), timedelta(days=15_000)]
    for number, age in enumerate(ages):
        await enqueue_deliveries(database, [mail(f"u1/t{number}:0:began")], START - age)
    for limit in (1, 2, 3, 4, 5, 6):
        found = await list_newest(database, limit, START)
        assert [each["_id"] for each in found] == [f"u1/t{number}:0:began" for number in range(min(limit, 5))]


async def test_a_list_of_no_deliveries_is_empty(database: Database) -> None:
    assert await list_newest(database, 10, clock.now()) == []


async def test_finished_deliveries_are_deleted_once_they_are_old(database: Database) -> None:
    old = [mail(f"u1/t{number}:0:began") for number in range(600)]
    await enqueue_deliveries(database, old, START - timedelta(days=1))
    await database.deliveries.update_many({}, {"$set": {"status": "DELIVERED"}})
    await enqueue_deliveries(database, [mail("u1/t1:2:began")], START - timedelta(days=1))  # still to be sent
    await enqueue_deliveries(database, [mail("u1/t1:1:began")], START)
    assert await prune_deliveries(database, START) == 600
    assert [each["_id"] for each in await list_newest(database, 10, START)] == ["u1/t1:1:began", "u1/t1:2:began"]
    assert await prune_deliveries(database, START) == 0


async def test_channels_of_the_owner_are_told_beside_the_mail_and_only_once(database: Database) -> None:
    await add_channel(database, "https://example.org/")
    await add_channel(database, "https://example.org/", "u1/c2", events=["QUOTA_MET"])
    for _ in range(2):
        await notify(database, [TaskFailure.from_run(failed_run()), QuotaMet.from_quotas("u1", ["10 runs"], DUE)])
    found = {each["_id"]: each.get("channel") async for each in database.deliveries.find({})}
    failure, quota = "u1/t1:3:failed", "u1/quota:2026-11-22"
    assert found == {
        failure: None, quota: None, f"{failure}@{CHANNEL}": CHANNEL, f"{quota}@{CHANNEL}": CHANNEL,
        f"{quota}@u1/c2": "u1/c2",
    }  # fmt: skip
    told = await stored(database, f"{failure}@{CHANNEL}")
    assert (told["text"], told["about"]["id"]) == (render_notice(TaskFailure.from_run(failed_run())).text, "u1/t1")
    assert {each["_id"] for each in await list_newest(database, 9, clock.now())} == {quota, failure}


async def test_links_to_take_an_account_go_to_no_channel(database: Database) -> None:
    await add_channel(database, "https://example.org/")
    await notify(database, [link(kind) for kind in (EventKind.PASSWORD_RESET, EventKind.EMAIL_CONFIRMATION)])
    await notify(database, [replace(link(EventKind.INVITATION, "a@b.c"), id="y", owner="")])
    assert [each.get("channel") async for each in database.deliveries.find({})] == [None, None]


async def test_a_stage_whose_channels_were_queued_without_the_mail_is_told_again(database: Database) -> None:
    """The mail is queued last, so the others cannot be missing if it is there."""
    await add_channel(database, "https://example.org/")
    failed = TaskFailure.from_run(failed_run())
    await enqueue_deliveries(database, [new_delivery(failed, CHANNEL, MESSAGE)])
    stage = IncidentStage("u1/t1", 3, 1)
    assert await find_notified(database, [stage]) == set()
    await notify(database, [failed])
    assert await find_notified(database, [stage]) == {stage}


async def test_nothing_is_read_when_there_is_nothing_to_tell() -> None:
    nowhere: Any = None
    await notify(nowhere, iter(()))


async def test_a_refused_delivery_to_a_channel_keeps_the_mail_from_being_queued(database: Database) -> None:
    """The mail says that the channels were told, so it must not be queued without their deliveries."""
    await add_channel(database, "https://example.org/")
    failed, stage = TaskFailure.from_run(failed_run()), IncidentStage("u1/t1", 3, 1)
    await database.db.command("collMod", "deliveries", validator={"channel": {"$exists": False}})
    with pytest.raises(BulkWriteError):
        await notify(database, [failed])
    assert await find_notified(database, [stage]) == set()
    await database.db.command("collMod", "deliveries", validator={})
    await notify(database, [failed])
    assert {each["_id"] async for each in database.deliveries.find({})} == {failed.id, f"{failed.id}@{CHANNEL}"}


@pytest.mark.parametrize("kind", EventKind)
async def test_the_mail_is_queued_of_every_kind_of_event(database: Database, kind: EventKind) -> None:
    """So its delivery can stand for all others: see `find_notified`."""
    event = Event(kind=kind, id="u1/x", owner="u1", at=DUE)
    assert await MailChannel.accepts(event, database)
