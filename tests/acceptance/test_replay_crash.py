"""A server that is killed during a replay sends each dead letter exactly once and finishes the replay."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from tests.acceptance.server import Server, UnavailableError
from tests.harness import wait_until

LETTERS = 60
_CREATE = "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { message } } }"
_LETTERS = "{ deadLetters { totalCount } deadLetterCauses { errorKind host count } }"
_REPLAY = """mutation { replayDeadLetters(input: {perMinute: 600}) {
  replay { id status } count userErrors { message } } }"""
_SHOW = "query($id: ID!) { replay(id: $id) { status reason counts { selected sent succeeded failed skipped } } }"
_RUNS = "{ runs(first: 100) { nodes { status deadLetter replays { round } attempts { number outcome } } } }"


@dataclass
class Broken:
    """A target that fails until it is repaired, and counts its calls."""

    url: str = ""
    mended: bool = False
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)

    async def handle(self, request: web.Request) -> web.Response:
        self.seen[request.headers["Idempotency-Key"], request.headers["X-Tocsin-Attempt"]] += 1
        return web.Response(status=200 if self.mended else 500)


@asynccontextmanager
async def serve_broken() -> AsyncIterator[Broken]:
    """Serve the target."""
    broken = Broken()
    app = web.Application()
    app.router.add_route("*", "/", broken.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    broken.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield broken
    finally:
        await runner.cleanup()


async def _fail_all(server: Server, target: Broken) -> None:
    retry = {"maxRetries": 0}
    for number in range(LETTERS):
        task = {"name": f"task {number}", "job": {"http": {"url": target.url}}, "schedule": {"now": True}}
        answer = await server.query(_CREATE, {"i": {**task, "retry": retry}})
        assert answer["createTask"]["userErrors"] == []

    async def failed() -> bool:
        return bool((await server.query(_LETTERS))["deadLetters"]["totalCount"] == LETTERS)

    await wait_until(failed, 30)
    causes = (await server.query(_LETTERS))["deadLetterCauses"]
    assert causes == [{"errorKind": "HTTP_STATUS", "host": "127.0.0.1", "count": LETTERS}]


async def _when(server: Server, replay: str, reached: Any) -> dict[str, Any]:
    async def found() -> dict[str, Any] | None:
        try:
            shown: dict[str, Any] = (await server.query(_SHOW, {"id": replay}))["replay"]
        except (httpx.TransportError, UnavailableError):
            return None
        return shown if reached(shown) else None

    answer: dict[str, Any] = await wait_until(found, 60)
    return answer


@pytest.mark.parametrize("kills", [(0.5,), pytest.param((0.2, 0.5), marks=pytest.mark.long)])
async def test_each_dead_letter_is_sent_once_though_the_server_is_killed(
    tmp_path: Path, kills: tuple[float, ...]
) -> None:
    server = Server(tmp_path, TOCSIN_COST_LIMIT="100000000", TOCSIN_LEASE_SECONDS="2")
    async with serve_broken() as target:
        await server.start()
        try:
            await server.sign_up()
            await _fail_all(server, target)
            target.mended = True
            answer = (await server.query(_REPLAY))["replayDeadLetters"]
            assert (answer["count"], answer["userErrors"]) == (LETTERS, [])
            replay = answer["replay"]["id"]
            for portion in kills:
                shown = await _when(server, replay, lambda shown, of=portion: shown["counts"]["sent"] >= of * LETTERS)
                assert (shown["status"], shown["counts"]["sent"] < LETTERS) == ("RUNNING", True)
                await asyncio.sleep(0.05)
                await server.kill()
                await server.start()
            shown = await _when(server, replay, lambda shown: shown["status"] not in ("CANARY", "RUNNING"))
            assert (shown["status"], shown["reason"]) == ("COMPLETED", None)
            assert shown["counts"] == {
                "selected": LETTERS, "sent": LETTERS, "succeeded": LETTERS, "failed": 0, "skipped": 0
            }  # fmt: skip
            runs = (await server.query(_RUNS))["runs"]["nodes"]
            assert len(runs) == LETTERS
            assert all(run["replays"] == [{"round": 1}] for run in runs), runs
            assert all((run["status"], run["deadLetter"]) == ("COMPLETED", False) for run in runs)
            assert set(target.seen.values()) == {1}
        finally:
            await server.stop()
