"""Parts of the tests of live delivery: a live channel, what it is told, a clock, and a process that dies at a write."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from pymongo.asynchronous.collection import AsyncCollection

from tests.notifications.channel_helpers import BOX, RULES, stored_channel
from tests.notifications.helpers import Clock
from tocsin import clock
from tocsin.documents import Database, NotificationChannelDocument
from tocsin.notifications.account_events import QuotaMet
from tocsin.notifications.channel_changes import ChannelDraft, create_channel, validate_draft
from tocsin.notifications.deliveries import notify
from tocsin.notifications.delivery_worker import DeliveryWorker
from tocsin.notifications.events import Event
from tocsin.notifications.inbox.acknowledgement import acknowledge_each

LIVE = "u1/live"
WRITES = ("insert_one", "insert_many", "update_one", "update_many", "bulk_write")


class Killed(BaseException):
    """The process was killed here."""


@contextmanager
def killed_at(write: int) -> Iterator[list[str]]:
    """Kill the process after so many writes, instead of the next one. Yields the names of the writes until then."""
    done: list[str] = []

    def dying(method: Any) -> Any:
        @functools.wraps(method)
        async def call(self: Any, *given: Any, **named: Any) -> Any:
            if len(done) >= write:
                raise Killed
            result = await method(self, *given, **named)
            done.append(f"{method.__name__} {self.name}")
            return result

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in WRITES:
            patch.setattr(AsyncCollection, name, dying(getattr(AsyncCollection, name)))
        yield done


async def add_live_channel(
    database: Database, channel_id: str = LIVE, events: list[str] | None = None, **given: Any
) -> NotificationChannelDocument:
    draft = ChannelDraft("live", given, "Bell", events)
    await create_channel(database, BOX, channel_id, draft, validate_draft(draft, RULES), clock.now())
    channel: NotificationChannelDocument = await stored_channel(database, channel_id)
    return channel


def quota_met(number: int = 0, owner: str = "u1") -> QuotaMet:
    """Return one of several events that have nothing to do with each other."""
    return QuotaMet.from_quotas(owner, [str(number)], clock.now() + timedelta(days=number))


async def tell(database: Database, time: Clock, *events: Event) -> list[str]:
    """Notify of events, set the clock to the time of that, and return their IDs."""
    await notify(database, events)
    time.time = clock.now() + timedelta(milliseconds=1)
    return [event.id for event in events]


async def find(database: Database, delivery_id: str) -> Any:
    found = await database.deliveries.find_one({"_id": delivery_id})
    assert found is not None
    return found


async def states(database: Database, event_id: str) -> tuple[str, str]:
    """Return the states of the live delivery and of the mail."""
    return (await find(database, f"{event_id}@{LIVE}"))["status"], (await find(database, event_id))["status"]


async def advance(database: Database, time: Clock, worker: DeliveryWorker, event_id: str) -> Any:
    """Make the next attempt at a live delivery when it is due, and return the delivery."""
    time.time = (await find(database, f"{event_id}@{LIVE}"))["next_try_at"]
    await worker.send_due()
    return await find(database, f"{event_id}@{LIVE}")


async def acknowledge(database: Database, *event_ids: str) -> int:
    return await acknowledge_each(database, "u1", list(event_ids), clock.now())
