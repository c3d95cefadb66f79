"""Deliveries to channels that users have set up, by a real worker over real receivers and a real mail server."""

import json
import socket
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook
from structlog.testing import capture_logs

from tests.notifications.channel_helpers import (
    BOX,
    CHANNEL,
    PAGE,
    add_channel,
    at_work,
    delivery,
    ids_of,
    signing_key,
    stored_channel,
    told,
)
from tests.notifications.channels.helpers import body_of, headers_of
from tests.notifications.helpers import ALICE, START, Clock, incident_mail, subjects, user
from tests.outbound.servers import answering, response
from tests.outbound.smtp import Inbox
from tocsin import clock
from tocsin.documents import Database, User, to_global_id
from tocsin.notifications.channel_changes import delete_channel, rotate_key
from tocsin.notifications.channel_health import FAILING_PERIOD
from tocsin.notifications.channels.base import ChannelContext
from tocsin.notifications.deliveries import enqueue_deliveries
from tocsin.notifications.delivery_attempts import MAX_RETRY_DELAY
from tocsin.notifications.delivery_order import FIRST_RETRY_DELAY
from tocsin.notifications.user_channel import UserChannel

OK = response("204 No Content")
SECRET_PATH = "in/c0ffee-s3cr3t"


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def test_a_notification_arrives_signed_and_is_recorded(database: Database, alice: User, time: Clock) -> None:
    async with answering(OK) as receiver, at_work(database, time) as worker:
        await add_channel(database, f"{receiver.url}{SECRET_PATH}")
        data = {"taskId": to_global_id("Task", "u1/t0"), "statusCode": 503}
        await enqueue_deliveries(database, [told() | {"data": data}], START)
        await worker.send_due()
    (seen,) = receiver.seen
    body = Webhook(await signing_key(database)).verify(body_of(seen), headers_of(seen))
    assert (body["type"], body["data"]["id"]) == ("task.failed", "u1/t0:0:failed")
    assert (body["data"]["page"], body["data"]["incident"]) == (f"{PAGE}/page", "u1/t0:0")
    assert body["data"]["details"] == {"event": "FAILED_FOR_GOOD", **data}
    done, channel = await delivery(database), await stored_channel(database)
    assert (done["status"], done["attempts"]) == ("DELIVERED", [{"at": START, "error": None}])
    assert (channel["last_delivered_at"], channel["failing_since"]) == (START, None)


async def test_a_receiver_that_was_down_gets_it_once_and_later(database: Database, alice: User, time: Clock) -> None:
    port = closed_port()
    await add_channel(database, f"http://127.0.0.1:{port}/")
    await enqueue_deliveries(database, [told()], START)
    async with at_work(database, time) as worker:
        await worker.send_due()
        waiting, channel = await delivery(database), await stored_channel(database)
        assert (waiting["status"], waiting["tries"], channel["failing_since"]) == ("QUEUED", 1, START)
        assert waiting["attempts"] == [{"at": START, "error": channel["last_error"]}]
        assert START < channel["retry_at"] <= waiting["next_try_at"]
        async with answering(OK, port=port) as receiver:
            time.time = waiting["next_try_at"]
            await worker.send_due()
            await worker.send_due()
    done, channel = await delivery(database), await stored_channel(database)
    assert (len(receiver.seen), done["status"], done["tries"]) == (1, "DELIVERED", 2)
    assert (channel["failing_since"], channel["retry_at"], channel["last_error"]) == (None, None, None)


async def test_a_receiver_is_left_alone_for_as_long_as_it_asks(database: Database, alice: User, time: Clock) -> None:
    busy = response("429 Too Many Requests", b"", "Retry-After: 7200")
    async with answering(busy, OK) as receiver, at_work(database, time) as worker:
        await add_channel(database, receiver.url)
        await enqueue_deliveries(database, [told()], START)
        await worker.send_due()
        assert (await delivery(database))["next_try_at"] == START + timedelta(hours=2)
        time.time = START + timedelta(hours=1)
        await enqueue_deliveries(database, [told(1)], time())
        await worker.send_due()
        assert len(receiver.seen) == 1  # the other one waits too, without an attempt
        assert (await delivery(database, 1))["tries"] == 0
        time.time = START + timedelta(hours=2)
        await worker.send_due()
    assert len(receiver.seen) == 3
    assert {(await delivery(database, number))["status"] for number in (0, 1)} == {"DELIVERED"}


