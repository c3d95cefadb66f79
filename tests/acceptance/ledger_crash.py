"""Kill server and database while a second's runs are being written, and check that each due time is recorded.

Run it with `python -m tests.acceptance.ledger_crash --rounds 5`.
"""

import argparse
import asyncio
import os
import signal
import tempfile
from contextlib import aclosing, suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.events import events
from tests.acceptance.server import Server
from tests.harness import serve_target, wait_until
from tests.scheduling.ledger import faults
from tocsin import clock
from tocsin.schedules import Every

SECOND = timedelta(seconds=1)
AWAY = 4.0
_CREATE = """mutation($i: CreateTasksInput!) {
  createTasks(input: $i) { results { task { id } } userErrors { message } } }"""
_EVENTS = "subscription { taskEvents { kind at } }"
_PAUSE = "mutation($id: ID!) { pauseTask(input: {id: $id}) { task { status } } }"
_NEXT = "{ tasks(first: 1, orderBy: {field: NEXT_RUN_AT, direction: ASC}) { nodes { nextRunAt } } }"
_RUNS = """query($id: ID!, $after: String) { task(id: $id) { nextRunAt runs(first: 100, after: $after) {
  pageInfo { hasNextPage endCursor } nodes { id dueAt missedUntil missedCount } } } }"""


async def crash_while_writing(directory: Path, rounds: int, tasks: int) -> dict[str, Any]:
    """Crash `rounds` times and return the number of due times and the errors in their records."""
    server = Server(directory, TOCSIN_COST_LIMIT="1000000000", TOCSIN_MAX_COST="100000000", TOCSIN_MAX_CONCURRENCY="50")
    async with serve_target() as target:
        await server.start()
        try:
            await server.sign_up()
            ids = await _create(server, target.url, tasks)
            for _ in range(rounds):
                await asyncio.sleep(1.5)
                await _kill_at_first_run(server)
                await asyncio.sleep(AWAY)
                await server.start()
            await wait_until(partial(_is_level, server, clock.now() + SECOND), 60)
            return await _count(server, ids)
        finally:
            await server.stop()


async def _create(server: Server, url: str, tasks: int) -> list[str]:
    task = {
        "job": {"http": {"url": url}}, "schedule": {"every": {"interval": "PT1S"}},
        "misfire": {"policy": "RUN_ONCE", "grace": "PT1S"},
    }  # fmt: skip
    given = {"tasks": [{**task, "name": f"task {number}"} for number in range(tasks)]}
    answer = await server.query(_CREATE, {"i": given})
    return [result["task"]["id"] for result in answer["createTasks"]["results"]]


async def _kill_at_first_run(server: Server) -> None:
    """Kill both at the first run of a second: its runs are written, but the tasks are not yet updated."""
    pid, quiet_since = server.database_pid(), asyncio.get_running_loop().time()
    with suppress(httpx.TransportError):
        async with aclosing(events(server, _EVENTS)) as heard:
            async for event in heard:
                now = asyncio.get_running_loop().time()
                if event["taskEvents"]["kind"] == "RUN_CREATED" and now - quiet_since > 0.2:
                    os.kill(pid, signal.SIGKILL)
                    await server.kill()
                    return
                quiet_since = now


async def _is_level(server: Server, since: datetime) -> bool:
    """Tell whether every task is due later than `since`: what was due before is recorded."""
    (first,) = (await server.query(_NEXT))["tasks"]["nodes"]
    return datetime.fromisoformat(first["nextRunAt"]) > since


async def _count(server: Server, ids: list[str]) -> dict[str, Any]:
    counted: dict[str, Any] = {"due times": 0, "runs": 0, "wrong": []}
    for task_id in ids:
        await server.query(_PAUSE, {"id": task_id})
    for task_id in ids:
        runs, after = [], None
        while True:
            page = (await server.query(_RUNS, {"id": task_id, "after": after}))["task"]["runs"]
            runs += [_read(run) for run in page["nodes"]]
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
        first, last = min(run["due_at"] for run in runs), max(run["missed_until"] or run["due_at"] for run in runs)
        counted["due times"] += round((last - first) / SECOND) + 1
        counted["runs"] += len(runs)
        counted["wrong"] += faults(Every(SECOND, first), first, last + SECOND, runs)
    return counted


def _read(run: dict[str, Any]) -> dict[str, Any]:
    until = run["missedUntil"] and datetime.fromisoformat(run["missedUntil"])
    count = None if run["missedCount"] is None else int(run["missedCount"])
    due_at = datetime.fromisoformat(run["dueAt"])
    return {"_id": run["id"], "due_at": due_at, "missed_until": until, "missed_count": count}


def main() -> None:
    """Run the command line: crash, check, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tasks", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tocsin-ledger-") as directory:
        counted = asyncio.run(crash_while_writing(Path(directory), options.rounds, options.tasks))
    wrong = counted.pop("wrong")
    print(f"{options.rounds} rounds: {counted}; {len(wrong)} faults", *wrong[:5], sep="\n")


if __name__ == "__main__":
    main()
