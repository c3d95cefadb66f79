"""Tasks that pause themselves and miss runs while server and database are killed: each is told exactly once."""

import asyncio
import os
import random
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.server import RateLimitedError, Server, UnavailableError
from tests.harness import wait_until
from tests.notifications.channels.helpers import json_of
from tests.outbound.servers import answering, response

_TASKS = 40
_AWAY_SECONDS = 1.8
"""Longer than the interval and the grace of the tasks together, so that each misses a run."""
_CREATE = "mutation($i: CreateTasksInput!) { createTasks(input: $i) { results { userErrors { message } } } }"
_TASKS_QUERY = """{ tasks(first: 100) { nodes {
  id pauseReason consecutiveFailures missed: runs(first: 1, filter: {status: [MISSED, SKIPPED]}) { totalCount }
} } }"""
_CHANNEL = """mutation($i: CreateNotificationChannelInput!) {
  createNotificationChannel(input: $i) { userErrors { code } }
}"""
_DELIVERIES = "{ notifications(first: 50, kinds: [%s]) { nodes { deliveries { isMail status } } } }"
_TOLD = "{ notifications(first: 100, kinds: [%s]) { nodes { id data } } }"


def _failing(number: int, url: str) -> dict[str, Any]:
    return {
        "name": f"failing {number}",
        "job": {"http": {"url": url}},
        "schedule": {"every": {"interval": "PT1S"}},
        "misfire": {"policy": "SKIP", "grace": "PT0.7S"},
        "retry": {"maxRetries": 0},
        "pauseAfter": 4,
        "alertOnMissed": True,
    }


async def _ask(server: Server, query: str, variables: Any = None) -> dict[str, Any]:
    async def answered() -> dict[str, Any] | None:
        try:
            return await server.query(query, variables)
        except (httpx.TransportError, UnavailableError, RateLimitedError):
            return None

    found: dict[str, Any] = await wait_until(answered, 60)
    return found


async def _told(server: Server, kind: str) -> Counter[str]:
    nodes = (await _ask(server, _TOLD % kind))["notifications"]["nodes"]
    return Counter(node["data"]["taskId"] for node in nodes)


async def _kill_and_restart(server: Server, what: str) -> None:
    if what == "database":
        os.kill(server.database_pid(), signal.SIGKILL)
        return
    await server.kill()
    await asyncio.sleep(_AWAY_SECONDS)
    await server.start()


@pytest.mark.parametrize("kills", ["server database", pytest.param("server database server", marks=pytest.mark.long)])
async def test_each_pause_and_miss_is_told_once_though_server_and_database_are_killed(
    tmp_path: Path, kills: str
) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance, server = random.Random(seed), Server(tmp_path, TOCSIN_LEASE_SECONDS="2")
    accepts = response("204 No Content")
    async with answering(response("404 Not Found")) as target, answering(accepts) as receiver:
        await server.start()
        try:
            await server.sign_up()
            given = [_failing(number, target.url) for number in range(_TASKS)]
            await _ask(server, _CREATE, {"i": {"tasks": given, "idempotencyKey": "all"}})
            channel = {"webhook": {"url": receiver.url}}
            await _ask(server, _CHANNEL, {"i": {"name": "all", "channel": channel, "idempotencyKey": "all"}})
            for what in kills.split():
                await asyncio.sleep(chance.uniform(0.5, 2.0))  # so that it dies at any point of its work
                await _kill_and_restart(server, what)
            await _check(server)
            await _check_ends(server)
        finally:
            await server.stop()
    told = [json_of(each) for each in receiver.seen]
    assert "incident.closed" not in {each["type"] for each in told}
    assert len({each["data"]["details"]["taskId"] for each in told if each["type"] == "task.paused"}) == _TASKS


async def _check(server: Server) -> None:
    async def all_paused() -> list[Any] | None:
        nodes = (await _ask(server, _TASKS_QUERY))["tasks"]["nodes"]
        return nodes if all(node["pauseReason"] == "CONSECUTIVE_FAILURES" for node in nodes) else None

    tasks = await wait_until(all_paused, 60)
    assert {task["consecutiveFailures"] for task in tasks} == {4}
    missing = {task["id"] for task in tasks if task["missed"]["totalCount"]}
    assert missing, "no run was missed"

    async def all_told() -> bool:
        paused, missed = await _told(server, "TASK_PAUSED"), await _told(server, "RUN_MISSED")
        return paused == Counter(task["id"] for task in tasks) and missed == Counter(missing)

    await wait_until(all_told, 30)


async def _check_ends(server: Server) -> None:
    """Each incident is over by the pause, of which the channel is told instead."""
    assert await _outcomes(server, "INCIDENT_CLOSED") == Counter(SUPERSEDED=_TASKS)
    assert await _outcomes(server, "TASK_PAUSED") == Counter(DELIVERED=_TASKS)


async def _outcomes(server: Server, kind: str) -> Counter[str]:
    """Wait for the ends of the deliveries to the channel, of each task one, and count them by status.

    What a process was sending that was killed is sent when its lease of a minute is over.
    """

    async def all_ended() -> Counter[str] | None:
        nodes = (await _ask(server, _DELIVERIES % kind))["notifications"]["nodes"]
        found = Counter(each["status"] for node in nodes for each in node["deliveries"] if not each["isMail"])
        return found if found.total() == _TASKS and not found["QUEUED"] else None

    outcomes: Counter[str] = await wait_until(all_ended, 120)
    return outcomes
