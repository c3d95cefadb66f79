"""Deliveries over a real database and a real SMTP server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.harness import make_settings
from tests.notifications.relay import relayed
from tests.outbound.smtp import Inbox, mail_server, silent_server, smtp_settings
from tocsin import clock
from tocsin.documents import Database, User, to_global_id
from tocsin.notifications.channels.base import ChannelContext
from tocsin.notifications.deliveries import enqueue_deliveries, list_newest, prune_deliveries
from tocsin.notifications.delivery_attempts import MAX_RETRY_DELAY, RETRY_PERIOD, retry_delay
from tocsin.notifications.delivery_order import FIRST_RETRY_DELAY
from tocsin.notifications.delivery_worker import DeliveryWorker
from tocsin.outbound.mail_message import MailMessage
from tocsin.outbound.mail_transport import (
    ComposeExecutor,
    MailTransport,
    compose_inline,
    make_mail_transport,
)
from tocsin.quotas import Quota, QuotaLimits, UsageMeter
from tocsin.quotas.metered_mail import MAIL_QUOTA_EXCEEDED

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ALICE = "alice@example.org"


class Clock:
    """A clock that the test advances."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def time() -> Clock:
    return Clock()


@pytest.fixture
async def alice(database: Database) -> User:
    return await User(id="u1", email=ALICE, password="-", created_at=START).insert()


def mail(cause: str = "u1/t1:0:began") -> Any:
    return {
        "_id": cause, "owner": "u1", "kind": "BEGAN_FAILING", "run": "u1/t1:1", "subject": f"About {cause}",
        "text": "Hello,\n\nit failed.\n", "status": "QUEUED", "queued_at": START, "next_try_at": START,
        "lease_until": None, "tries": 0, "last_error": None, "delivered_at": None,
    }  # fmt: skip


def changed(delivery: Any, **changes: Any) -> Any:
    return {**delivery, **changes}


async def until(condition: Callable[[], Awaitable[Any]]) -> Any:
    """Wait until `condition` returns a true value, and return it."""
    async with asyncio.timeout(8):
        while not (result := await condition()):
            await asyncio.sleep(0.01)
    return result


async def stored(database: Database, cause: str = "u1/t1:0:began") -> Any:
    found = await database.deliveries.find_one({"_id": cause})
    assert found is not None
    return found


def tried(database: Database, tries: int, cause: str = "u1/t1:0:began") -> Awaitable[Any]:
    """Wait until `tries` tries have ended, and return the delivery."""

    async def look() -> Any | None:
        found = await stored(database, cause)
        return found if found["tries"] == tries else None

    return until(look)


@asynccontextmanager
async def working(
    database: Database, transport: MailTransport, lease: timedelta = timedelta(seconds=60), **options: Any
) -> AsyncIterator[DeliveryWorker]:
    worker = DeliveryWorker(ChannelContext(database, transport, **options), lease=lease)
    await worker.start()
    try:
        yield worker
    finally:
        await worker.stop()


def transport_to(port: int, **options: Any) -> MailTransport:
    return make_mail_transport(smtp_settings(port, **options))


async def test_a_queued_mail_is_delivered_and_keeps_its_text(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time) as worker:
        await enqueue_deliveries(database, [mail()], START)
        worker.wake()
        done = await tried(database, 1)
    assert [sent["Subject"] for sent in inbox.mails] == ["About u1/t1:0:began"]
    assert inbox.recipients == [ALICE]
    assert (done["status"], done["delivered_at"], done["text"]) == ("DELIVERED", START, mail()["text"])
    assert (done["lease_until"], done["claim"], done["last_error"]) == (None, None, None)


async def test_beyond_the_quota_mails_of_tasks_are_given_up_and_others_are_sent(
    database: Database, alice: User, time: Clock
) -> None:
    meter, inbox = UsageMeter(QuotaLimits(make_settings(quota_mails_per_day=1))), Inbox()
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time, meter=meter) as worker:
        await enqueue_deliveries(database, [mail()], START)
        worker.wake()
        await tried(database, 1)
        account = mail("password:u1") | {"kind": "PASSWORD_CHANGED", "run": None}
        await enqueue_deliveries(
            database, [mail("u1/t2:0:began"), account, mail("u2/t1:0:began") | {"run": "u2/t1:1"}], START
        )
        worker.wake()
        refused = await tried(database, 1, "u1/t2:0:began")
        await tried(database, 1, "password:u1")
        await tried(database, 1, "u2/t1:0:began")
    assert (refused["status"], refused["last_error"]) == ("FAILED", MAIL_QUOTA_EXCEEDED)
    assert {sent["Subject"] for sent in inbox.mails} == {
        f"About {cause}" for cause in ("u1/t1:0:began", "password:u1", "u2/t1:0:began")
    }
    assert meter.drain_refusals() == {"u1": {Quota.MAILS_PER_DAY}}


