"""Parts of the tests of channels that users set up: stored channels, receivers on loopback, and a worker at work."""

import contextlib
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from tests.notifications.channels.helpers import headers_of
from tests.notifications.helpers import START, Clock, incident_mail
from tests.outbound.servers import LOOPBACK, open_shared_client
from tests.outbound.smtp import Inbox, mail_server, smtp_settings
from tocsin.documents import Database, DeliveryDocument
from tocsin.notifications.channel_changes import ChannelDraft, create_channel, validate_draft
from tocsin.notifications.channels.base import ChannelContext
from tocsin.notifications.delivery_worker import DeliveryWorker
from tocsin.outbound.guard import ConnectionRules
from tocsin.outbound.http_client import HttpClient
from tocsin.outbound.mail_transport import make_mail_transport
from tocsin.security.secret_box import SecretBox

BOX = SecretBox(b"k" * 32)
RULES = ConnectionRules(LOOPBACK)
CHANNEL = "u1/c1"
PAGE = "https://tocsin.example"


async def add_channel(
    database: Database, url: str, channel_id: str = CHANNEL, at: datetime = START, **more: Any
) -> Any:
    """Store a channel of the owner in its id, a webhook if no `kind` and `given` say otherwise."""
    given: dict[str, Any] = {"kind": "webhook", "given": {"url": url}, "name": "Ops", **more}
    draft = ChannelDraft(**given)
    await create_channel(database, BOX, channel_id, draft, validate_draft(draft, RULES), at)
    return await stored_channel(database, channel_id)


async def stored_channel(database: Database, channel_id: str = CHANNEL) -> Any:
    return await database.notification_channels.find_one({"_id": channel_id})


async def signing_key(database: Database, channel_id: str = CHANNEL) -> str:
    channel = await stored_channel(database, channel_id)
    return await BOX.unseal(channel["sealed"]["signing_key"], channel_id)


def told(number: int = 0, channel: str = CHANNEL, owner: str = "u1", at: datetime = START) -> Any:
    """Return a delivery to a channel about the failure of a task of its owner."""
    mail: DeliveryDocument = incident_mail(0, 1, f"{owner}/t{number}")
    stamped = {"owner": owner, "kind": "FAILED_FOR_GOOD", "queued_at": at, "next_try_at": at, "link": "/page"}
    return {**mail, **stamped, "_id": f"{mail['_id']}@{channel}", "channel": channel}


async def delivery(database: Database, number: int = 0, channel: str = CHANNEL) -> Any:
    return await database.deliveries.find_one({"_id": told(number, channel)["_id"]})


@contextlib.asynccontextmanager
async def at_work(
    database: Database, time: Clock, inbox: Inbox | None = None, http: HttpClient | None = None
) -> AsyncIterator[DeliveryWorker]:
    """Yield a worker over real servers, which the test tells to send what is due."""
    async with mail_server(inbox or Inbox()) as port, open_shared_client() as client:
        context = ChannelContext(
            database,
            make_mail_transport(smtp_settings(port)),
            http or client,
            BOX,
            page=lambda path: f"{PAGE}{path}",
            clock=time,
        )
        yield DeliveryWorker(context)


def ids_of(seen: list[bytes]) -> list[str]:
    return [headers_of(each)["webhook-id"] for each in seen]
