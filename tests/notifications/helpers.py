"""Parts of the tests of deliveries: queued mails, a clock that the test advances, and a worker at work."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.outbound.smtp import Inbox, smtp_settings
from tocsin.documents import Database, User
from tocsin.documents.delivery_documents import DeliveryDocument
from tocsin.notifications.channels import CHANNELS
from tocsin.notifications.channels.base import Channel, ChannelContext, Message
from tocsin.notifications.channels.mail import MailChannel
from tocsin.notifications.delivery_worker import DeliveryWorker
from tocsin.notifications.events import Event
from tocsin.outbound.mail_transport import MailTransport, make_mail_transport

START = datetime(2099, 11, 22, 9, 0, tzinfo=UTC)
"""A Sunday far ahead: the database deletes counters of mails once their time is over by its own clock."""
ALICE = "alice@example.org"
BEGAN, FAILED = "u1/t1:0:began", "u1/t1:0:failed"


class Clock:
    """A clock that the test advances."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time


def mail(cause: str = "u1/t1:0:began") -> Any:
    return {
        "_id": cause, "owner": "u1", "kind": "BEGAN_FAILING", "run": "u1/t1:1", "subject": f"About {cause}",
        "text": "Hello,\n\nit failed.\n", "status": "QUEUED", "queued_at": START, "next_try_at": START,
        "lease_until": None, "tries": 0, "last_error": None, "delivered_at": None,
    }  # fmt: skip


def changed(delivery: Any, **changes: Any) -> Any:
    return {**delivery, **changes}


def incident_mail(incident: int, stage: int, task: str = "u1/t1") -> Any:
    """Return a mail about a stage of a task's incident: 0 started failing, 1 failed."""
    about = {"type": "Task", "id": task, "incident": incident, "stage": stage}
    return {**mail(f"{task}:{incident}:{('began', 'failed')[stage]}"), "about": about}


def numbered(count: int, owner: str = "u1", **changes: Any) -> list[Any]:
    return [{**mail(f"{owner}/{number:05}"), "owner": owner, **changes} for number in range(count)]


class ListChannel(Channel):
    """A channel beside mail, of all events. It delivers to nobody."""

    @staticmethod
    def render(event: Event) -> Message:
        return Message(event.kind, "")

    async def deliver(self, delivery: DeliveryDocument) -> Message:
        return Message(delivery["subject"], "")


async def accept_none(_event: Event, _database: Database) -> bool:
    return False


def accept_by_list_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add a second channel, the only one that accepts events."""
    monkeypatch.setitem(CHANNELS, "list", ListChannel)
    monkeypatch.setattr(MailChannel, "accepts", staticmethod(accept_none))


async def until(condition: Callable[[], Awaitable[Any]]) -> Any:
    """Wait until `condition` returns a true value, and return it."""
    async with asyncio.timeout(20):
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


async def statuses(database: Database) -> dict[str, str]:
    return {each["_id"]: each["status"] async for each in database.deliveries.find({})}


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


def subjects(inbox: Inbox) -> list[str]:
    return [str(sent["Subject"]) for sent in inbox.mails]


async def user(name: str = "u1", email: str = ALICE, *, confirmed: bool = True) -> User:
    return await User(id=name, email=email, password="-", email_confirmed=confirmed, created_at=START).insert()
