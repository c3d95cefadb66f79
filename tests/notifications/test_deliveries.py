"""Queued deliveries as they are stored, listed and deleted."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import BulkWriteError

from tests.notifications.channel_helpers import CHANNEL, add_channel
from tests.notifications.helpers import BEGAN, START, changed, mail, stored
from tests.notifications.outcome_samples import FAILED, FINISHED, REPORT
from tests.notifications.samples import DUE, ENDED, WORKFLOW_RUN, failed_run, failed_workflow_run, retried_run
from tocsin import clock
from tocsin.documents import Database, Delivery, StepStatus
from tocsin.notifications import deliveries
from tocsin.notifications.account_events import LinkRequested, QuotaMet
from tocsin.notifications.channels.base import Message
from tocsin.notifications.channels.mail import MailChannel
from tocsin.notifications.deliveries import (
    enqueue_deliveries,
    list_newest,
    new_delivery,
    notify,
    prune_deliveries,
)
from tocsin.notifications.delivery_order import MAX_WAITING, find_replaced
from tocsin.notifications.events import OPT_IN_KINDS, UNSTORED_KINDS, Event, EventKind
from tocsin.notifications.notices import render_notice
from tocsin.notifications.outcome_events import WorkflowEnded
from tocsin.notifications.pages import run_page_path
from tocsin.notifications.preferences.recipients import RecipientChoices
from tocsin.notifications.run_events import ApprovalRequested, TaskFailure

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


def test_a_delivery_has_the_content_of_a_message_that_has_one(database: Database) -> None:
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


async def test_nothing_is_read_when_there_is_nothing_to_tell() -> None:
    nowhere: Any = None
    await notify(nowhere, iter(()))


async def test_a_refused_delivery_to_a_channel_keeps_the_mail_from_being_queued(database: Database) -> None:
    await add_channel(database, "https://example.org/")
    failed = TaskFailure.from_run(failed_run())
    await database.db.command("collMod", "deliveries", validator={"channel": {"$exists": False}})
    with pytest.raises(BulkWriteError):
        await notify(database, [failed])
    assert await database.deliveries.find({}).to_list() == []
    await database.db.command("collMod", "deliveries", validator={})
    await notify(database, [failed])
    assert {each["_id"] async for each in database.deliveries.find({})} == {failed.id, f"{failed.id}@{CHANNEL}"}


@pytest.mark.parametrize("kind", EventKind)
async def test_the_mail_is_queued_of_every_kind_of_event_that_needs_no_choice(
    database: Database, kind: EventKind
) -> None:
    """So its delivery can stand for all others: see `find_delivered`."""
    event = Event(kind=kind, id="u1/x", owner="u1", at=DUE)
    assert await MailChannel.accepts(event, database)
    choices = await RecipientChoices.load(database, [event])
    queued = choices.mark_mail(event, new_delivery(event, "mail", MESSAGE))
    assert (queued is not None) is (kind not in OPT_IN_KINDS)


@pytest.mark.parametrize("event", [FINISHED, FAILED, REPORT], ids=lambda event: event.kind)
async def test_what_must_be_chosen_goes_only_to_channels_that_chose_it(database: Database, event: Event) -> None:
    await add_channel(database, "https://example.org/all")
    await notify(database, [event])
    assert await database.deliveries.count_documents({}) == 0
    is_stored = event.kind not in UNSTORED_KINDS
    assert await database.notifications.count_documents({"kind": event.kind}) == is_stored
    await database.notification_channels.update_one({}, {"$set": {"events": [event.kind.value]}})
    await notify(database, [event])
    assert {each["_id"] async for each in database.deliveries.find({})} == {f"{event.id}@{CHANNEL}"}
    assert await database.notifications.count_documents({"kind": event.kind}) == 1


async def test_of_many_finished_runs_only_the_latest_wait_for_a_receiver_that_is_away(database: Database) -> None:
    runs = [failed_workflow_run(_id=f"u1/w{n}", status="COMPLETED", round=0, due_at=DUE + timedelta(seconds=n))
            for n in range(MAX_WAITING + 5)]  # fmt: skip
    deliveries = [new_delivery(WorkflowEnded.from_run(run, []), CHANNEL, Message("x", "")) for run in runs]
    replaced = find_replaced(deliveries, DUE)
    assert replaced == [f"u1/w{n}:0:finished@{CHANNEL}" for n in range(5)]
