"""Keys are rotated while the server signs, seals, calls and pushes, without visible effects."""

import asyncio
import json
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from gql import Client, gql
from gql.transport.websockets import WebsocketsTransport

from tests.acceptance.server import Server, run_server
from tests.harness import TargetServer, wait_until

SECRET = "s3cret of the target"
TOKEN = "s3cret-token"
CREATE = "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { message } } }"
EVENTS = gql("subscription { taskEvents { kind runStatus } }")


async def create(server: Server, target: TargetServer, name: str, **schedule: Any) -> None:
    """Create a task with a secret header and a token."""
    http = {"url": target.url, "headers": {"X-Secret": SECRET}, "secretHeaders": ["X-Secret"], "token": TOKEN}
    answer = await server.query(CREATE, {"i": {"name": name, "job": {"http": http}, "schedule": schedule}})
    assert answer["createTask"]["userErrors"] == []


async def listen(server: Server, events: list[dict[str, Any]]) -> None:
    """Record the events of a subscription until its connection ends."""
    transport = WebsocketsTransport(
        url=server.url.replace("http", "ws"),
        init_payload={"Authorization": f"Bearer {server.token}"},
        subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
    )
    async with Client(transport=transport) as session:
        async for answer in session.subscribe(EVENTS):
            events += [answer["taskEvents"]]


async def rows(server: Server) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(await server.run_command("keys", "list", "--json"))
    return found


async def killed_rotation(server: Server) -> None:
    """Run `tocsin keys rotate` and kill it when it begins to re-encrypt secrets."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-u", "-m", "tocsin", "keys", "rotate", cwd=server.directory, env=server.environment,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(30):
        while not (await process.stdout.readline()).startswith(b"Secrets re-encrypted"):
            assert not process.stdout.at_eof()
    process.send_signal(signal.SIGKILL)
    assert await process.wait() == -signal.SIGKILL


async def test_nobody_notices_a_rotation(tmp_path: Path, target: TargetServer) -> None:
    async with run_server(tmp_path) as server:
        await server.sign_up()
        await create(server, target, "each second", every={"interval": "PT1S"})
        await create(server, target, "tomorrow", every={"interval": "P1D"})
        events: list[dict[str, Any]] = []
        listening = asyncio.create_task(listen(server, events))
        await wait_until(lambda: asyncio.sleep(0, events and target.calls))

        await killed_rotation(server)
        await create(server, target, "in between", every={"interval": "P1D"})
        await server.run_command("keys", "rotate")

        heard, called = len(events), len(target.calls)
        await wait_until(lambda: asyncio.sleep(0, len(events) > heard and len(target.calls) > called + 1))
        assert not listening.done()
        await check_secrets(server, target)
        await only_the_newest_key_is_in_use(server)
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
    assert "Traceback" not in server.log.read_text()
    assert TOKEN not in server.log.read_text()


async def check_secrets(server: Server, target: TargetServer) -> None:
    """Check that each call had the secrets, no attempt failed, and the earlier session continues."""
    assert {call["headers"]["X-Secret"] for call in target.calls} == {SECRET}
    assert {call["headers"]["Authorization"] for call in target.calls} == {f"Bearer {TOKEN}"}
    answer = await server.query("{ runs(first: 100) { nodes { status attempts { outcome } } } }")
    outcomes = {attempt["outcome"] for run in answer["runs"]["nodes"] for attempt in run["attempts"]}
    assert outcomes <= {"COMPLETED", None}


async def only_the_newest_key_is_in_use(server: Server) -> None:
    found = await rows(server)
    holding = [row for row in found if row["secrets"]]
    assert [row["state"] for row in holding] == ["in use"]
    assert holding[0]["secrets"] >= 6
    assert [row["kind"] for row in found if row["state"] == "in use"] == ["DATA", "JWT"]
    assert len(found) == 6
