"""/live, /ready and /metrics, also while the database is unavailable."""

import os
import signal
from pathlib import Path

import httpx

from tests.acceptance.server import METRICS_TOKEN, Server, run_server
from tests.harness import TargetServer, wait_until

_TASK = "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { message } } }"


async def _get(server: Server, path: str) -> httpx.Response:
    async with httpx.AsyncClient(verify=False) as client:
        headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
        return await client.get(server.url.replace("graphql", path), headers=headers)


async def test_metrics_count_what_was_due_fired_attempted(tmp_path: Path, target: TargetServer) -> None:
    async with run_server(tmp_path) as server:
        await server.sign_up()
        target.script = [500]
        job = {"http": {"url": target.url}}
        given = {"name": "x", "job": job, "schedule": {"now": True}, "retry": {"offsets": ["PT0S"]}}
        await server.query(_TASK, {"i": given})

        async def counted() -> str | None:
            text = (await _get(server, "metrics")).text
            return text if 'tocsin_attempts_total{job="http",outcome="COMPLETED"} 1.0' in text else None

        text = await wait_until(counted)
        assert 'tocsin_attempts_total{job="http",outcome="FAILED"} 1.0' in text
        assert "tocsin_run_lateness_seconds_count 1.0" in text
        assert 'tocsin_attempt_duration_seconds_count{job="http"} 2.0' in text
        for name in (
            "tocsin_tasks_due",
            "tocsin_runs_fired_total",
            "tocsin_runs_queued 0.0",
            "tocsin_runs_running",
        ):
            assert name in text


async def test_what_waits_for_a_place_is_counted(tmp_path: Path, target: TargetServer) -> None:
    async with run_server(tmp_path, TOCSIN_MAX_CONCURRENCY="1", TOCSIN_SHUTDOWN_GRACE="0") as server:
        await server.sign_up()
        given = {"name": "x", "job": {"http": {"url": f"{target.url}/wait"}}, "schedule": {"now": True}}
        for _ in range(3):
            await server.query(_TASK, {"i": given | {"timeout": "PT5M"}})

        async def counted() -> bool:
            ready = await _get(server, "ready")
            assert ready.status_code == 200
            return str(ready.json().get("runs")).startswith("2 waiting ")

        await wait_until(counted)
        assert "tocsin_runs_queued 2.0" in (await _get(server, "metrics")).text


async def test_ready_distinguishes_database_and_scheduler_and_recovers(tmp_path: Path) -> None:
    async with run_server(tmp_path) as server:
        assert (await _get(server, "ready")).json() == {"database": "ready", "scheduler": "ready"}
        pid = server.database_pid()
        os.kill(pid, signal.SIGSTOP)

        async def away() -> bool:
            return bool((await _get(server, "ready")).json()["database"] == "unavailable")

        await wait_until(away)
        assert (await _get(server, "live")).status_code == 200
        assert (await _get(server, "ready")).status_code == 503
        os.kill(pid, signal.SIGCONT)
        await wait_until(server.ready, 20)
