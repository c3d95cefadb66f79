"""Notifications of a server that is killed and stopped: none is lost, none comes twice, long polls are answered."""

import asyncio
import json
import os
import signal
from contextlib import aclosing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.events import events
from tests.acceptance.server import Server, UnavailableError, free_port
from tests.harness import wait_until

_TASKS = 10
"""Tasks of each round. At most two notifications are about each: it begins to fail, and it fails."""
_CREATE = "mutation($i: CreateTasksInput!) { createTasks(input: $i) { results { userErrors { message } } } }"
_LIST = """{ tasks { totalCount } failed: notifications(kinds: [FAILED_FOR_GOOD]) { totalCount }
  notifications(first: 100) { nodes { id } } }"""
_RECEIVED = "subscription { notificationReceived%s { id cursor subject } }"
_POLL = '{ notifications(waitSeconds: 60, after: "") { nodes { id } pageInfo { endCursor } } }'


class Follower:
    """A client that follows notifications, and continues where its connection was lost."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.received: list[str] = []
        self._cursor: str | None = None

    async def follow(self) -> None:
        """Receive until cancelled, over as many connections as it takes."""
        while True:
            after = "" if self._cursor is None else f'(after: "{self._cursor}")'
            with suppress(httpx.TransportError):
                async with aclosing(events(self._server, _RECEIVED % after)) as stream:
                    async for event in stream:
                        self._note(event["notificationReceived"])
            await asyncio.sleep(0.05)

    async def has_more_than(self, count: int) -> bool:
        """Tell whether more notifications than these were received."""
        return len(self.received) > count

    def _note(self, notification: dict[str, Any]) -> None:
        self.received.append(notification["id"])
        self._cursor = notification["cursor"]


def _failing(number: int) -> dict[str, Any]:
    return {
        "name": f"failing {number}",
        "job": {"http": {"url": f"http://127.0.0.1:{free_port()}/"}},
        "schedule": {"now": True},
        "retry": {"maxRetries": 1, "offsets": ["PT1S"]},
    }


@pytest.mark.parametrize("rounds", [2, pytest.param(3, marks=pytest.mark.long)])
async def test_a_client_gets_each_notification_once_though_server_and_database_are_killed(
    tmp_path: Path, rounds: int
) -> None:
    server = Server(tmp_path)
    await server.start()
    try:
        await server.sign_up()
        follower = Follower(server)
        following = asyncio.create_task(follower.follow())
        for round_ in range(rounds):
            given = {"tasks": [_failing(round_ * _TASKS + number) for number in range(_TASKS)], "mode": "EACH"}
            await _retried(server, _CREATE, {"i": given})
            await wait_until(partial(follower.has_more_than, len(follower.received)), 30)
            if round_ == 1:
                os.kill(server.database_pid(), signal.SIGKILL)  # streams wait until it is there again
                await wait_until(server.ready, 30)
            else:
                await server.kill()
                await server.start()

        async def all_received() -> bool:
            found = await _retried(server, _LIST)
            has_ended = found["failed"]["totalCount"] == found["tasks"]["totalCount"]
            return has_ended and len(found["notifications"]["nodes"]) == len(follower.received)

        await wait_until(all_received, 60)
        stored = [node["id"] for node in (await server.query(_LIST))["notifications"]["nodes"]]
        assert sorted(follower.received) == sorted(stored)
        following.cancel()
    finally:
        await server.stop()


async def _retried(server: Server, query: str, variables: dict[str, Any] | None = None) -> Any:
    """Run an operation when the database is there."""
    while True:
        with suppress(UnavailableError):
            return await server.query(query, variables)
        await asyncio.sleep(0.1)


class RawPoll:
    """A long poll that knows when the server has begun to read it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def begin(cls, server: Server) -> "RawPoll":
        """Send a long poll, and return when the server asks for its body."""
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        body = json.dumps({"query": _POLL})
        head = f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\nExpect: 100-continue\r\n"
        fields = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write((head + fields).encode())
        assert b" 100 " in await reader.readuntil(b"\r\n\r\n")
        writer.write(body.encode())
        return cls(reader, writer)

    async def end(self) -> Any:
        """Return the data of the answer, after which the server closes the connection."""
        async with asyncio.timeout(30):
            answer = await self._reader.read()
        self._writer.close()
        return json.loads(answer.partition(b"\r\n\r\n")[2])["data"]


async def test_a_stop_answers_long_polls(tmp_path: Path) -> None:
    """One that is not answered is cut off by the stop, three seconds later."""
    server = Server(tmp_path)
    await server.start()
    await server.sign_up()
    polls = [await RawPoll.begin(server) for _ in range(3)]
    assert await server.stop() == 0
    for each in polls:
        page = (await each.end())["notifications"]
        assert page["nodes"] == []
        assert page["pageInfo"]["endCursor"]