async def test_a_mail_that_is_tried_again_counts_once(database: Database, alice: User, time: Clock) -> None:
    meter = UsageMeter(QuotaLimits(make_settings(quota_mails_per_day=1)))
    inbox = Inbox(rcpt=["450 later", "250 OK"])
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time, meter=meter) as worker:
        await enqueue_deliveries(database, [mail()], START)
        worker.wake()
        await tried(database, 1)
        time.time += MAX_RETRY_DELAY
        worker.wake()
        assert (await tried(database, 2))["status"] == "DELIVERED"
    assert meter.get_usage("u1", Quota.MAILS_PER_DAY, time()) == 1


async def test_each_mail_is_told_in_the_log_by_the_ids_of_the_api(database: Database, alice: User, time: Clock) -> None:
    things = {"a": "u1/t1:1", "b": "u1/w1", "c": "u1/w1:step", "d": None}
    with capture_logs() as logs:
        async with mail_server(Inbox()) as port, working(database, transport_to(port), clock=time) as worker:
            await enqueue_deliveries(database, [changed(mail(cause), run=run) for cause, run in things.items()], START)
            worker.wake()
            for cause in things:
                await tried(database, 1, cause)
    told = {line["delivery"]: line for line in logs if line["event"] == "mail delivered"}
    run, workflow_run = to_global_id("Run", "u1/t1:1"), to_global_id("WorkflowRun", "u1/w1")
    common = {"event": "mail delivered", "log_level": "info", "kind": "BEGAN_FAILING"}
    assert told == {
        "a": common | {"delivery": "a", "run_id": run, "task_id": to_global_id("Task", "u1/t1")},
        "b": common | {"delivery": "b", "workflow_run_id": workflow_run},
        "c": common | {"delivery": "c", "run_id": to_global_id("Run", "u1/w1:step"), "workflow_run_id": workflow_run},
        "d": common | {"delivery": "d"},
    }


async def test_one_cause_is_told_once(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time) as worker:
        await enqueue_deliveries(database, [mail()], START)
        worker.wake()
        await tried(database, 1)
        await enqueue_deliveries(database, [mail(), mail("u1/t1:0:failed"), mail()], START)
        worker.wake()
        await tried(database, 1, "u1/t1:0:failed")
    assert [sent["Subject"] for sent in inbox.mails] == ["About u1/t1:0:began", "About u1/t1:0:failed"]


async def test_a_server_that_was_away_gets_the_mail_later_once(database: Database, alice: User, time: Clock) -> None:
    async with mail_server(Inbox()) as port:
        pass
    inbox = Inbox()
    await enqueue_deliveries(database, [mail()], START)
    async with working(database, transport_to(port), clock=time) as worker:
        waiting = await tried(database, 1)
        assert waiting["status"] == "QUEUED"
        assert "cannot be used" in waiting["last_error"]
        assert START + FIRST_RETRY_DELAY <= waiting["next_try_at"] <= START + FIRST_RETRY_DELAY * 1.2
        async with mail_server(inbox, port):
            time.time = waiting["next_try_at"]
            worker.wake()
            done = await tried(database, 2)
            worker.wake()
    assert (done["status"], done["last_error"]) == ("DELIVERED", None)
    assert len(inbox.mails) == 1


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


@pytest.mark.parametrize("owner", ["gone", "deactivated"])
async def test_nobody_to_write_to(database: Database, time: Clock, owner: str) -> None:
    if owner == "deactivated":
        await User(id="u1", email=ALICE, password="-", is_active=False, created_at=START).insert()
    inbox = Inbox()
    await enqueue_deliveries(database, [mail()], START)
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time):
        done = await tried(database, 1)
    assert (done["status"], inbox.mails) == ("FAILED", [])
    assert done["last_error"].startswith("no recipient")


