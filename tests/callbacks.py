"""Targets that call back, and a process that receives their callbacks over HTTP."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import httpx
from aiohttp import web

from tests.acceptance.server import free_port
from tests.harness import Stack, http_job, make_settings, run_stack, wait_until
from tests.served_app import serve_app
from tocsin import clock, schedules
from tocsin.accounts.rate_limiter import RateLimiter
from tocsin.documents import Database, Task
from tocsin.jobs.http.callbacks import CALLBACK_HEADER
from tocsin.runtime.health import ComponentHealth
from tocsin.tasks import saving
from tocsin.tasks.retry_policy import RetryPolicy
from tocsin.web.app import create_app

Respond = Callable[[str], Awaitable[int]]
"""What a target does with the callback URL before it responds; returns the status of the response."""


@dataclass
class CallingTarget:
    """An HTTP server that keeps the callback URLs it is given. `script` has what it does on its first calls."""

    url: str = ""
    callback_urls: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    queries: list[dict[str, str]] = field(default_factory=list)
    script: list[Respond] = field(default_factory=list)
    echoes: bool = False

    async def handle(self, request: web.Request) -> web.Response:
        given = request.headers.get(CALLBACK_HEADER, "")
        self.bodies.append(await request.text())
        self.headers.append(dict(request.headers))
        self.queries.append(dict(request.query))
        self.callback_urls.append(given)
        status = await self.script.pop(0)(given) if self.script else 202
        echo = f"header {given}\nbody {self.bodies[-1]}\nurl {request.rel_url}"
        return web.Response(status=status, text=echo if self.echoes else "accepted")

    async def wait_for_call(self, number: int = 1) -> str:
        """Wait for this call, and return its callback URL."""

        async def called() -> bool:
            return len(self.callback_urls) >= number

        await wait_until(called)
        return self.callback_urls[number - 1]


@asynccontextmanager
async def serve_calling_target() -> AsyncIterator[CallingTarget]:
    """Serve a CallingTarget on loopback."""
    target = CallingTarget()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", target.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    target.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield target
    finally:
        await runner.cleanup()


async def call_back(url: str, **fields: str) -> httpx.Response:
    """Call back by POST, with these fields as a form."""
    async with httpx.AsyncClient(timeout=20, verify=False) as client:
        return await client.post(url, data=fields)


@asynccontextmanager
async def run_receiving_stack(database: Database, **changes: Any) -> AsyncIterator[Stack]:
    """Run a process that receives callbacks over HTTP."""
    port = free_port()
    async with run_stack(database, port=port, **changes) as stack, _served(stack, port):
        yield stack


@asynccontextmanager
async def _served(stack: Stack, port: int) -> AsyncIterator[None]:
    settings = make_settings(port=port)
    services: Any = SimpleNamespace(callbacks=stack.callbacks, rates=RateLimiter(stack.database, settings))
    async with serve_app(create_app(lambda: services, settings, _ready, _measure), settings, port):
        yield


async def _ready() -> dict[str, ComponentHealth]:
    return {"database": ComponentHealth(True)}


async def _measure() -> None:
    """Do nothing: there is nothing to measure."""


def callback_job(url: str, within: float = 600.0, **params: Any) -> Any:
    """Return an http job, in its stored form, that expects a callback within so many seconds."""
    return http_job(url, expect_callback={"within": within}, **params)


async def save_callback_task(
    stack: Stack, target: CallingTarget, within: float = 600.0, retries: int = 0, **changes: Any
) -> Task:
    """Save a task that is due now and expects a callback, and wake the scheduler."""
    now = clock.now()
    params = changes.pop("params", {})
    draft = saving.TaskDraft(
        name="a task",
        job=callback_job(f"{target.url}/start", within, **params),
        schedule=changes.pop("schedule", None) or schedules.Once(now),
        retry=RetryPolicy(retries, (timedelta(0),)),
        **changes,
    )
    task = await saving.create_task(stack.database, "alice", draft, now)
    stack.scheduler.expect_due(task.next_run_at)
    return task
