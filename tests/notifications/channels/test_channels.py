"""A channel beside mail: one class and one entry in the table."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.notifications.helpers import changed, mail
from tests.outbound.smtp import Inbox, mail_server, smtp_settings
from tocsin.documents import Database, DeliveryDocument, User
from tocsin.notifications.account_events import QuotaMet
from tocsin.notifications.channels import CHANNELS
from tocsin.notifications.channels.base import Channel, ChannelContext, DeliveryRefused, Message
from tocsin.notifications.deliveries import enqueue_deliveries, notify
from tocsin.notifications.delivery_worker import DeliveryWorker
from tocsin.notifications.events import Event, EventKind
from tocsin.outbound.mail_transport import make_mail_transport

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
delivered: list[str] = []


class ListChannel(Channel):
    """Notifies of quotas only, in a list, and nobody who was deactivated."""

    @staticmethod
    async def accepts(event: Event, database: Database) -> bool:
        if event.kind is not EventKind.QUOTA_MET:
            return False
        return await database.users.find_one({"_id": event.owner, "is_active": False}) is None

    @staticmethod
    def render(event: Event) -> Message:
        return Message(f"{event.owner} met a quota", "")

    async def deliver(self, delivery: DeliveryDocument) -> Message:
        if delivery["owner"] == "nobody":
            raise DeliveryRefused("there is nobody")
        delivered.append(delivery["subject"])
        return Message(delivery["subject"], "")


@pytest.fixture
def list_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CHANNELS, "list", ListChannel)
    delivered.clear()


async def outcomes(database: Database) -> dict[str, Any]:
    """Deliver what is queued, and return the status of each delivery."""
    async with mail_server(Inbox()) as port:
        await DeliveryWorker(ChannelContext(database, make_mail_transport(smtp_settings(port)))).send_due()
    return {each["_id"]: each["status"] async for each in database.deliveries.find({})}


async def test_an_event_is_delivered_by_each_channel_that_accepts_it(database: Database, list_channel: None) -> None:
    await User(id="u1", email="alice@example.org", password="-", created_at=AT).insert()
    await notify(database, [QuotaMet.from_quotas("u1", ["10 runs"], AT)])
    assert await outcomes(database) == {
        "u1/quota:2026-11-22": "DELIVERED",
        "u1/quota:2026-11-22@list": "DELIVERED",
    }
    assert delivered == ["u1 met a quota"]


async def test_a_channel_looks_up_whom_it_notifies(database: Database, list_channel: None) -> None:
    for name, is_active in (("u1", True), ("u2", False)):
        email = f"{name}@example.org"
        await User(id=name, email=email, password="-", is_active=is_active, created_at=AT).insert()
    await notify(database, [QuotaMet.from_quotas(name, ["10 runs"], AT) for name in ("u1", "u2")])
    by_list = database.deliveries.find({"channel": "list"})
    assert [each["owner"] async for each in by_list] == ["u1"]


async def test_the_failure_of_a_channel_is_its_own(database: Database, list_channel: None) -> None:
    await notify(database, [QuotaMet.from_quotas("nobody", ["10 runs"], AT)])
    assert (await outcomes(database))["nobody/quota:2026-11-22@list"] == "FAILED"
    assert delivered == []


async def test_a_delivery_of_an_unknown_channel_waits(database: Database) -> None:
    await enqueue_deliveries(database, [changed(mail(), channel="pigeon")])
    assert set((await outcomes(database)).values()) == {"QUEUED"}
