"""Attempts at deliveries and their outcomes, over a real database and a real SMTP server."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.notifications.helpers import (
    START,
    Clock,
    changed,
    mail,
    transport_to,
    tried,
    until,
    working,
)
from tests.notifications.relay import relayed
from tests.outbound.smtp import Inbox, mail_server
from tocsin.documents import Database, User, to_global_id
from tocsin.notifications.deliveries import enqueue_deliveries
from tocsin.notifications.delivery_attempts import MAX_RETRY_DELAY, RETRY_PERIOD, retry_delay
from tocsin.notifications.delivery_order import FIRST_RETRY_DELAY
from tocsin.outbound.mail_message import MailMessage
from tocsin.outbound.mail_transport import ComposeExecutor, compose_inline


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
