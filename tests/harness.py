"""Shared helpers for tests of the run path: a target, the engine over a real database, waiting for conditions."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiohttp import web

from tocsin import clock, schedules
from tocsin.config import Settings
from tocsin.documents import Database, Task, new_id
from tocsin.documents.file_bucket import FileBucket
from tocsin.jobs.file_storage import FileStorage
from tocsin.outbound.mail_transport import make_mail_transport
from tocsin.runtime import Process
from tocsin.security.file_links import FileLinks
from tocsin.security.secret_box import SecretBox
from tocsin.tasks import saving
from tocsin.tasks.retry_policy import RetryPolicy
from tocsin.workflows import saving as workflow_saving
from tocsin.workflows import starting
from tocsin.workflows.language.yaml_reader import parse_yaml

SECRETS = SecretBox(bytes(32))
UNUSED: Any = None
"""Placeholder for a dependency that the tested job does not use."""
FILE_MAIL_TRANSPORT = make_mail_transport(Settings(_env_file=None))
"""Mail transport that writes to files, for tests that send no mail."""


def file_storage_for(database: Database) -> FileStorage:
    """Return the file storage of a database, with links that are valid for an hour."""
    return FileStorage(
        FileBucket(database), FileLinks((bytes(32),), timedelta(hours=1)), lambda path: f"http://tocsin.test{path}"
    )


async def wait_until(condition: Callable[[], Awaitable[Any]], seconds: float = 10.0) -> Any:
    """Wait until the condition returns a true value, and return it. Looks less often the longer it has waited."""
    last: Any = None
    began = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(seconds):
            while not (last := await condition()):
                waited = asyncio.get_running_loop().time() - began
                await asyncio.sleep(min(0.05, max(0.01, waited / 20)))
    except TimeoutError:
        raise AssertionError(f"condition not met within {seconds} s; last seen: {last!r}") from None
    return last


def without_extensions(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the response of an operation without its extensions."""
    return {name: part for name, part in answer.items() if name != "extensions"}


@dataclass
class TargetServer:
    """An HTTP server on loopback that records calls and responds with the statuses of `script`, then with 200.

    Calls of `/wait` are answered once `release` is set.
    """

    url: str = ""
    calls: list[dict[str, Any]] = field(default_factory=list)
    script: list[int] = field(default_factory=list)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.Response:
        self.calls.append({"path": request.path, "method": request.method, "headers": dict(request.headers)})
        if request.path == "/wait":
            await self.release.wait()
        status = self.script.pop(0) if self.script else 200
        return web.Response(status=status, text=f"answer {len(self.calls)}")

    def run_ids(self) -> list[str]:
        """Return the run ids of the calls in their order."""
        return [call["headers"]["Idempotency-Key"] for call in self.calls]


@asynccontextmanager
async def serve_target() -> AsyncIterator[TargetServer]:
    """Serve a TargetServer, and release its waiting calls at the end."""
    target = TargetServer()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", target.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    target.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield target
    finally:
        target.release.set()
        await runner.cleanup()


class Stack(Process):
    """A working process over a database, with shorthands for tests."""

    async def save_workflow(self, yaml: str, owner: str = "alice") -> Any:
        """Save a workflow, owned by alice by default."""
        return await workflow_saving.save_workflow(self.database, SECRETS, owner, parse_yaml(yaml), clock.now())

    async def execute(self, name: str, given: Any = None, owner: str = "alice") -> str:
        """Create a run of a workflow and return its id. It advances only while the workflow engine is started."""
        return (await starting.start_workflow(self.database, self.versions, owner, name, given, clock.now())).id

    async def wait_for_workflow_run(self, run_id: str, *statuses: str, seconds: float = 10.0) -> Any:
        """Wait until the workflow run has one of these statuses and return it."""

        async def reached() -> Any | None:
            run = await self.database.workflow_runs.find_one({"_id": run_id})
            return run if run is not None and run["status"] in statuses else None

        found: Any = await wait_until(reached, seconds)
        return found

    async def run(self, run_id: str) -> Any:
        """Return the stored run."""
        return await self.database.runs.find_one({"_id": run_id}) or {}

    async def task(self, task_id: str) -> Any:
        """Return the stored task."""
        return await self.database.tasks.find_one({"_id": task_id}) or {}

    async def runs(self, task_id: str) -> list[Any]:
        """Return the task's runs by due time."""
        return await self.database.runs.find({"task": task_id}).sort("due_at", 1).to_list()

    async def wait_for_runs(self, task_id: str, *statuses: str, seconds: float = 10.0) -> list[Any]:
        """Wait until the task's runs have these statuses and return them."""

        async def settled() -> list[Any]:
            runs = await self.runs(task_id)
            return runs if [run["status"] for run in runs] == list(statuses) else []

        try:
            found: list[Any] = await wait_until(settled, seconds)
        except AssertionError:
            raise AssertionError([(run["status"], run.get("reason")) for run in await self.runs(task_id)]) from None
        return found

    async def wait_for_task(self, task_id: str, status: str) -> Any:
        """Wait until the task has this status and return it."""

        async def reached() -> Any | None:
            task = await self.task(task_id)
            return task if task["status"] == status else None

        found: Any = await wait_until(reached)
        return found


def make_settings(**changes: Any) -> Settings:
    """Return settings for tests: without .env file, with short waits."""
    values: dict[str, Any] = {
        "allowed_networks": "127.0.0.0/8",
        "retry_offsets": "PT0S",
        "shutdown_grace": 1,
        "wait_timeout": 2,
        "max_concurrency": 10,
        "owner_host_rate": 0,
        "incident_group_seconds": 0,
    }
    return Settings(_env_file=None, **{**values, **changes})


@asynccontextmanager
async def run_stack(database: Database, *, schedule: bool = True, **changes: Any) -> AsyncIterator[Stack]:
    """Run a process over this database, which sends no mails."""
    stack = Stack(database, make_settings(**changes), SECRETS, (bytes(32),))
    try:
        await stack.start(schedule=schedule, deliver=False)
        yield stack
    finally:
        await stack.stop()


def http_job(url: str, **params: Any) -> Any:
    """Return an http job in its stored form."""
    return {"kind": "http", "params": {"url": url, "method": "GET", "headers": [], "secret_headers": [], **params}}


async def save_task(database: Database, url: str, schedule: schedules.Schedule | None = None, **changes: Any) -> Task:
    """Save a task that calls this URL, by default now and owned by alice."""
    now = clock.now()
    owner = changes.pop("owner", "alice")
    retry = changes.pop("retry", RetryPolicy(2, (timedelta(0),)))
    draft = saving.TaskDraft(
        name=changes.pop("name", "a task"),
        job=http_job(url),
        schedule=schedule or schedules.Once(now),
        retry=retry,
        **changes,
    )
    return await saving.create_task(database, owner, draft, now)


def new_user_id() -> str:
    """Return a new owner id."""
    return new_id()
