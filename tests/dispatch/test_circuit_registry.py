"""Circuits of an owner and a host: opened and closed by outcomes, stored, and respected by the dispatcher."""

import socket
from typing import Any

from tests.dispatch.helpers import queued, settled, waits_for
from tests.harness import TargetServer, run_stack, wait_until
from tocsin.dispatch.backlog import READY_RUNS
from tocsin.documents import Database, WaitingFor


async def test_a_circuit_opens_says_so_probes_with_one_and_closes(database: Database, target: TargetServer) -> None:
    target.script = [503] * 5
    async with run_stack(
        database, circuit_failures=3, circuit_seconds=1.0, max_concurrency=1, max_retries=9, retry_offsets="PT0S"
    ) as stack:
        runs = await queued(database, f"{target.url}/a", 6)
        stack.wakeups.runs_queued()
        assert await wait_until(lambda: waits_for(stack, WaitingFor.CIRCUIT_OPEN))
        assert len(target.calls) == 3
        shown = [stack.engine.find_wait_reason(await stack.run(run["_id"])) for run in runs]
        texts = [waiting.text for waiting in shown if waiting and waiting.waiting_for is WaitingFor.CIRCUIT_OPEN]
        assert "3 attempts in a row to call 127.0.0.1:" in texts[0]
        assert "the last one with HTTP 503. No runs are sent there until" in texts[0]
        stored = await database.circuits.find_one({})
        assert stored is not None
        assert (stored["state"], stored["failures"], stored["owner"]) == ("OPEN", 3, "alice")

        async def seen(count: int) -> bool:
            return len(target.calls) >= count

        await wait_until(lambda: seen(4))  # the first probe, which is refused too
        again = await database.circuits.find_one({})
        assert again is not None
        assert again["seconds"] in (1.0, 2.0)
        await wait_until(lambda: settled(database, 6), 30)
        assert await database.circuits.find_one({}) is None
        assert len(target.calls) == 6 + 5


async def test_who_refuses_connections_is_left_alone_and_the_runs_say_so(database: Database) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        async with run_stack(
            database, circuit_failures=4, circuit_seconds=60, max_concurrency=1, max_retries=0
        ) as stack:
            await queued(database, url, 20)
            stack.wakeups.runs_queued()
            assert await wait_until(lambda: waits_for(stack, WaitingFor.CIRCUIT_OPEN))
            await wait_until(lambda: settled(database, 4, "FAILED"))

            async def given_back() -> list[Any]:
                runs = await database.runs.find(READY_RUNS).to_list()
                return runs if len(runs) == 16 else []

            runs = await wait_until(given_back)
            assert await database.runs.count_documents({"status": "RUNNING"}) == 0
            waiting = stack.engine.find_wait_reason(runs[0])
            assert waiting is not None
            assert "4 attempts in a row" in waiting.text
            assert "the last one with CONNECT" in waiting.text


async def test_a_strangers_circuit_is_his_own(database: Database, target: TargetServer) -> None:
    target.script = [429] * 3
    async with run_stack(database, circuit_failures=3, circuit_seconds=60.0, max_concurrency=1, max_retries=0) as stack:
        await queued(database, f"{target.url}/a", 4)
        stack.wakeups.runs_queued()
        assert await wait_until(lambda: waits_for(stack, WaitingFor.CIRCUIT_OPEN))
        await queued(database, f"{target.url}/b", 1, "bob")
        stack.wakeups.runs_queued()
        await wait_until(lambda: settled(database, 1))


async def test_a_restart_finds_the_circuit_where_it_was(database: Database, target: TargetServer) -> None:
    rules: dict[str, Any] = {"circuit_failures": 2, "circuit_seconds": 60.0, "max_concurrency": 1, "max_retries": 0}
    target.script = [503] * 2
    async with run_stack(database, **rules) as stack:
        await queued(database, f"{target.url}/a", 3)
        stack.wakeups.runs_queued()
        assert await wait_until(lambda: waits_for(stack, WaitingFor.CIRCUIT_OPEN))

        async def stored() -> Any | None:
            return await database.circuits.find_one({"state": "OPEN"})

        before = await wait_until(stored)
    async with run_stack(database, **rules) as stack:
        assert await wait_until(lambda: waits_for(stack, WaitingFor.CIRCUIT_OPEN))
        assert await database.circuits.find_one({}) == before
        assert len(target.calls) == 2
