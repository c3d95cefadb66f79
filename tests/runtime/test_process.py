"""The parts of a process: put together, started and stopped."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from pymongo.errors import AutoReconnect

from tests.harness import SECRETS, Stack, TargetServer, make_settings, run_stack, save_task, wait_until
from tocsin.cancellation import cancel_and_wait
from tocsin.documents import Database
from tocsin.outbound import canaries, resolvers
from tocsin.outbound.exchanges import HttpRequest
from tocsin.wakeups import Signal


async def test_each_wakeup_reaches_a_part(database: Database) -> None:
    process = Stack(database, make_settings(), SECRETS, (bytes(32),))
    signals = {name: signal for name, signal in vars(process.wakeups).items() if isinstance(signal, Signal)}
    assert signals
    assert [name for name, signal in signals.items() if not signal._listeners] == []


@pytest.mark.parametrize("schedule", [True, False])
async def test_the_scheduler_runs_if_it_is_wanted(database: Database, schedule: bool) -> None:
    async with run_stack(database, schedule=schedule) as process:
        assert process.scheduler.is_healthy is schedule
    assert not process.scheduler.is_healthy


async def test_a_stopped_process_leaves_no_work_behind(database: Database, target: TargetServer) -> None:
    before = asyncio.all_tasks()
    process = Stack(database, make_settings(), SECRETS, (bytes(32),))
    await process.start()
    task = await save_task(database, target.url)
    await process.wait_for_runs(task.id, "COMPLETED")
    assert asyncio.all_tasks() > before
    await process.stop()
    left = asyncio.all_tasks() - before
    assert [found.get_name() for found in left if not found.get_name().startswith("Task-")] == []
    assert [found for found in left if "tocsin" in repr(found.get_coro())] == []


@pytest.fixture
def silent_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Let the look-ups of names that begin with "silent" last until the end of the test, and list these."""
    released, asked, look_up = threading.Event(), list[str](), resolvers._lookup

    def lookup(host: str, port: int, family: int) -> list[resolvers.AddrInfo]:
        if host.startswith("silent"):
            asked.append(host)
            released.wait(30)
        return look_up("127.0.0.1", port, family)

    monkeypatch.setattr(resolvers, "_lookup", lookup)
    yield asked
    released.set()


async def test_names_of_users_that_stay_silent_do_not_keep_canaries_from_answering(
    database: Database, target: TargetServer, silent_names: list[str]
) -> None:
    canary = target.url.replace("127.0.0.1", "canary.example")
    async with run_stack(database, canary_urls=canary, max_concurrency=resolvers.LOOKUP_THREADS) as process:
        calls = [
            asyncio.create_task(process.http.request(HttpRequest("GET", f"http://silent{each}.example/", 20.0), owner))
            for owner in map(str, range(resolvers.LOOKUP_THREADS // resolvers.LOOKUPS_PER_OWNER))
            for each in range(resolvers.LOOKUPS_PER_OWNER)
        ]
        await wait_until(lambda: _is_full(silent_names))
        assert (await process.network_watch._canaries.ask_all()).is_answered
        await cancel_and_wait(*calls)


async def _is_full(asked: list[str]) -> bool:
    return len(asked) == resolvers.LOOKUP_THREADS


async def test_a_silent_canary_takes_one_look_up_however_often_it_is_asked(
    database: Database, target: TargetServer, silent_names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canaries, "CANARY_TIMEOUT_SECONDS", 0.05)
    async with run_stack(database, canary_urls="http://silent.example/") as process:
        for _ in range(resolvers.LOOKUPS_PER_OWNER + 1):
            assert not (await process.network_watch._canaries.ask_all()).is_answered
    assert silent_names == ["silent.example"]


async def test_a_stop_stores_what_its_last_outcomes_used(database: Database, target: TargetServer) -> None:
    async with run_stack(database) as process:
        await save_task(database, f"{target.url}/wait")
        await wait_until(lambda: _called(target))
        target.release.set()
    assert process.quotas.meter.drain_pending() == []
    stored = await database.owner_usages.find_one({})
    assert stored is not None


async def _called(target: TargetServer) -> bool:
    return len(target.calls) == 1


@pytest.mark.parametrize("is_stored", [True, False])
async def test_usage_is_flushed_last_unless_the_database_is_gone(
    database: Database, monkeypatch: pytest.MonkeyPatch, is_stored: bool
) -> None:
    events = list[str]()

    async def stop_engine() -> bool:
        events.append("engine")
        return is_stored

    async def flush() -> None:
        events.append("usage")
        raise AutoReconnect("connection closed")  # which is no reason not to stop the rest

    process = Stack(database, make_settings(), SECRETS, (bytes(32),))
    monkeypatch.setattr(process.engine, "stop", stop_engine)
    monkeypatch.setattr(process._usage_keeper, "flush_usage", flush)
    await process._stop_engine()
    assert events == ["engine", "usage"][: 1 + is_stored]