async def test_the_address_is_read_when_the_mail_is_sent(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox()
    await enqueue_deliveries(database, [mail()], START)
    await database.db["users"].update_one({"_id": "u1"}, {"$set": {"email": "new@example.org"}})
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time):
        await tried(database, 1)
    assert inbox.recipients == ["new@example.org"]


async def test_it_is_given_up_after_three_days(database: Database, alice: User, time: Clock) -> None:
    await enqueue_deliveries(database, [mail()], START)
    time.time = START + RETRY_PERIOD
    async with (
        mail_server(Inbox(rcpt=["451 4.3.0 Later"])) as port,
        working(database, transport_to(port), clock=time),
    ):
        done = await tried(database, 1)
    assert done["status"] == "FAILED"
    assert "451 4.3.0 Later" in done["last_error"]


async def test_two_processes_send_each_mail_once(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox()
    causes = [f"u1/t{number}:0:began" for number in range(60)]

    async def all_done() -> bool:
        return await database.deliveries.count_documents({"status": "DELIVERED"}) == len(causes)

    async with (
        mail_server(inbox) as port,
        working(database, transport_to(port), clock=time) as first,
        working(database, transport_to(port), clock=time) as second,
    ):
        await enqueue_deliveries(database, [mail(cause) for cause in causes], START)
        first.wake()
        second.wake()
        await until(all_done)
    assert sorted(sent["Subject"] for sent in inbox.mails) == sorted(f"About {cause}" for cause in causes)


async def test_a_slow_server_does_not_outlast_the_lease(database: Database, alice: User) -> None:
    lease = timedelta(seconds=0.3)
    await enqueue_deliveries(database, [mail()])

    async def renewed() -> bool:
        return bool(first < (await stored(database))["lease_until"] - lease)

    async def leased() -> Any:
        return (await stored(database))["lease_until"]

    async with silent_server() as port, working(database, transport_to(port), lease=lease):
        first = await until(leased)
        await until(renewed)
    assert (await stored(database))["tries"] == 0


async def test_a_dead_process_leaves_its_mails_to_others_when_its_lease_ends(
    database: Database, alice: User, time: Clock
) -> None:
    inbox = Inbox()
    lease = timedelta(seconds=60)
    await enqueue_deliveries(database, [mail()], START)

    async def leased() -> Any:
        return (await stored(database))["lease_until"]

    async with silent_server() as port, working(database, transport_to(port), lease=lease, clock=time):
        assert await until(leased) == START + lease
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time) as worker:
        await enqueue_deliveries(database, [mail("u1/t2:0:began")], START)
        worker.wake()
        await tried(database, 1, "u1/t2:0:began")
        assert (await stored(database))["tries"] == 0
        time.time = START + lease
        worker.wake()
        assert (await tried(database, 1))["status"] == "DELIVERED"
    assert len(inbox.mails) == 2


async def test_a_fault_of_the_program_spoils_one_mail_only(database: Database, alice: User, time: Clock) -> None:
    class Faulty:
        """A transport with a bug, which no real server can simulate."""

        async def send(self, message: MailMessage, executor: ComposeExecutor = compose_inline) -> None:
            if message.message_id == "u1/t1:0:began":
                raise KeyError("oops")

    await enqueue_deliveries(database, [mail(), mail("u1/t2:0:began")], START)
    async with working(database, Faulty(), clock=time):
        assert (await tried(database, 1, "u1/t2:0:began"))["status"] == "DELIVERED"
        assert (await tried(database, 1))["last_error"] == "KeyError: 'oops'"


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
        relay.mend()
        assert (await tried(database, 1))["status"] == "DELIVERED"
        relay.cut()
        worker.wake()
        await until(noticed)
        relay.mend()
        await enqueue_deliveries(database, [mail("u1/t2:0:began")], START)
        await tried(database, 1, "u1/t2:0:began")
    assert [sent["Subject"] for sent in inbox.mails] == ["About u1/t1:0:began", "About u1/t2:0:began"]


BEGAN, FAILED = "u1/t1:0:began", "u1/t1:0:failed"


def incident_mail(incident: int, stage: int, thing: str = "u1/t1") -> Any:
    """Return a mail about a stage of a task's incident: 0 started failing, 1 failed."""
    about = {"type": "Task", "id": thing, "incident": incident, "stage": stage}
    return {**mail(f"{thing}:{incident}:{('began', 'failed')[stage]}"), "about": about}


