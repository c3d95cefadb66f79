"""Live delivery by a server that is killed: repeated, and then acknowledged or mailed."""

import asyncio
import time
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.events import events
from tests.acceptance.server import Server, free_port, run_server
from tests.acceptance.test_notification_channels import log_in
from tests.harness import wait_until
from tests.outbound.smtp import Inbox, mail_server

_CHANNEL = """mutation { createNotificationChannel(input: {
  name: "Bell", channel: { live: { fallbackAfter: "PT1M" } }, events: [FAILED_FOR_GOOD]
}) { userErrors { message } } }"""
_TASK = "mutation($i: CreateTaskInput!) { createTask(input: $i) { userErrors { message } } }"
_RECEIVED = "subscription { notificationReceived%s { id cursor subject deliveryAttempt } }"
_ACKNOWLEDGE = "mutation($ids: [ID!]) { acknowledgeNotifications(input: { ids: $ids }) { count } }"
_DELIVERIES = """{ notificationChannels { deliveries(first: 9) {
  nodes { subject status attempts { wasReceived } }
} } }"""


def _failing(name: str) -> dict[str, Any]:
    url = f"http://127.0.0.1:{free_port()}/"
    return {"name": name, "job": {"http": {"url": url}}, "schedule": {"now": True}, "retry": {"maxRetries": 0}}


class Follower:
    """A client that follows notifications over lost connections, and acknowledges some at their second attempt."""

    def __init__(self, server: Server, acknowledges: str) -> None:
        self._server, self._acknowledges = server, acknowledges
        self.attempts: dict[str, list[int]] = {}
        self._cursor: str | None = None

    async def follow(self) -> None:
        while True:
            after = "" if self._cursor is None else f'(after: "{self._cursor}")'
            with suppress(httpx.TransportError):
                async with aclosing(events(self._server, _RECEIVED % after)) as stream:
                    async for event in stream:
                        await self._note(event["notificationReceived"])
            await asyncio.sleep(0.05)

    async def _note(self, found: dict[str, Any]) -> None:
        self.attempts.setdefault(found["subject"], []).append(found["deliveryAttempt"])
        self._cursor = found["cursor"]
        if self._acknowledges in found["subject"] and found["deliveryAttempt"] > 1:
            await self._server.query(_ACKNOWLEDGE, {"ids": [found["id"]]})


@pytest.mark.long
async def test_it_is_repeated_until_it_is_acknowledged_or_mailed_though_the_server_is_killed(tmp_path: Path) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        smtp = {"TOCSIN_SMTP_HOST": "127.0.0.1", "TOCSIN_SMTP_PORT": str(port), "TOCSIN_SMTP_TLS": "none"}
        async with run_server(tmp_path, **smtp) as server:
            await log_in(server)
            await server.query(_CHANNEL)
            follower, began = Follower(server, "seen"), time.monotonic()
            following = asyncio.create_task(follower.follow())
            for name in ("seen", "missed"):
                await server.query(_TASK, {"i": _failing(name)})

            def has_repeated(name: str, least: int) -> Any:
                async def has() -> bool:
                    return any(name in subject and max(got) >= least for subject, got in follower.attempts.items())

                return wait_until(has, 30)

            await has_repeated("missed", 2)
            await has_repeated("seen", 2)
            await server.kill()
            await server.start()
            await has_repeated("missed", 4)

            async def is_over() -> bool:
                (channel,) = (await server.query(_DELIVERIES))["notificationChannels"]
                return {each["status"] for each in channel["deliveries"]["nodes"]} == {"DELIVERED", "FAILED"}

            await wait_until(is_over, 90)
            following.cancel()
            assert time.monotonic() - began > 55
            await wait_until(lambda: _has_mails(inbox, 1))
    (mail,) = [mail for mail in inbox.mails if "failed" in str(mail["Subject"])]
    assert "missed" in str(mail["Subject"])
    for subject, got in follower.attempts.items():
        assert got == sorted(set(got)), subject


async def _has_mails(inbox: Inbox, count: int) -> bool:
    return sum("failed" in str(mail["Subject"]) for mail in inbox.mails) >= count
