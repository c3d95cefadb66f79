"""A server that is killed in an outage of its network tries its inconclusive runs again when both are back."""

from pathlib import Path
from typing import Any

from tests.acceptance.server import Server
from tests.harness import wait_until
from tests.maintenance.network_helpers import SwitchableServer, serve_switchable

TASKS = 20
_CREATE = "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { message } } }"
_RUNS = "{ runs(first: 100) { nodes { status reason reasonText attempts { outcome } } } notifications { totalCount } }"


async def _add_tasks(server: Server, target: SwitchableServer) -> None:
    for number in range(TASKS):
        task = {"name": f"task {number}", "job": {"http": {"url": target.url}}, "schedule": {"now": True}}
        answer = await server.query(_CREATE, {"i": {**task, "retry": {"maxRetries": 0}}})
        assert answer["createTask"]["userErrors"] == []


async def _has_runs(server: Server, *expected: object) -> Any:
    runs = (await server.query(_RUNS))["runs"]["nodes"]
    found = {(run["status"], run["reason"]) for run in runs}
    return runs if len(runs) == TASKS and found == {expected} else None


async def test_runs_of_an_outage_survive_a_kill_and_are_tried_again(tmp_path: Path) -> None:
    async with serve_switchable() as canary, serve_switchable(200) as target:
        server = Server(tmp_path, TOCSIN_CANARY_URLS=canary.url, TOCSIN_COST_LIMIT="1000000000")
        await server.start()
        try:
            await server.sign_up()
            await canary.close()
            await target.close()
            await server.kill()
            await server.start()  # it looks at the canaries first
            await wait_until(lambda: _logged(server, "the network is down: no canary answers"))
            await _add_tasks(server, target)
            runs = await wait_until(lambda: _has_runs(server, "FAILED", "INCONCLUSIVE"), 30)
            assert "tried again when the network is back" in runs[0]["reasonText"]
            await server.kill()
            await server.start()
            await target.open()
            await canary.open()
            runs = await wait_until(lambda: _has_runs(server, "COMPLETED", None), 30)
            assert [len(run["attempts"]) for run in runs] == [2] * TASKS
            assert (await server.query(_RUNS))["notifications"]["totalCount"] == 0
            assert target.calls == TASKS
        finally:
            await server.stop()


async def _logged(server: Server, text: str) -> bool:
    return text in server.log.read_text()
