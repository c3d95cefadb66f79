"""Several dispatchers over one database: each claims what is its own, and with free places what is not."""

from typing import Any

from tests.dispatch.helpers import queued, settled
from tests.harness import TargetServer, run_stack, wait_until
from tocsin import clock
from tocsin.dispatch.backlog import Backlog
from tocsin.dispatch.partitions import Share
from tocsin.documents import Database

SHARED: dict[str, Any] = {"mongodb_uri": "mongodb://x", "jwt_secret": "x" * 40, "encryption_key": "A" * 43 + "="}
ONE, OTHER = Share("one", {"other"}), Share("other", {"one"})


async def test_a_backlog_holds_the_runs_of_its_partitions(database: Database) -> None:
    runs = {run["_id"] for run in await queued(database, "http://a.test/", 40)}
    backlogs = [Backlog(partitions=ONE), Backlog(partitions=OTHER)]
    for backlog in backlogs:
        await backlog.refresh(database, clock.now())
        assert backlog.has_foreign
    held = [set(backlog._lane_of) for backlog in backlogs]
    assert held[0] | held[1] == runs
    assert not held[0] & held[1]


async def test_a_full_read_without_runs_of_others_says_so(database: Database) -> None:
    await queued(database, "http://a.test/", 40)
    backlog = Backlog(partitions=ONE)
    await backlog.refresh(database, clock.now())
    await database.runs.delete_many({})
    backlog.invalidate()
    await backlog.refresh(database, clock.now())
    assert not backlog.has_foreign


async def test_a_backlog_adopts_the_newest_runs_of_others(database: Database) -> None:
    runs = await queued(database, "http://a.test/", 40)
    backlog = Backlog(partitions=ONE)
    assert await backlog.adopt_runs(database, 5, "one")
    assert len(backlog) == 5
    assert not any(ONE.serves(run_id) for run_id in backlog._lane_of)
    await database.runs.delete_many({})
    assert not await backlog.adopt_runs(database, 5, "one")
    assert not backlog.has_foreign
    assert len(runs) == 40


async def test_a_process_with_free_places_runs_what_others_have(database: Database, target: TargetServer) -> None:
    few, many = {"max_concurrency": 1, "owner_share": 1, **SHARED}, {"max_concurrency": 50, "owner_share": 1, **SHARED}
    async with run_stack(database, **few) as busy, run_stack(database, **many) as free:

        async def both_share() -> bool:
            members = [stack.engine.membership for stack in (busy, free)]
            return all(member.may_exchange and not member.is_alone for member in members)

        await wait_until(both_share)
        await queued(database, f"{target.url}/wait", 30)
        for stack in (busy, free):
            stack.wakeups.runs_queued()

        async def under_way() -> bool:
            return len(target.calls) >= 29

        await wait_until(under_way)
        foreign = [run for run in free.engine.in_flight.runs if not free.engine.membership.serves(run)]
        assert foreign
        target.release.set()
        await wait_until(lambda: settled(database, 30))
        assert len(set(target.run_ids())) == 30
