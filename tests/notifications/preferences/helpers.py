"""Preferences for tests, a worker with a controlled clock, and the mails that it sends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.notifications.helpers import Clock, transport_to
from tests.notifications.samples import ATTEMPT, RUN
from tests.outbound.smtp import Inbox, mail_server
from tocsin.documents import Database
from tocsin.notifications.channels.base import ChannelContext
from tocsin.notifications.channels.mail.layout import render_mail
from tocsin.notifications.deliveries import enqueue_deliveries, new_delivery
from tocsin.notifications.delivery_worker import DeliveryWorker
from tocsin.notifications.events import Event
from tocsin.notifications.inbox.store import store_notifications
from tocsin.notifications.preferences.quiet_hours import QuietHours
from tocsin.notifications.run_events import TaskFailure

NIGHT = QuietHours(begin=22 * 60, end=7 * 60)
BERLIN, PAGE = "Europe/Berlin", "https://tocsin.example"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def choose(database: Database, owner: str = "u1", **fields: Any) -> None:
    """Store preferences, or a rule if `owner` is the ID of a task."""
    await database.notification_preferences.update_one(
        {"_id": owner}, {"$set": {"owner": owner.partition("/")[0], **fields}}, upsert=True
    )


async def choose_night(database: Database, **more: Any) -> None:
    await choose(database, time_zone=BERLIN, quiet_hours=NIGHT.to_document() | more)


def digest(frequency: str = "DAILY", hour: int = 8, *except_kinds: str) -> Any:
    return {"frequency": frequency, "hour": hour, "except_kinds": list(except_kinds)}


def failure(number: int = 1, *, stage: int = 1, incident: int = 0, at: datetime | None = None) -> TaskFailure:
    """Return the event of a task of Alice's that failed: at once, or in the first attempt of several."""
    moment = at or utc("2026-11-22T09:00")
    run: Any = {
        **RUN,
        "_id": f"u1/t{number}:{int(moment.timestamp())}",
        "task": f"u1/t{number}",
        "task_name": f"Task {number}",
        "incident": incident,
        "status": ("RETRY", "FAILED")[stage],
        "attempts": [{**ATTEMPT, "finished_at": moment}],
    }
    event = TaskFailure.from_run(run)
    assert event.about is not None
    return replace(event, about={**event.about, "incident_id": f"u1/t{number}:{incident}"})


async def recover(database: Database, *numbers: int) -> None:
    """Let the first incidents of these tasks be over, because these work again."""
    over = [{"_id": f"u1/t{each}:0", "sequence": 0, "open": False, "recovered": True} for each in numbers]
    await database.db["incidents"].insert_many(over)


async def tell(database: Database, *events: Event, at: datetime) -> None:
    """Store the notifications of events, and queue their mails at this time."""
    await store_notifications(database, events)
    await enqueue_deliveries(database, [new_delivery(each, "mail", render_mail(each)) for each in events], at)


@dataclass
class Desk:
    """A worker whose clock the test sets, and the mails that it has sent."""

    database: Database
    worker: DeliveryWorker
    inbox: Inbox
    time: Clock

    async def work_at(self, moment: datetime) -> list[str]:
        """Make what is due in the seconds from this time on, and return the subjects of the mails that this sent."""
        before = len(self.inbox.mails)
        for seconds in range(3):
            self.time.time = moment + timedelta(seconds=seconds)
            await self.worker.send_due()
        return [str(mail["Subject"]) for mail in self.inbox.mails[before:]]

    async def find(self, event: Event) -> Any:
        return await self.database.deliveries.find_one({"_id": event.id})


@asynccontextmanager
async def desk(database: Database, inbox: Inbox | None = None, **options: Any) -> AsyncIterator[Desk]:
    inbox, time = inbox or Inbox(), Clock()
    async with mail_server(inbox) as port:
        context = ChannelContext(database, transport_to(port), page=lambda path: f"{PAGE}{path}", clock=time, **options)
        yield Desk(database, DeliveryWorker(context), inbox, time)
