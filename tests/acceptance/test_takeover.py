"""Two servers over one database: when one is killed, its subscribers continue at the other without missing a change."""

import asyncio
import base64
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from tests.acceptance.events import events
from tests.acceptance.server import Server
from tests.harness import TargetServer, wait_until
from tocsin.events.recent_changes import CLOCK_TOLERANCE

TASKS = 20
_CREATE = (
    "mutation($i: CreateTasksInput!) { createTasks(input: $i) { results { task { id } } userErrors { message } } }"
)
_EVENTS = "subscription { taskEvents%s { kind at taskId runStatus } }"
_OPEN = "{ runs(filter: {status: [QUEUED, RUNNING, RETRY]}) { totalCount } done: runs { totalCount } }"
_STATES = "{ runs(first: 100) { nodes { status task { id } } } }"


class Listener:
    """A client that can resume at another server. Keeps the last status of each task's only run."""

    def __init__(self) -> None:
        self.last: dict[str, str] = {}
        self.kinds: list[str] = []
        self._at: str | None = None

    async def listen(self, server: Server) -> None:
        """Record events until the server dies."""
        after = "" if self._at is None else f'(after: "{self._at}")'
        with suppress(httpx.TransportError):
            async for event in events(server, _EVENTS % after):
                self._note(event["taskEvents"])

    def _note(self, event: dict[str, Any]) -> None:
        self.kinds.append(event["kind"])
        self._at = event["at"]
        if event["runStatus"] is not None:
            self.last[event["taskId"]] = event["runStatus"]


def new_servers(tmp_path: Path, uri: str) -> list[Server]:
    key = base64.b64encode(bytes(32)).decode()
    shared = {
        "TOCSIN_MONGODB_URI": uri, "TOCSIN_MONGODB_DATABASE": f"test_{uuid4().hex[:12]}", "TOCSIN_JWT_SECRET": "s" * 32,
        "TOCSIN_ENCRYPTION_KEY": key, "TOCSIN_LEASE_SECONDS": "1", "TOCSIN_RETRY_OFFSETS": "PT1S",
    }  # fmt: skip
    directories = [tmp_path / name for name in ("one", "other")]
    for directory in directories:
        directory.mkdir()
    return [Server(directory, **shared) for directory in directories]


async def test_a_subscriber_whose_server_dies_sees_the_last_state_at_the_other(
    tmp_path: Path, target: TargetServer, mongodb_uri: str
) -> None:
    one, other = new_servers(tmp_path, mongodb_uri)
    try:
        await asyncio.gather(one.launch(), other.launch())
        await wait_until(one.ready, 60)
        await wait_until(other.ready, 60)
        await one.sign_up()
        other.token = one.token
        listener = Listener()
        listening = asyncio.create_task(listener.listen(one))
        await wait_until(lambda: is_true(listener.kinds))
        target.script = [500] * TASKS
        job = {"http": {"url": target.url}}
        first = {"name": "first", "job": job, "schedule": {"at": "2100-01-01T00:00:00Z"}}
        await one.query(_CREATE, {"i": {"tasks": [first]}})
        await asyncio.sleep(
            1.5 * CLOCK_TOLERANCE.total_seconds()
        )  # both servers have listened for a while before the other tasks are saved
        given = [{"name": f"t{number}", "job": job, "schedule": {"now": True}} for number in range(TASKS)]
        await one.query(_CREATE, {"i": {"tasks": given}})
        await wait_until(lambda: is_true("RETRY" in listener.last.values()), 30)
        await one.kill()
        await listening
        await wait_until(lambda: all_ended(other), 60)  # nobody is subscribed meanwhile
        states = (await other.query(_STATES))["runs"]["nodes"]
        ended = {run["task"]["id"]: run["status"] for run in states}
        assert listener.last != ended
        listening = asyncio.create_task(listener.listen(other))
        # The server that died may have left changes that it had not sent: then the client reads the state again.
        await wait_until(lambda: is_true(listener.last == ended or reads_state_again(listener.kinds)), 20)
        listening.cancel()
    finally:
        await other.stop()
        await one.kill()


def reads_state_again(kinds: list[str]) -> bool:
    return "RESYNC" in kinds or kinds.count("SNAPSHOT") == 2


async def is_true(found: object) -> bool:
    return bool(found)


async def all_ended(server: Server) -> bool:
    found = await server.query(_OPEN)
    return bool(found["runs"]["totalCount"] == 0 and found["done"]["totalCount"] == TASKS)