async def test_an_endpoint_that_is_gone_is_disabled_and_its_owner_is_told_once(
    database: Database, alice: User, time: Clock
) -> None:
    inbox = Inbox()
    async with answering(response("410 Gone")) as receiver, at_work(database, time, inbox) as worker:
        await add_channel(database, f"{receiver.url}{SECRET_PATH}")
        await enqueue_deliveries(database, [told(), told(1), told(2)], START)
        await worker.send_due()
        time.time = clock.now()  # at which the mail was queued
        await worker.send_due()
    channel, deliveries = await stored_channel(database), await database.deliveries.find({"channel": CHANNEL}).to_list()
    assert (channel["is_enabled"], channel["disabled_at"]) == (False, START)
    assert "410 Gone" in channel["disabled_reason"]
    assert {each["status"] for each in deliveries} <= {"FAILED", "SUPERSEDED"}
    assert subjects(inbox) == ['Channel "Ops" was disabled']
    assert inbox.recipients == [ALICE]


async def test_a_channel_that_fails_for_three_days_is_disabled(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox()
    async with answering(response("500 Oops")) as receiver, at_work(database, time, inbox) as worker:
        await add_channel(database, receiver.url)
        await enqueue_deliveries(database, [told()], START)
        await worker.send_due()
        while (waiting := await delivery(database))["status"] == "QUEUED":
            time.time = waiting["next_try_at"]
            await worker.send_due()
        time.time = clock.now()  # at which the mail was queued
        await worker.send_due()
    channel = await stored_channel(database)
    assert FAILING_PERIOD <= channel["disabled_at"] - START <= FAILING_PERIOD + 3 * MAX_RETRY_DELAY
    assert "500" in channel["disabled_reason"]
    assert subjects(inbox) == ['Channel "Ops" was disabled']
    assert len((await delivery(database))["attempts"]) == 20
    assert 100 < len(receiver.seen) < 200


async def test_a_success_ends_the_time_of_failure(database: Database, alice: User, time: Clock) -> None:
    async with answering(response("500 Oops"), OK, response("500 Oops")) as receiver, at_work(database, time) as worker:
        await add_channel(database, receiver.url)
        for number in range(3):
            time.time = START + FAILING_PERIOD * number / 2
            await enqueue_deliveries(database, [told(number)], time())
            await worker.send_due()
    channel = await stored_channel(database)
    assert channel["is_enabled"]
    assert channel["failing_since"] > START


@pytest.mark.parametrize("end", ["deleted", "disabled"])
async def test_nothing_is_sent_to_a_channel_that_was_deleted_or_disabled(
    database: Database, alice: User, time: Clock, end: str
) -> None:
    async with answering(OK) as receiver, at_work(database, time) as worker:
        channel: Any = await add_channel(database, receiver.url, is_enabled=end == "deleted")
        if end == "deleted":
            await delete_channel(database, channel)
        await enqueue_deliveries(database, [told()], START)
        await worker.send_due()
    done = await delivery(database)
    assert (done["status"], receiver.seen) == ("SUPERSEDED", [])
    assert end in done["last_error"]
    assert not done.get("attempts")


async def test_nothing_is_sent_for_a_deactivated_owner(database: Database, alice: User, time: Clock) -> None:
    await database.users.update_one({"_id": "u1"}, {"$set": {"is_active": False}})
    async with answering(OK) as receiver, at_work(database, time) as worker:
        await add_channel(database, receiver.url)
        await enqueue_deliveries(database, [told()], START)
        await worker.send_due()
    assert ((await delivery(database))["status"], receiver.seen) == ("SUPPRESSED", [])


async def test_a_process_that_dies_before_the_record_sends_it_again_with_the_same_id(
    database: Database, alice: User, time: Clock
) -> None:
    async with answering(OK) as receiver, at_work(database, time) as worker:
        await add_channel(database, receiver.url)
        await enqueue_deliveries(database, [told()], START)
        context: ChannelContext = worker._channels["mail"]._context
        await UserChannel(context).deliver(await delivery(database))  # and dies
        await worker.send_due()
    first, second = receiver.seen
    assert ids_of([first]) == ids_of([second])
    assert body_of(first) == body_of(second)
    assert (await delivery(database))["status"] == "DELIVERED"


async def test_a_thousand_for_a_dead_channel_delay_neither_others_nor_the_owners_mails(
    database: Database, alice: User, time: Clock
) -> None:
    await user("u2", "bob@example.org")
    inbox = Inbox()
    async with (
        answering(response("503 Down")) as dead,
        answering(OK) as alive,
        at_work(database, time, inbox) as worker,
    ):
        await add_channel(database, dead.url)
        await add_channel(database, alive.url, "u2/c2")
        mine = [told(number) for number in range(1_000)]
        mail = incident_mail(0, 1, "u1/t2000")
        await enqueue_deliveries(database, [*mine, told(0, "u2/c2", "u2"), mail], START)
        await worker.send_due()
        assert len(dead.seen) <= 8  # what was under way when the first one failed
    assert (len(alive.seen), len(inbox.mails)) == (1, 1)
    waiting = await database.deliveries.count_documents({"channel": CHANNEL, "status": "QUEUED"})
    assert waiting == 1_000


async def test_both_keys_verify_after_a_rotation(database: Database, alice: User, time: Clock) -> None:
    async with answering(OK) as receiver, at_work(database, time) as worker:
        channel: Any = await add_channel(database, receiver.url)
        former = await signing_key(database)
        changed, new = await rotate_key(database, BOX, channel, clock.now())
        await enqueue_deliveries(database, [told()], START)
        await worker.send_due()
    (seen,) = receiver.seen
    assert former != new == await signing_key(database)
    for key in (former, new):
        Webhook(key).verify(body_of(seen), headers_of(seen))
    assert changed["revision"] == 2


async def test_secrets_are_in_no_log_and_in_no_stored_document(database: Database, alice: User, time: Clock) -> None:
    echo = response("500 Oops", f"cannot serve /{SECRET_PATH}".encode())
    with capture_logs() as logs:
        gone = response("410 Gone", SECRET_PATH.encode())
        async with answering(echo, gone) as receiver, at_work(database, time) as worker:
            await add_channel(database, f"{receiver.url}{SECRET_PATH}")
            await enqueue_deliveries(database, [told()], START)
            await worker.send_due()
            time.time = START + 2 * FIRST_RETRY_DELAY
            await worker.send_due()
        assert len(receiver.seen) == 2
    documents = [
        document for name in await database.db.list_collection_names() async for document in database.db[name].find({})
    ]
    for secret in (SECRET_PATH, "c0ffee", await signing_key(database)):
        assert secret not in json.dumps([logs, documents], default=str)
    assert any(log["event"] == "a notification will be retried" for log in logs)


async def test_settings_that_cannot_be_decrypted_are_said_to_be(database: Database, alice: User, time: Clock) -> None:
    async with answering(OK) as receiver, at_work(database, time) as worker:
        channel = await add_channel(database, receiver.url)
        sealed = dict.fromkeys(channel["sealed"], BOX.seal("x", "another channel"))
        await database.notification_channels.update_one({"_id": CHANNEL}, {"$set": {"sealed": sealed}})
        await enqueue_deliveries(database, [told()], START)
        await worker.send_due()
    failed = await delivery(database)
    assert failed["status"] == "FAILED"
    assert "cannot be decrypted" in failed["last_error"]
