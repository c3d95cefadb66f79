"""Clients that follow events by cursors know the state of the server, whatever is killed meanwhile."""

import asyncio
import json
import os
import signal
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from tests.acceptance.server import Server, UnavailableError
from tests.harness import TargetServer, wait_until

TASKS = 8
_CREATE = (
    "mutation($i: CreateTasksInput!) { createTasks(input: $i) { results { task { id } } userErrors { message } } }"
)
_EVENTS = "subscription { taskEvents { kind cursor taskId taskStatus runStatus run { id } } }"
_PAUSE = "mutation($i: TaskIdInput!) { pauseTask(input: $i) { userErrors { message } } }"
_DELETE = "mutation($i: TaskIdInput!) { deleteTask(input: $i) { userErrors { message } } }"
_TASKS = "{ tasks(first: 100) { nodes { id status } } }"
_OPEN = "{ runs(filter: {status: [QUEUED, RUNNING, RETRY]}) { totalCount } }"
_RUNS = "query($a: String) { runs(first: 100, after: $a) { nodes { id status } pageInfo { endCursor hasNextPage } } }"


class Follower:
    """A client like EventSource: it reconnects for ever, with the ID of the last event, or sometimes an earlier one."""

    def __init__(self, server: Server, random: Random) -> None:
        self._server, self._random = server, random
        self.tasks: dict[str, str] = {}
        self.runs: dict[str, str] = {}
        self._cursors: list[str] = []
        self.resyncs = 0
        self._task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        while True:
            with suppress(httpx.TransportError, httpx.HTTPStatusError):  # the server is being started
                await self._listen()
            await asyncio.sleep(0.05)

    async def _listen(self) -> None:
        headers = {"Authorization": f"Bearer {self._server.token}", "Accept": "text/event-stream"}
        if self._cursors:
            headers["Last-Event-ID"] = self._random.choice(self._cursors[-3:])
        async with (
            httpx.AsyncClient(timeout=None) as client,
            client.stream("POST", self._server.url, json={"query": _EVENTS}, headers=headers) as stream,
        ):
            stream.raise_for_status()
            async for line in stream.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "id":
                    self._cursors.append(value)
                elif name == "data" and value and (data := json.loads(value).get("data")):
                    await self._note(data["taskEvents"])

    async def _note(self, event: dict[str, Any]) -> None:
        """Note what an event says. The state is read only when the server says so: what was missed must be told."""
        if event["kind"] == "RESYNC":
            self.resyncs += 1
            self.tasks, self.runs = await wait_until(self._read_state, 30)
        elif event["kind"] == "TASK_DELETED":
            self.tasks.pop(event["taskId"], None)
        elif event["taskStatus"]:
            self.tasks[event["taskId"]] = event["taskStatus"]
        if event["run"]:
            self.runs[event["run"]["id"]] = event["runStatus"]

    async def _read_state(self) -> Any:
        with suppress(httpx.TransportError, UnavailableError):
            return await read_tasks(self._server), await read_runs(self._server)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def read_tasks(server: Server) -> dict[str, str]:
    return {task["id"]: task["status"] for task in (await server.query(_TASKS))["tasks"]["nodes"]}


async def read_runs(server: Server) -> dict[str, str]:
    found, after = dict[str, str](), None
    while True:
        page = (await server.query(_RUNS, {"a": after}))["runs"]
        found |= {run["id"]: run["status"] for run in page["nodes"]}
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


@pytest.mark.parametrize("clients", [4, pytest.param(12, marks=pytest.mark.long)])
async def test_nothing_is_missed_over_kills_of_the_server_and_of_the_database(
    tmp_path: Path, target: TargetServer, clients: int
) -> None:
    server, random = Server(tmp_path), Random(1)
    await server.start()
    await server.sign_up()
    followers = [Follower(server, random) for _ in range(clients)]

    async def have_begun() -> bool:
        return all(follower._cursors for follower in followers)

    async def have_seen(count: int) -> bool:
        return all(len(follower.runs) >= count for follower in followers)

    try:
        await wait_until(have_begun)
        job = {"http": {"url": target.url}}
        given = [
            {"name": f"t{number}", "job": job, "schedule": {"every": {"interval": "PT1S"}}} for number in range(TASKS)
        ]
        made = (await server.query(_CREATE, {"i": {"tasks": given}}))["createTasks"]
        tasks = [result["task"]["id"] for result in made["results"]]
        await wait_until(lambda: have_seen(3 * TASKS), 60)
        await server.kill()
        await server.start()
        seen = len(followers[0].runs)
        await wait_until(lambda: have_seen(seen + TASKS), 60)
        assert [follower.resyncs for follower in followers] == [0] * clients
        await server.query(_DELETE, {"i": {"id": tasks[0]}})
        os.kill(server.database_pid(), signal.SIGKILL)
        seen = len(followers[0].runs)
        await wait_until(lambda: have_seen(seen + TASKS), 90)
        for task in tasks[1:]:
            await server.query(_PAUSE, {"i": {"id": task}})

        async def all_know() -> bool:
            is_quiet = (await server.query(_OPEN))["runs"]["totalCount"] == 0
            runs, states = await read_runs(server), await read_tasks(server)
            return is_quiet and all(follower.runs == runs and follower.tasks == states for follower in followers)

        try:
            await wait_until(all_know, 60)
        except AssertionError:
            runs = await read_runs(server)
            raise AssertionError(
                [{run: (status, each.runs.get(run)) for run, status in runs.items() if each.runs.get(run) != status}
                 for each in followers], [each.tasks for each in followers],
            ) from None  # fmt: skip
    finally:
        for follower in followers:
            await follower.stop()
        await server.kill()
