"""Accounts that send by Apprise at once: servers without end hold up nobody else's notifications."""

import importlib.util

import pytest

from tests.harness import wait_until
from tests.notifications.channel_helpers import BOX, told
from tests.notifications.helpers import numbered, transport_to, tried, user, working
from tests.outbound.servers import LOOPBACK, Reader, Writer, answering, open_shared_client, response, talking
from tests.outbound.smtp import Inbox, mail_server
from tocsin import clock
from tocsin.documents import Database
from tocsin.notifications import delivery_worker
from tocsin.notifications.channel_changes import ChannelDraft, create_channel, validate_draft
from tocsin.notifications.channels.apprise import channel as module
from tocsin.notifications.deliveries import enqueue_deliveries
from tocsin.outbound.guard import ConnectionRules

TARPITS = ("u1", "u2", "u3", "u4", "u5")
RULES = ConnectionRules(LOOPBACK, allows_apprise=True)


async def _listen_only(reader: Reader, _: Writer) -> None:
    """Accept and never answer."""
    await reader.read()


async def _add_account(database: Database, owner: str, port: int) -> None:
    await user(owner, f"{owner}@example.org")
    draft = ChannelDraft("apprise", {"url": f"json://127.0.0.1:{port}/x?rto=1000"}, "Ops")
    await create_channel(database, BOX, f"{owner}/c", draft, validate_draft(draft, RULES), clock.now())


@pytest.mark.skipif(
    importlib.util.find_spec("apprise") is None,
    reason="the package apprise is not installed; pip install 'tocsin[apprise]'",
)
@pytest.mark.long
async def test_five_accounts_at_servers_without_end_hold_up_no_sixth(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.outbound.apprise_sender._TIMEOUT", 10.0)
    monkeypatch.setattr(module, "COME_AGAIN", 0.5)
    monkeypatch.setattr(delivery_worker, "_POLL_SECONDS", 0.2)
    async with (
        talking(_listen_only) as tarpit,
        answering(response("200 OK", b"ok")) as server,
        mail_server(Inbox()) as port,
        open_shared_client(apprise=True) as http,
        working(database, transport_to(port), http=http, secrets=BOX),
    ):
        for owner in TARPITS:
            await _add_account(database, owner, tarpit.port)
        await _add_account(database, "u6", server.port)
        slow = [told(number, f"{owner}/c", owner) for owner in TARPITS for number in range(3)]
        await enqueue_deliveries(database, slow)
        await wait_until(lambda: database.deliveries.find_one({"last_error": module.BUSY}), 60)
        await enqueue_deliveries(database, [told(0, "u6/c", "u6"), *numbered(1, "u6")])
        assert (await tried(database, 1, "u6/00000"))["status"] == "DELIVERED"
        by_apprise = told(0, "u6/c", "u6")["_id"]
        await wait_until(lambda: database.deliveries.find_one({"_id": by_apprise, "status": "DELIVERED"}), 90)
        assert await database.deliveries.count_documents({"owner": {"$in": TARPITS}, "status": "DELIVERED"}) == 0
    assert len(server.seen) == 1