def subjects(inbox: Inbox) -> list[str]:
    return [str(sent["Subject"]) for sent in inbox.mails]


async def statuses(database: Database) -> dict[str, str]:
    return {each["_id"]: each["status"] async for each in database.deliveries.find({})}


async def sent_after_an_outage(database: Database, time: Clock, begin: Any, end: Any) -> list[EmailMessage]:
    """Return the mails after an outage of the mail server that spans the first and the final failure."""
    async with mail_server(Inbox()) as port:
        pass
    inbox = Inbox()
    await enqueue_deliveries(database, [begin], START)
    async with working(database, transport_to(port), clock=time) as worker:
        await tried(database, 1, begin["_id"])
        time.time = START + timedelta(seconds=10)
        await enqueue_deliveries(database, [end], time.time)
        worker.wake()
        failed = await tried(database, 1, end["_id"])
        async with mail_server(inbox, port):
            time.time = failed["next_try_at"] + timedelta(hours=1)
            worker.wake()
            await tried(database, 2, end["_id"])
    return inbox.mails


async def test_after_an_outage_one_mail_tells_beginning_and_end(database: Database, alice: User, time: Clock) -> None:
    arrived = await sent_after_an_outage(database, time, incident_mail(0, 0), incident_mail(0, 1))
    assert [sent["Subject"] for sent in arrived] == [f"About {FAILED}"]
    assert await statuses(database) == {BEGAN: "SUPERSEDED", FAILED: "DELIVERED"}
    text = (await stored(database, FAILED))["text"]
    assert text == (
        "Hello,\n\nYour task started failing at 2026-11-22T09:00:00Z. This mail covers that\n"
        "too: the one about it could not be delivered.\n\nit failed.\n"
    )
    assert arrived[0].get_content().replace("\r\n", "\n") == text


async def test_a_mail_that_comes_late_says_that_the_task_works_again(
    database: Database, alice: User, time: Clock
) -> None:
    await database.db["tasks"].insert_one({"_id": "u1/t1", "incident": 1})
    arrived = await sent_after_an_outage(database, time, incident_mail(0, 0), incident_mail(0, 1))
    assert [sent["Subject"] for sent in arrived] == [f"About {FAILED} (it works again)"]
    assert "This mail is late: the task has worked again since then." in arrived[0].get_content()


async def test_mails_of_one_incident_go_in_their_order(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox()
    await enqueue_deliveries(database, [incident_mail(0, 1), incident_mail(0, 0), mail("u1/other")], START)
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time):
        await tried(database, 1, FAILED)
    assert [subject for subject in subjects(inbox) if "other" not in subject] == [f"About {BEGAN}", f"About {FAILED}"]


async def test_the_next_incident_does_not_overtake_the_one_before(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox(data="451 4.7.1 Greylisted")
    await enqueue_deliveries(database, [incident_mail(0, 1)], START)
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time) as worker:
        waiting = await tried(database, 1, FAILED)
        inbox.data = "250 OK"
        await enqueue_deliveries(database, [incident_mail(1, 0)], START)
        worker.wake()

        async def postponed() -> bool:
            return bool((await stored(database, "u1/t1:1:began"))["next_try_at"] == waiting["next_try_at"])

        await until(postponed)
        time.time = waiting["next_try_at"]
        worker.wake()
        await tried(database, 1, "u1/t1:1:began")
    assert subjects(inbox) == [f"About {FAILED}", "About u1/t1:1:began"]


async def test_a_process_that_died_while_it_sent_the_beginning_leaves_one_mail(
    database: Database, alice: User, time: Clock
) -> None:
    """The second process waits for the lease of the first, and then sends one mail about both stages."""
    inbox, lease = Inbox(), timedelta(seconds=60)
    await enqueue_deliveries(database, [incident_mail(0, 0)], START)

    async def leased() -> Any:
        return (await stored(database, BEGAN))["lease_until"]

    async with silent_server() as port, working(database, transport_to(port), lease=lease, clock=time):
        await until(leased)
    await enqueue_deliveries(database, [incident_mail(0, 1)], START)
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time) as worker:

        async def postponed() -> bool:
            return bool((await stored(database, FAILED))["next_try_at"] > START)

        await until(postponed)
        assert inbox.mails == []
        time.time = START + lease
        worker.wake()
        await tried(database, 1, FAILED)
    assert subjects(inbox) == [f"About {FAILED}"]
    assert "This mail covers that" in inbox.mails[0].get_content()


