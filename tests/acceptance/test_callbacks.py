"""Callbacks to a server that is killed while it expects them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.server import Server
from tests.callbacks import CallingTarget, call_back, serve_calling_target
from tests.harness import wait_until

CREATE = "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { field message } } }"
RUNS = """{ runs { nodes {
  status callbackExpectedBy waitingFor waitingText result error { kind message }
  attempts { number outcome acceptedAt callback { status message receivedAt } error { kind } }
} } }"""


@pytest.fixture
async def caller() -> AsyncIterator[CallingTarget]:
    async with serve_calling_target() as running:
        yield running


async def create(server: Server, caller: CallingTarget, within: str, retry: Any = None) -> None:
    job = {"http": {"url": f"{caller.url}/start", "method": "POST", "expectCallback": {"within": within}}}
    schedule = {"at": "2026-01-01T00:00:00Z"}
    given = {"name": "long", "job": job, "schedule": schedule, "ifPast": "RUN_NOW", "retry": retry or {"maxRetries": 0}}
    answer = await server.query(CREATE, {"i": given})
    assert answer["createTask"]["userErrors"] == []


async def wait_for_run(server: Server, status: str) -> Any:
    async def reached() -> Any:
        (run,) = (await server.query(RUNS))["runs"]["nodes"]
        return run if run["status"] == status else None

    return await wait_until(reached, 30)


async def test_a_callback_after_a_crash_completes_the_run(tmp_path: Path, caller: CallingTarget) -> None:
    server = Server(tmp_path)
    await server.start()
    try:
        await server.sign_up()
        await create(server, caller, "PT1H")
        waiting = await wait_for_run(server, "WAITING")
        assert waiting["waitingFor"] == "CALLBACK"
        assert waiting["callbackExpectedBy"] > waiting["attempts"][0]["acceptedAt"]
        await server.kill()
        await server.start()
        assert (await wait_for_run(server, "WAITING"))["attempts"] == waiting["attempts"]
        assert (await call_back(caller.callback_urls[0], message="done")).status_code == 200
        run = await wait_for_run(server, "COMPLETED")
        assert (run["callbackExpectedBy"], run["error"], len(caller.callback_urls)) == (None, None, 1)
        assert run["attempts"][0]["callback"]["message"] == "done"
        signature = caller.callback_urls[0].rpartition(".")[2]
        assert signature not in server.log.read_text()
    finally:
        await server.kill()


@pytest.mark.long
async def test_a_callback_whose_response_was_never_seen_completes_the_run_after_a_crash(
    tmp_path: Path, caller: CallingTarget
) -> None:
    server = Server(tmp_path)
    await server.start()

    async def call_back_and_kill(url: str) -> int:
        assert (await call_back(url, message="before the crash")).status_code == 200
        await server.kill()
        return 200

    caller.script = [call_back_and_kill]
    try:
        await server.sign_up()
        await create(server, caller, "PT1H")
        await caller.wait_for_call()

        async def killed() -> bool:
            return server.process is not None and server.process.returncode is not None

        await wait_until(killed)
        await server.start()
        run = await wait_for_run(server, "COMPLETED")
        assert [attempt["outcome"] for attempt in run["attempts"]] == ["COMPLETED"]
        assert len(caller.callback_urls) == 1  # it was not attempted again
    finally:
        await server.kill()


@pytest.mark.long
async def test_a_deadline_that_passes_while_the_server_is_away_fails_the_attempt_at_its_start(
    tmp_path: Path, caller: CallingTarget
) -> None:
    server = Server(tmp_path)
    await server.start()
    try:
        await server.sign_up()
        await create(server, caller, "PT1S", {"maxRetries": 1, "offsets": ["PT0S"]})
        await wait_for_run(server, "WAITING")
        await server.kill()
        await server.start()
        url = await caller.wait_for_call(2)
        assert (await call_back(url)).status_code == 200
        run = await wait_for_run(server, "COMPLETED")
        kinds = [attempt["error"] and attempt["error"]["kind"] for attempt in run["attempts"]]
        assert kinds == ["CALLBACK_TIMEOUT", None]
    finally:
        await server.kill()
