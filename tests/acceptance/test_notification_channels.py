"""A user sets up a webhook over the API, and a task of theirs fails: one mail and one signed request."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from tests.acceptance.server import Server, free_port, run_server
from tests.harness import wait_until
from tests.notifications.channels.helpers import body_of, headers_of
from tests.outbound.servers import Reader, Writer, answering, read_request, response, talking
from tests.outbound.smtp import Inbox, mail_server

ALICE, PASSWORD = "alice@example.com", "correct horse battery"
LOG_IN = "mutation($i: LogInInput!) { logIn(input: $i) { session { accessToken } } }"
CREATE_TASK = "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { message } } }"
CREATE = """mutation($i: CreateNotificationChannelInput!) { createNotificationChannel(input: $i) {
  notificationChannel { id } signingKey userErrors { message } } }"""
TEST = "mutation($i: NotificationChannelIdInput!) { testNotificationChannel(input: $i) { delivered error } }"
CHANNELS = """{ notificationChannels { isEnabled lastError settings { name value }
  deliveries(first: 10) { nodes { event status attempts { error } } } } }"""
SECRET = "in/c0ffee-s3cr3t"


async def log_in(server: Server) -> None:
    await server.run_command("users", "create", ALICE, "--password-stdin", given=f"{PASSWORD}\n")
    answer = await server.query(LOG_IN, {"i": {"email": ALICE, "password": PASSWORD}})
    server.token = answer["logIn"]["session"]["accessToken"]


async def fail_a_task(server: Server, name: str) -> str:
    """Create a task whose only attempt fails, of a host of its own, so that it is told alone. Return its ID."""
    given = {
        "name": name, "job": {"http": {"url": f"http://127.0.0.1:{free_port()}/"}}, "schedule": {"now": True},
        "retry": {"maxRetries": 0},
    }  # fmt: skip
    answer = await server.query(CREATE_TASK, {"i": given})
    assert answer["createTask"]["userErrors"] == []
    return str(answer["createTask"]["task"]["id"])


async def statuses(server: Server) -> list[str]:
    (channel,) = (await server.query(CHANNELS))["notificationChannels"]
    return [delivery["status"] for delivery in channel["deliveries"]["nodes"]]


async def test_a_failed_task_makes_one_mail_and_one_signed_webhook(tmp_path: Path) -> None:
    inbox = Inbox()
    ok, gone = response("204 No Content"), response("410 Gone", SECRET.encode())
    async with mail_server(inbox) as port, answering(ok, ok, gone) as receiver:
        smtp = {"TOCSIN_SMTP_HOST": "127.0.0.1", "TOCSIN_SMTP_PORT": str(port), "TOCSIN_SMTP_TLS": "none"}
        async with run_server(tmp_path, **smtp) as server:
            await log_in(server)
            given = {"name": "Ops", "channel": {"webhook": {"url": f"{receiver.url}{SECRET}"}}}
            made = (await server.query(CREATE, {"i": given}))["createNotificationChannel"]
            tried = await server.query(TEST, {"i": {"id": made["notificationChannel"]["id"]}})
            assert tried["testNotificationChannel"] == {"delivered": True, "error": None}
            task = await fail_a_task(server, "Nightly backup")

            async def told() -> bool:
                return len(inbox.mails) == 1 and await statuses(server) == ["DELIVERED"]

            await wait_until(told, 30)
            assert len(receiver.seen) == 2
            await _require_gone(server, inbox)
    assert [mail["Subject"] for mail in inbox.mails[:1]] == ['Task "Nightly backup" has failed']
    notices = [Webhook(made["signingKey"]).verify(body_of(seen), headers_of(seen)) for seen in receiver.seen]
    assert [notice["type"] for notice in notices] == ["channel.test", "task.failed", "task.failed"]
    assert notices[1]["data"]["details"]["taskId"] == task
    log = server.log.read_text()
    for secret in (SECRET, "c0ffee", made["signingKey"]):
        assert secret not in log


async def _require_gone(server: Server, inbox: Inbox) -> None:
    """The endpoint answers 410: the channel is disabled, and its owner gets a mail about that."""
    await fail_a_task(server, "Another task")

    async def disabled() -> Any:
        if len(inbox.mails) != 3:
            return False
        (channel,) = (await server.query(CHANNELS))["notificationChannels"]
        return not channel["isEnabled"] and channel

    channel = await wait_until(disabled, 30)
    assert "c0ffee" not in json.dumps(channel)
    assert 'Channel "Ops" was disabled' in [mail["Subject"] for mail in inbox.mails]


@pytest.mark.long
async def test_a_server_that_is_killed_before_the_record_delivers_again_with_the_same_id(tmp_path: Path) -> None:
    """The first request is never answered. It is sent again when the lease of the killed process ends, in a minute."""
    seen: list[bytes] = []
    held = asyncio.Event()

    async def hold_the_first(reader: Reader, writer: Writer) -> None:
        seen.append(await read_request(reader))
        if len(seen) == 1:
            held.set()
            await asyncio.Event().wait()
        writer.write(response("204 No Content"))

    async def seen_again() -> bool:
        return len(seen) == 2

    async def delivered() -> bool:
        return await statuses(server) == ["DELIVERED"]

    async with talking(hold_the_first) as receiver, run_server(tmp_path) as server:
        await log_in(server)
        given = {"name": "Ops", "channel": {"webhook": {"url": receiver.url}}}
        made = (await server.query(CREATE, {"i": given}))["createNotificationChannel"]
        await fail_a_task(server, "Nightly backup")
        await asyncio.wait_for(held.wait(), 30)
        await server.kill()
        await server.start()
        await wait_until(seen_again, 100)
        await wait_until(delivered, 10)
    first, second = seen
    assert headers_of(first)["webhook-id"] == headers_of(second)["webhook-id"]
    assert body_of(first) == body_of(second)
    Webhook(made["signingKey"]).verify(body_of(second), headers_of(second))
