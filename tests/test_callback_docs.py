"""The examples of docs/callbacks.md work as they are written."""

import asyncio
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.callbacks import call_back, run_receiving_stack, save_callback_task, serve_calling_target
from tests.graphql.conftest import served_api
from tocsin.config import Settings
from tocsin.documents import Database

PAGE = (Path(__file__).parent.parent / "docs" / "callbacks.md").read_text()


def examples(language: str) -> list[str]:
    """Return the examples in this language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


async def test_the_task_is_created(database: Database) -> None:
    (mutation,) = examples("graphql")
    async with served_api(database, Settings(_env_file=None)) as api:
        saved = (await api.alice.ask(mutation))["createTask"]
        assert saved["userErrors"] == []
        stored: Any = await database.tasks.find_one({})
        assert stored["job"]["params"]["expect_callback"] == {"within": 7200.0}


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize(
    ("number", "status", "message"),
    [(0, "COMPLETED", None), (1, "FAILED", "disk full on db-2"), (2, "COMPLETED", "42 GB")],
)
async def test_a_command_calls_back(database: Database, number: int, status: str, message: str | None) -> None:
    command = examples("sh")[0].splitlines()[number]
    async with serve_calling_target() as caller, run_receiving_stack(database) as stack:
        task = await save_callback_task(stack, caller)
        await stack.wait_for_runs(task.id, "WAITING")
        environment = {**os.environ, "TOCSIN_CALLBACK_URL": caller.callback_urls[0]}
        process = await asyncio.create_subprocess_shell(command, env=environment)
        assert await process.wait() == 0
        (run,) = await stack.wait_for_runs(task.id, status)
        assert run["attempts"][0]["callback"]["message"] == message


async def test_the_workflow_hands_on_what_the_callback_says(database: Database) -> None:
    (workflow,) = examples("yaml")
    async with serve_calling_target() as caller, run_receiving_stack(database) as stack:
        await stack.save_workflow(re.sub(r"https://[a-z.]+\.com", caller.url, workflow))
        run_id = await stack.execute("training")
        url = await caller.wait_for_call()
        assert caller.bodies[0] == f'{{"notify":"{url}"}}'
        assert (await call_back(url, message="m-7")).status_code == 200
        await stack.wait_for_workflow_run(run_id, "COMPLETED")
        assert caller.bodies[1] == '{"id":"m-7"}'
