"""`tocsin backup` while the server runs, and `tocsin restore` into another data directory."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

from tests.acceptance.server import Server, run_server
from tests.harness import TargetServer, wait_until

CREATE = "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { message } } }"
RUNS = "{ runs(first: 100) { nodes { taskName status attempts { number outcome } } } }"


async def create(server: Server, name: str, url: str, **schedule: Any) -> None:
    given = {"name": name, "job": {"http": {"url": url, "token": "s3cret"}}, "schedule": schedule}
    answer = await server.query(CREATE, {"i": given})
    assert answer["createTask"]["userErrors"] == []


async def runs_of(server: Server, name: str) -> list[dict[str, Any]]:
    return [run for run in (await server.query(RUNS))["runs"]["nodes"] if run["taskName"] == name]


async def completed(server: Server, name: str) -> bool:
    return [run["status"] for run in await runs_of(server, name)] == ["COMPLETED"]


async def kill_backup(server: Server, file: Path) -> None:
    """Run `tocsin backup` and kill it while it writes."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tocsin", "backup", str(file), cwd=server.directory, env=server.environment
    )
    part = file.with_name(f"{file.name}.part")
    await wait_until(lambda: asyncio.sleep(0, part.exists()), 30)
    process.send_signal(signal.SIGKILL)
    assert await process.wait() == -signal.SIGKILL


async def test_what_was_backed_up_while_serving_goes_on_elsewhere(tmp_path: Path, target: TargetServer) -> None:
    file = tmp_path / "monday.backup"
    async with run_server(tmp_path, TOCSIN_WAIT_TIMEOUT="600", TOCSIN_SHUTDOWN_GRACE="0") as server:
        await server.sign_up()
        await create(server, "done", f"{target.url}/done", now=True)
        await create(server, "hanging", f"{target.url}/wait", now=True)
        await create(server, "each second", f"{target.url}/often", every={"interval": "PT1S"})
        await wait_until(lambda: asyncio.sleep(0, len(target.calls) >= 3))
        await wait_until(lambda: completed(server, "done"))

        await kill_backup(server, file)
        assert not file.exists()
        said = await server.run_command("backup", str(file))
        assert "1 users, 3 tasks" in said
        assert file.stat().st_mode & 0o777 == 0o600
        assert "Traceback" not in server.log.read_text()

    target.calls.clear()
    (tmp_path / "elsewhere").mkdir()
    other = Server(tmp_path / "elsewhere", TOCSIN_WAIT_TIMEOUT="600", TOCSIN_SHUTDOWN_GRACE="0")
    other.token = server.token
    await other.run_command("restore", str(file))
    await other.start()
    try:
        assert await completed(other, "done")
        await wait_until(lambda: asyncio.sleep(0, {"/wait", "/often"} <= {call["path"] for call in target.calls}))
        (hanging,) = await runs_of(other, "hanging")
        assert [attempt["outcome"] for attempt in hanging["attempts"]] == ["LOST", None]
        assert {call["headers"]["Authorization"] for call in target.calls} == {"Bearer s3cret"}
        assert "/done" not in {call["path"] for call in target.calls}  # recorded attempts are not repeated
    finally:
        target.release.set()
        await other.stop()
