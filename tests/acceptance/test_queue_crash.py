"""A killed server restarts with the queues and circuits that the API showed, and loses no run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.acceptance.server import run_server
from tests.harness import wait_until

_CREATE = "mutation($i: CreateTasksInput!) { createTasks(input: $i) { userErrors { message } } }"
_SHOW = "{ queues { name paused concurrency depth } circuits { host state failures cause retryAt } }"
_WAITING = "{ runs(first: 100) { nodes { status waitingFor waitingText } } }"


@asynccontextmanager
async def _target(answers: dict[str, Any]) -> AsyncIterator[str]:
    async def handle(request: web.Request) -> web.Response:
        answers["calls"].append(request.headers["Idempotency-Key"])
        if answers.get("hang_from", 10**9) <= len(answers["calls"]):
            await answers["gate"].wait()
        return web.Response(status=answers["status"])

    app = web.Application()
    app.router.add_route("*", "/", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


def _tasks(url: str, count: int, **more: Any) -> dict[str, Any]:
    job = {"http": {"url": url}}
    task = {"job": job, "schedule": {"now": True}, "retry": {"maxRetries": 0}, **more}
    return {"i": {"tasks": [{"name": f"{number}", **task} for number in range(count)]}}


async def test_a_pause_and_an_open_circuit_survive_a_kill(tmp_path: Path) -> None:
    answers: dict[str, Any] = {"status": 503, "calls": []}
    settings = {"TOCSIN_CIRCUIT_FAILURES": "3", "TOCSIN_CIRCUIT_SECONDS": "8", "TOCSIN_MAX_CONCURRENCY": "1"}
    async with _target(answers) as url, run_server(tmp_path, **settings) as server:
        await server.sign_up()
        await server.run_command("users", "promote", "alice@example.com")
        await server.query(
            'mutation { updateQueue(input: {name: "later", concurrency: 2}) { userErrors { message } } }'
        )
        await server.query('mutation { pauseQueue(input: {name: "later"}) { userErrors { message } } }')
        await server.query(_CREATE, _tasks(url, 10))
        await server.query(_CREATE, _tasks(url, 5, queue="later"))

        async def shut() -> dict[str, Any] | None:
            shown: dict[str, Any] = await server.query(_SHOW)
            queue = next(each for each in shown["queues"] if each["name"] == "later")
            return shown if shown["circuits"] and queue["depth"] == 5 else None

        before = await wait_until(shut, 20)
        assert (before["circuits"][0]["state"], before["circuits"][0]["cause"]) == ("OPEN", "HTTP 503")
        texts = {run["waitingFor"]: run["waitingText"] for run in (await server.query(_WAITING))["runs"]["nodes"]}
        assert "No runs are sent there until" in texts["CIRCUIT_OPEN"]
        assert texts["QUEUE_PAUSED"] == "The queue later is paused."
        called = len(answers["calls"])
        await server.kill()
        answers["status"] = 200
        await server.start()
        after = await server.query(_SHOW)
        assert after["circuits"] == before["circuits"]
        assert next(each for each in after["queues"] if each["name"] == "later")["paused"]
        assert len(answers["calls"]) == called

        async def closed() -> bool:
            shown = await server.query(_SHOW)
            default = next(each for each in shown["queues"] if each["name"] == "default")
            return not shown["circuits"] and default["depth"] == 0

        await wait_until(closed, 30)
        await server.query('mutation { resumeQueue(input: {name: "later"}) { userErrors { message } } }')

        async def ended() -> bool:
            runs = (await server.query(_WAITING))["runs"]["nodes"]
            return len(runs) == 15 and all(run["status"] in {"COMPLETED", "FAILED"} for run in runs)

        await wait_until(ended, 30)
        assert len(answers["calls"]) == len(set(answers["calls"])) == 15


@pytest.mark.long
async def test_a_kill_in_the_middle_of_a_probe(tmp_path: Path) -> None:
    answers: dict[str, Any] = {"status": 503, "calls": [], "hang_from": 3, "gate": asyncio.Event()}
    settings = {"TOCSIN_CIRCUIT_FAILURES": "2", "TOCSIN_CIRCUIT_SECONDS": "1", "TOCSIN_MAX_CONCURRENCY": "1"}
    async with _target(answers) as url, run_server(tmp_path, **settings) as server:
        await server.sign_up()
        await server.query(_CREATE, _tasks(url, 6))

        async def probing() -> dict[str, Any] | None:
            circuits = (await server.query(_SHOW))["circuits"]
            return circuits[0] if circuits and circuits[0]["state"] == "HALF_OPEN" else None

        before = await wait_until(probing, 20)

        async def sent() -> bool:
            return len(answers["calls"]) == 3

        await wait_until(sent)
        await server.kill()
        assert len(answers["calls"]) == 3  # one probe and nothing else
        answers |= {"status": 200, "hang_from": 10**9}
        answers["gate"].set()
        await server.start()

        async def ended() -> bool:
            runs = (await server.query(_WAITING))["runs"]["nodes"]
            return sorted(run["status"] for run in runs) == ["COMPLETED"] * 4 + ["FAILED"] * 2

        await wait_until(ended, 30)
        assert before["failures"] == 2
        assert (await server.query(_SHOW))["circuits"] == []
        again = [run for run in set(answers["calls"]) if answers["calls"].count(run) > 1]
        assert len(answers["calls"]) == 7
        assert again == [answers["calls"][2]]  # the probe whose outcome was not recorded, with the same key
