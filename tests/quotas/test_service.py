"""The quotas of an installation, as the API asks for them."""

import asyncio
from datetime import timedelta

import pytest

from tests.harness import make_settings
from tests.tasks.helpers import save_hourly_task
from tocsin import clock
from tocsin.documents import Database, User
from tocsin.errors import QuotaExceeded
from tocsin.quotas import Quota, Quotas, QuotaUnit, Usage
from tocsin.quotas.limits import MEGABYTE


def quotas_of(database: Database, **limits: int) -> Quotas:
    return Quotas(database, make_settings(**{f"quota_{name}": limit for name, limit in limits.items()}))


async def test_resources_are_reserved_up_to_the_limit(database: Database) -> None:
    quotas = quotas_of(database, tasks=2)
    async with quotas.reserve("alice", Quota.TASKS):
        await save_hourly_task(database)
    with pytest.raises(QuotaExceeded, match="you have 1 of 2 unfinished tasks and asked for 2 more") as refused:
        async with quotas.reserve("alice", Quota.TASKS, 2, "tasks"):
            await save_hourly_task(database)
    assert refused.value.path == ("tasks",)
    async with quotas.reserve("bob", Quota.TASKS, 2):
        pass


async def test_a_resource_that_was_not_created_does_not_count(database: Database) -> None:
    quotas = quotas_of(database, tasks=1)
    for _ in range(3):
        with pytest.raises(KeyError):
            async with quotas.reserve("alice", Quota.TASKS):
                raise KeyError


async def test_without_a_limit_nothing_is_counted(database: Database) -> None:
    quotas = quotas_of(database, tasks=0)
    async with quotas.reserve("alice", Quota.TASKS, 1_000_000):
        pass
    assert quotas._counter._counts == {}


async def test_concurrent_reservations_do_not_pass_the_limit_together(database: Database) -> None:
    quotas = quotas_of(database, tasks=3)

    async def create() -> bool:
        try:
            async with quotas.reserve("alice", Quota.TASKS):
                await save_hourly_task(database)
        except QuotaExceeded:
            return False
        return True

    assert sum(await asyncio.gather(*(create() for _ in range(8)))) == 3
    assert await database.tasks.count_documents({}) == 3


async def test_without_storage_nothing_new_is_reserved_or_run(database: Database) -> None:
    quotas = quotas_of(database, storage=1, tasks=0)
    quotas.meter.add_bytes("alice", MEGABYTE)
    quotas.require_storage("alice")
    quotas.meter.add_bytes("alice", 1)
    with pytest.raises(QuotaExceeded, match="STORAGE is reached: you have 2 of 1 MB") as refused:
        quotas.require_storage("alice", "job")
    assert refused.value.path == ("job",)
    with pytest.raises(QuotaExceeded, match="STORAGE"):
        quotas.consume_run("alice")
    with pytest.raises(QuotaExceeded, match="STORAGE"):
        async with quotas.reserve("alice", Quota.TASKS):
            pass


async def test_runs_that_users_start_count_up_to_the_limit(database: Database) -> None:
    quotas = quotas_of(database, runs_per_day=2, runs_per_minute=0)
    for _ in range(2):
        quotas.require_run("alice")
        quotas.consume_run("alice", "id")
    with pytest.raises(QuotaExceeded, match="RUNS_PER_DAY is reached: you have 2 of 2 runs today") as refused:
        quotas.consume_run("alice", "id")
    assert refused.value.path == ("id",)
    assert quotas.meter.get_usage("alice", Quota.RUNS_PER_DAY, clock.now()) == 2


async def test_idempotency_keys_count_up_to_the_limit(database: Database) -> None:
    quotas = quotas_of(database, idempotency_keys_per_day=1)
    quotas.consume_idempotency_key("alice")
    with pytest.raises(QuotaExceeded, match="you have 1 of 1 idempotency keys today") as refused:
        quotas.consume_idempotency_key("alice")
    assert refused.value.path == ("idempotencyKey",)


async def test_documents_count_by_their_stored_size(database: Database) -> None:
    quotas = quotas_of(database)
    quotas.add_documents("alice", {"a": "x" * 1_000}, {"b": 1})
    (added,) = quotas.meter.drain_pending()
    assert 1_000 < added.storage < 1_050
    quotas.remove_documents("alice", {"a": "x" * 1_000}, {"b": 1})
    (removed,) = quotas.meter.drain_pending()
    assert removed.storage == -added.storage


async def test_usage_is_listed_with_limits_units_and_resets(database: Database) -> None:
    await User(id="alice", email="a@b.c", password="-", created_at=clock.now(), quotas={"RUNS_PER_DAY": 5}).insert()
    quotas = quotas_of(database, tasks=4, storage=0)
    await save_hourly_task(database)
    quotas.meter.consume_runs("alice", 3, clock.now())
    quotas.meter.add_bytes("alice", 1)
    found = {usage.quota: usage for usage in await quotas.list_usage("alice")}
    assert list(found) == list(Quota)
    assert found[Quota.TASKS] == Usage(Quota.TASKS, 1, 4, None, QuotaUnit.COUNT)
    assert found[Quota.STORAGE] == Usage(Quota.STORAGE, 1, None, None, QuotaUnit.MEGABYTES)
    runs = found[Quota.RUNS_PER_DAY]
    assert (runs.used, runs.limit) == (3, 5)
    assert runs.resets_at is not None
    assert timedelta() < runs.resets_at - clock.now() <= timedelta(days=1)


async def test_a_command_knows_the_stored_usage_of_its_owner(database: Database) -> None:
    await User(id="alice", email="a@b.c", password="-", created_at=clock.now(), quotas={"TASKS": 7}).insert()
    here = quotas_of(database)
    here.meter.consume("alice", Quota.MAILS_PER_DAY, clock.now())
    await here.flush_usage()
    there = await Quotas.for_owner(database, make_settings(), "alice")
    assert there.meter.get_usage("alice", Quota.MAILS_PER_DAY, clock.now()) == 1
    assert there.limits.get_limit("alice", Quota.TASKS) == 7
