"""Servers that go down and come back, and outages of the network of a process, for tests."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from tests.harness import Stack, run_stack, wait_until
from tocsin import clock
from tocsin.documents import Database, User
from tocsin.maintenance import network_watch


class SwitchableServer:
    """An HTTP server on loopback whose port can be closed and opened again."""

    def __init__(self, status: int) -> None:
        self.status, self.port, self.calls = status, 0, 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    async def open(self) -> None:
        if self._runner is not None:
            return
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _answer(self, _: web.Request) -> web.Response:
        self.calls += 1
        return web.Response(status=self.status)


@contextlib.asynccontextmanager
async def serve_switchable(status: int = 503) -> AsyncIterator[SwitchableServer]:
    """Run a SwitchableServer, open at first. It answers 503 unless told otherwise, which is an answer too."""
    server = SwitchableServer(status)
    await server.open()
    try:
        yield server
    finally:
        await server.close()


def look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let watches look at their canaries all the time."""
    monkeypatch.setattr(network_watch, "IDLE_SECONDS", 0.02)
    monkeypatch.setattr(network_watch, "BUSY_SECONDS", 0.02)
    monkeypatch.setattr(network_watch, "MIN_FRESH_SECONDS", 0.0)
    monkeypatch.setattr("tocsin.runtime.process.IDLE_SECONDS", 0.02)


async def add_admin(name: str) -> User:
    """Add an administrator with this ID."""
    user = User(
        id=name, email=f"{name}@example.com", password="", is_admin=True, created_at=clock.now(), email_confirmed=True
    )
    return await user.insert()


async def network_state(database: Database) -> Any:
    """Return the stored network state."""
    return await database.network_states.find_one({"_id": "network"}) or {"open": False, "outage": None}


async def told(database: Database) -> list[tuple[str, str]]:
    """Return whom notifications of what are stored for."""
    found = await database.notifications.find({}).to_list()
    return sorted((each["owner"], each["kind"]) for each in found)


async def wait_until_told(database: Database, expected: list[tuple[str, str]]) -> None:
    """Wait until these notifications are stored, and no others."""

    async def is_told() -> bool:
        return await told(database) == expected

    await wait_until(is_told)


async def wait_for_outage(process: Stack) -> None:
    """Wait until the process knows that it is cut off."""

    async def is_cut_off() -> bool:
        return process.reachability.is_cut_off

    await wait_until(is_cut_off)


async def wait_for_end(database: Database) -> None:
    """Wait until the outage is over for all."""

    async def is_over() -> bool:
        state = await network_state(database)
        is_told = state.get("is_end_announced") and state.get("untold_end") is None
        return bool(not state["open"] and state["outage"] and is_told)

    await wait_until(is_over)


@contextlib.asynccontextmanager
async def run_watched(database: Database, *canaries: SwitchableServer, **changes: Any) -> AsyncIterator[Stack]:
    """Run a process with these canaries."""
    urls = ",".join(canary.url for canary in canaries)
    async with run_stack(database, canary_urls=urls, **changes) as process:
        yield process
