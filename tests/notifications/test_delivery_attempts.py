"""Attempts at deliveries and their outcomes, over a real database and a real SMTP server."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import ConnectionFailure, PyMongoError
from structlog.testing import capture_logs

from tests.notifications.helpers import (
    START,
    Clock,
    changed,
    mail,
    stored,
    transport_to,
    tried,
    until,
    working,
)
from tests.notifications.relay import relayed
from tests.outbound.smtp import Inbox, mail_server
from tocsin.documents import Database, DeliveryDocument, User, to_global_id
from tocsin.notifications.channels.base import (
    Channel,
    ChannelContext,
    DeliveryObsolete,
    DeliveryPostponed,
    DeliveryRefused,
    DeliverySuppressed,
    DeliveryUnavailable,
    Message,
)
from tocsin.notifications.deliveries import enqueue_deliveries
from tocsin.notifications.delivery_attempts import (
    MAX_RETRY_DELAY,
    RETRY_PERIOD,
    USER_CHANNELS,
    attempt_delivery,
    record_outcome,
    retry_delay,
)
from tocsin.notifications.delivery_order import FIRST_RETRY_DELAY
from tocsin.notifications.events import Event
from tocsin.outbound.mail_message import MailMessage
from tocsin.outbound.mail_transport import ComposeExecutor, compose_inline
from tocsin.telemetry import CHANNEL_NOTIFICATIONS, MAILS

SOON = timedelta(seconds=1)
"""The age of a delivery at its first attempt."""


class ScriptedChannel(Channel):
    """A channel whose deliveries end as the test says."""

    end: Exception | None = None

    @staticmethod
    def render(event: Event) -> Message:
        return Message(event.id, "")

    async def deliver(self, delivery: DeliveryDocument) -> Message:
        if self.end is not None:
            raise self.end
        return Message("Sent subject", "Sent text")


async def attempt(database: Database, delivery: Any, end: Exception | None = None, age: timedelta = SOON) -> Any:
    """Make one attempt at a delivery of this age, and return its outcome."""
    channel = ScriptedChannel(ChannelContext(database, transport_to(9)))
    channel.end = end
    return await attempt_delivery(delivery, {"mail": channel}, database, lambda: START + age)


@pytest.mark.parametrize(
    ("end", "label", "outcome"),
    [
        (None, "DELIVERED", {"status": "DELIVERED", "subject": "Sent subject", "text": "Sent text",
                             "delivered_at": START + SOON, "last_error": None}),
        (DeliveryRefused("no"), "FAILED", {"status": "FAILED", "last_error": "no"}),
        (DeliverySuppressed("not now"), "SUPPRESSED", {"status": "SUPPRESSED", "last_error": "not now"}),
    ],
)  # fmt: skip
async def test_an_outcome_ends_the_claim_and_is_counted(
    database: Database, end: Exception | None, label: str, outcome: dict[str, Any]
) -> None:
    before = MAILS.labels(outcome=label)._value.get()
    attempts = [{"at": START + SOON, "error": outcome["last_error"]}]
    ended = {"tries": 1, "claim": None, "lease_until": None, "attempts": attempts}
    assert await attempt(database, mail(), end) == outcome | ended
    assert MAILS.labels(outcome=label)._value.get() == before + 1


@pytest.mark.parametrize(
    ("end", "is_kept"),
    [
        (None, False),
        (DeliveryRefused("no"), False),
        (DeliverySuppressed("no"), False),
        (DeliveryUnavailable("x"), True),
    ],
)
async def test_the_content_of_a_mail_is_stored_until_its_delivery_has_ended(
    database: Database, end: Exception | None, is_kept: bool
) -> None:
    delivery = changed(mail(), claim="mine", content={"headline": "It failed."})
    await enqueue_deliveries(database, [delivery], START)
    await record_outcome(delivery, await attempt(database, delivery, end), database)
    assert (await stored(database))["content"] == (delivery["content"] if is_kept else None)


@pytest.mark.parametrize("end", [DeliveryUnavailable("later"), RuntimeError("later")])
async def test_a_failure_that_may_pass_is_retried_until_three_days_are_over(database: Database, end: Exception) -> None:
    retried = await attempt(database, changed(mail(), tries=3), end)
    assert (retried["status"], retried["tries"], retried["claim"]) == ("QUEUED", 4, None)
    assert FIRST_RETRY_DELAY * 8 <= retried["next_try_at"] - (START + SOON) <= FIRST_RETRY_DELAY * 9.6
    assert "later" in retried["last_error"]
    assert (await attempt(database, mail(), end, RETRY_PERIOD - 2 * FIRST_RETRY_DELAY))["status"] == "QUEUED"
    assert (await attempt(database, mail(), end, RETRY_PERIOD))["status"] == "FAILED"


async def test_the_last_attempts_are_recorded(database: Database) -> None:
    earlier = [{"at": START, "error": str(number)} for number in range(20)]
    outcome = await attempt(database, changed(mail(), attempts=earlier), DeliveryUnavailable("later"))
    assert outcome["attempts"] == [*earlier[1:], {"at": START + SOON, "error": "later"}]
    assert outcome["last_error"] == "later"


async def test_a_retry_is_not_made_before_the_time_that_the_other_side_asks_for(database: Database) -> None:
    for asked, least in ((timedelta(hours=5), timedelta(hours=5)), (SOON, FIRST_RETRY_DELAY)):
        outcome = await attempt(database, mail(), DeliveryUnavailable("later", asked))
        assert least <= outcome["next_try_at"] - (START + SOON) <= least * 1.2


async def test_waiting_for_a_channel_is_no_attempt_and_ends_after_three_days(database: Database) -> None:
    until, earlier = START + timedelta(hours=1), changed(mail(), tries=2)
    outcome = await attempt(database, earlier, DeliveryPostponed("It is down.", until))
    waiting = {"status": "QUEUED", "next_try_at": until, "last_error": "It is down."}
    assert outcome == {**waiting, "claim": None, "lease_until": None}
    late = DeliveryPostponed("It is down.", START + RETRY_PERIOD + SOON)
    assert (await attempt(database, earlier, late))["status"] == "FAILED"


async def test_what_nobody_waits_for_is_superseded(database: Database) -> None:
    outcome = await attempt(database, mail(), DeliveryObsolete("the channel was deleted"))
    assert (outcome["status"], outcome["last_error"]) == ("SUPERSEDED", "the channel was deleted")
    assert "attempts" not in outcome


async def test_only_mails_are_counted_as_mails(database: Database) -> None:
    counters = [counter.labels(outcome="DELIVERED")._value for counter in (MAILS, CHANNEL_NOTIFICATIONS)]
    mails, others = [counter.get() for counter in counters]
    channel = ScriptedChannel(ChannelContext(database, transport_to(9)))
    told = changed(mail(), channel="u1/c1")
    outcome = await attempt_delivery(told, {USER_CHANNELS: channel}, database, lambda: START)
    assert outcome["status"] == "DELIVERED"
    assert [counter.get() for counter in counters] == [mails, others + 1]


async def test_a_failure_of_the_database_is_not_an_outcome(database: Database) -> None:
    with pytest.raises(PyMongoError):
        await attempt(database, mail(), ConnectionFailure("away"))


@pytest.mark.parametrize(("holder", "status"), [("mine", "FAILED"), ("other", "QUEUED"), (None, "QUEUED")])
async def test_a_failure_is_recorded_by_the_holder_of_the_claim_only(
    database: Database, holder: str | None, status: str
) -> None:
    await enqueue_deliveries(database, [changed(mail(), claim=holder)], START)
    await record_outcome(changed(mail(), claim="mine"), {"status": "FAILED"}, database)
    assert (await stored(database))["status"] == status


async def test_a_success_is_recorded_whoever_has_the_claim_and_once(database: Database) -> None:
    await enqueue_deliveries(database, [changed(mail(), claim="other")], START)
    for error in ("first", "second"):
        outcome = {"status": "DELIVERED", "last_error": error}
        await record_outcome(changed(mail(), claim="mine"), outcome, database)
    assert (await stored(database))["last_error"] == "first"


async def test_each_mail_is_logged_with_the_ids_of_the_api(database: Database, alice: User, time: Clock) -> None:
    runs = {"a": "u1/t1:1", "b": "u1/w1", "c": "u1/w1:step", "d": None}
    with capture_logs() as logs:
        async with mail_server(Inbox()) as port, working(database, transport_to(port), clock=time) as worker:
            await enqueue_deliveries(database, [changed(mail(cause), run=run) for cause, run in runs.items()], START)
            worker.wake()
            for cause in runs:
                await tried(database, 1, cause)
    logged = {line["delivery"]: line for line in logs if line["event"] == "notification delivered"}
    run, workflow_run = to_global_id("Run", "u1/t1:1"), to_global_id("WorkflowRun", "u1/w1")
    common = {"event": "notification delivered", "log_level": "info", "kind": "BEGAN_FAILING"}
    assert logged == {
        "a": common | {"delivery": "a", "run_id": run, "task_id": to_global_id("Task", "u1/t1")},
        "b": common | {"delivery": "b", "workflow_run_id": workflow_run},
        "c": common | {"delivery": "c", "run_id": to_global_id("Run", "u1/w1:step"), "workflow_run_id": workflow_run},
        "d": common | {"delivery": "d"},
    }


async def test_a_greylisted_mail_is_tried_again_with_the_same_message_id(
    database: Database, alice: User, time: Clock
) -> None:
    inbox = Inbox(data="451 4.7.1 Greylisted")
    await enqueue_deliveries(database, [mail()], START)
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time) as worker:
        waiting = await tried(database, 1)
        assert "451 4.7.1 Greylisted" in waiting["last_error"]
        inbox.data = "250 OK"
        time.time = waiting["next_try_at"]
        worker.wake()
        assert (await tried(database, 2))["status"] == "DELIVERED"
    assert len(inbox.mails) == 1


async def test_a_refused_recipient_is_not_tried_again(database: Database, alice: User, time: Clock) -> None:
    await enqueue_deliveries(database, [mail()], START)
    async with (
        mail_server(Inbox(rcpt=["550 5.1.1 No such user"])) as port,
        working(database, transport_to(port), clock=time),
    ):
        done = await tried(database, 1)
    assert done["status"] == "FAILED"
    assert "550 5.1.1 No such user" in done["last_error"]


async def test_a_mail_is_given_up_after_three_days(database: Database, alice: User, time: Clock) -> None:
    await enqueue_deliveries(database, [mail()], START)
    time.time = START + RETRY_PERIOD
    async with (
        mail_server(Inbox(rcpt=["451 4.3.0 Later"])) as port,
        working(database, transport_to(port), clock=time),
    ):
        done = await tried(database, 1)
    assert done["status"] == "FAILED"
    assert "451 4.3.0 Later" in done["last_error"]


async def test_a_bug_affects_one_mail_only(database: Database, alice: User, time: Clock) -> None:
    class Faulty:
        """A transport with a bug, which no real server can simulate."""

        async def send(self, message: MailMessage, executor: ComposeExecutor = compose_inline) -> None:
            if message.message_id == "u1/t1:0:began":
                raise KeyError("oops")

    await enqueue_deliveries(database, [mail(), mail("u1/t2:0:began")], START)
    async with working(database, Faulty(), clock=time):
        assert (await tried(database, 1, "u1/t2:0:began"))["status"] == "DELIVERED"
        assert (await tried(database, 1))["last_error"] == "KeyError: 'oops'"


async def test_a_delivery_whose_subject_cannot_be_read_is_tried_again_as_after_any_bug(database: Database) -> None:
    await database.db["workflow_runs"].insert_one({"_id": "u2/w1", "steps": {}})
    about = {"type": "Approval", "id": "u2/w1:ask:0:u1", "incident": 0, "stage": 0}
    outcome = await attempt(database, changed(mail(), about=about, run="u2/w1"), age=FIRST_RETRY_DELAY)
    assert (outcome["status"], outcome["tries"], outcome["last_error"]) == ("QUEUED", 1, "KeyError: 'step'")


async def test_a_mail_that_was_sent_while_the_database_went_away_is_sent_once(
    database: Database, alice: User, time: Clock
) -> None:
    inbox = Inbox(gate=asyncio.Event())
    await enqueue_deliveries(database, [mail()], START)
    async with (
        relayed(database) as (relay, through),
        mail_server(inbox) as port,
        working(through, transport_to(port), clock=time) as worker,
    ):
        await asyncio.wait_for(inbox.reached.wait(), 5)
        relay.cut()
        assert inbox.gate is not None
        inbox.gate.set()

        async def noticed() -> bool:
            return (relay.refused or 0) >= 3

        await until(noticed)
        relay.restore()
        assert (await tried(database, 1))["status"] == "DELIVERED"
        relay.cut()
        worker.wake()
        await until(noticed)
        relay.restore()
        await enqueue_deliveries(database, [mail("u1/t2:0:began")], START)
        await tried(database, 1, "u1/t2:0:began")
    assert [sent["Subject"] for sent in inbox.mails] == ["About u1/t1:0:began", "About u1/t2:0:began"]


async def test_a_link_that_expired_meanwhile_is_not_sent(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox()
    await enqueue_deliveries(database, [changed(mail(), good_until=START)], START)
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time):
        done = await tried(database, 1)
    assert (done["status"], done["last_error"]) == ("SUPERSEDED", "its link expired before it could be delivered")
    assert inbox.mails == []


@pytest.mark.parametrize(
    ("step", "status"),
    [
        ({"status": "WAITING"}, "DELIVERED"),
        ({"status": "COMPLETED"}, "SUPERSEDED"),
        ({"status": "WAITING", "round": 1}, "SUPERSEDED"),
    ],
)
async def test_a_late_request_for_a_decision_is_sent_only_while_its_step_waits(
    database: Database, alice: User, time: Clock, step: Any, status: str
) -> None:
    await database.db["workflow_runs"].insert_one({"_id": "u2/w1", "steps": {"ask": step}})
    about = {"type": "Approval", "id": "u2/w1:ask:0:u1", "incident": 0, "stage": 0, "step": "ask"}
    await enqueue_deliveries(database, [changed(mail("u2/w1:ask:0:0:u1"), about=about, run="u2/w1")], START)
    time.time = START + FIRST_RETRY_DELAY
    async with mail_server(Inbox()) as port, working(database, transport_to(port), clock=time):
        done = await tried(database, 1, "u2/w1:ask:0:0:u1")
    assert done["status"] == status


def test_delays_double_up_to_half_an_hour() -> None:
    waits = [retry_delay(tries, 0).total_seconds() for tries in (1, 2, 3, 6, 7, 8, 500)]
    assert waits == [30, 60, 120, 960, 1800, 1800, 1800]
    assert retry_delay(500, 1) == MAX_RETRY_DELAY * 1.2