async def test_two_processes_keep_the_order_too(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox()
    things = [f"u1/t{number}" for number in range(20)]

    async def all_done() -> bool:
        return await database.deliveries.count_documents({"status": "DELIVERED"}) == 2 * len(things)

    async with (
        mail_server(inbox) as port,
        working(database, transport_to(port), clock=time) as first,
        working(database, transport_to(port), clock=time) as second,
    ):
        await enqueue_deliveries(
            database, [incident_mail(0, stage, thing) for stage in (1, 0) for thing in things], START
        )
        while not await all_done():
            time.time += timedelta(milliseconds=100)
            first.wake()
            second.wake()
            await asyncio.sleep(0.01)
    order = subjects(inbox)
    assert len(order) == 2 * len(things)
    for thing in things:
        assert order.index(f"About {thing}:0:began") < order.index(f"About {thing}:0:failed")


async def test_a_mail_links_to_the_thing(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox()
    text = "Hello,\n\nit is {page}.\n\nOpen:            {page}\n"
    await enqueue_deliveries(database, [changed(mail(), link="/playground?query=x", text=text)], START)
    page = "https://tocsin.test{}".format
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time, page=page):
        done = await tried(database, 1)
    expected = "Hello,\n\nit is {page}.\n\nOpen:            https://tocsin.test/playground?query=x\n"
    assert done["text"] == inbox.mails[0].get_content().replace("\r\n", "\n") == expected


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
async def test_a_late_question_is_asked_only_while_its_step_waits(
    database: Database, alice: User, time: Clock, step: Any, status: str
) -> None:
    await database.db["workflow_runs"].insert_one({"_id": "u2/w1", "steps": {"ask": step}})
    about = {"type": "Approval", "id": "u2/w1:ask:0:u1", "incident": 0, "stage": 0, "step": "ask"}
    await enqueue_deliveries(database, [changed(mail("u2/w1:ask:0:0:u1"), about=about, run="u2/w1")], START)
    time.time = START + FIRST_RETRY_DELAY
    async with mail_server(Inbox()) as port, working(database, transport_to(port), clock=time):
        done = await tried(database, 1, "u2/w1:ask:0:0:u1")
    assert done["status"] == status


def test_waits_double_up_to_half_an_hour() -> None:
    waits = [retry_delay(tries, 0).total_seconds() for tries in (1, 2, 3, 6, 7, 8, 500)]
    assert waits == [30, 60, 120, 960, 1800, 1800, 1800]
    assert retry_delay(500, 1) == MAX_RETRY_DELAY * 1.2


async def test_newest_looks_back_as_far_as_it_must(database: Database) -> None:
    ages = [timedelta(0), timedelta(minutes=5), timedelta(days=2), timedelta(days=900), timedelta(days=15_000)]
    for number, age in enumerate(ages):
        await enqueue_deliveries(database, [mail(f"u1/t{number}:0:began")], START - age)
    for limit in (1, 2, 3, 4, 5, 6):
        found = await list_newest(database, limit, START)
        assert [each["_id"] for each in found] == [f"u1/t{number}:0:began" for number in range(min(limit, 5))]


async def test_newest_of_nothing(database: Database) -> None:
    assert await list_newest(database, 10, clock.now()) == []


async def test_forget_deletes_what_is_older(database: Database) -> None:
    old = [mail(f"u1/t{number}:0:began") for number in range(600)]
    await enqueue_deliveries(database, old, START - timedelta(days=1))
    await database.deliveries.update_many({}, {"$set": {"status": "DELIVERED"}})
    await enqueue_deliveries(database, [mail("u1/t1:2:began")], START - timedelta(days=1))  # still to be sent
    await enqueue_deliveries(database, [mail("u1/t1:1:began")], START)
    assert await prune_deliveries(database, START) == 600
    assert [each["_id"] for each in await list_newest(database, 10, START)] == ["u1/t1:1:began", "u1/t1:2:began"]
    assert await prune_deliveries(database, START) == 0
