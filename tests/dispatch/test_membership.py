"""Membership: processes learn of each other, and share permits before a second one uses any."""

import math
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock

import pytest
from pymongo.errors import ConnectionFailure

from tests.dispatch.helpers import queued
from tocsin import clock
from tocsin.dispatch import membership as memberships
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.limiter import RunLimiter
from tocsin.dispatch.limits import ProcessLimits
from tocsin.dispatch.membership import Membership
from tocsin.dispatch.permit_exchange import PermitExchange
from tocsin.dispatch.permit_store import PermitStore
from tocsin.documents import Database, WaitingFor
from tocsin.documents.workers import MAX_LEASE


class Member:
    """A process with a limit of three attempts to a host."""

    def __init__(self, database: Database, name: str, **options: Any) -> None:
        self.database, self.name = database, name
        self.limiter = RunLimiter(ProcessLimits(host_concurrency=3, owner_share=1.0, prefetch=0))
        store = PermitStore(database)
        self.membership = Membership(database, InFlightRuns(name, 100, self.limiter), store, **options)
        self.exchange = PermitExchange(self.limiter, self.membership, store).exchange
        self.started = 0

    async def join(self) -> "Member":
        await self.renew()
        await self.membership.start()
        return self

    async def renew(self) -> None:
        lease = {"until": clock.now() + MAX_LEASE, "lease": MAX_LEASE.total_seconds()}
        await self.database.workers.update_one({"_id": self.name}, {"$set": lease}, upsert=True)

    async def stored(self) -> Any:
        return await self.database.workers.find_one({"_id": self.name})

    def admits(self) -> bool:
        """Admit a run to the host if that is possible."""
        self.started += 1
        return self.limiter.try_acquire(run(f"{self.name}{self.started}"), clock.now()) is None

    async def admits_after_exchange(self) -> bool:
        if self.admits():
            return True
        await self.exchange()
        return self.admits()


def run(name: str) -> Any:
    return {"_id": name, "owner": "alice", "queue": "default", "host": "a:80", "fence": 0}


async def test_one_that_is_alone_needs_no_permits_and_serves_everything(database: Database) -> None:
    member = await Member(database, "p").join()
    await member.membership.beat()
    assert [member.admits() for _ in range(4)] == [True, True, True, False]
    assert member.membership.is_alone
    assert await member.exchange() > 1
    assert await database.permits.count_documents({}) == 0


async def test_with_the_embedded_database_nobody_is_looked_for(database: Database) -> None:
    member = Member(database, "p", embedded=True)
    await member.membership.start()
    await member.membership.beat()
    assert member.admits()
    assert await database.workers.count_documents({}) == 0


async def test_one_that_no_longer_knows_whether_it_is_alone_starts_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memberships, "ALONE_SECONDS", 0.0)
    member = await Member(database, "p").join()
    assert not member.admits()
    assert member.limiter.find_refusal(run("x"), clock.now()) is WaitingFor.HOST_LIMIT
    monkeypatch.setattr(memberships, "ALONE_SECONDS", 60.0)
    await member.membership.beat()
    assert member.admits()


async def test_a_newcomer_gets_permits_once_the_first_has_stored_its_own(database: Database) -> None:
    first = await Member(database, "p").join()
    assert first.admits()
    assert first.admits()
    second = await Member(database, "q").join()
    await second.membership.beat()
    assert not await second.admits_after_exchange()
    await first.membership.beat()
    await second.membership.beat()
    assert await second.admits_after_exchange()
    assert not second.admits()
    assert not await first.admits_after_exchange()  # two and one
    assert not first.membership.is_alone
    assert not second.membership.is_alone


async def test_two_that_start_at_once_both_share(database: Database) -> None:
    one, other = Member(database, "p"), Member(database, "q")
    await one.renew()
    await other.renew()
    await one.membership.start()
    await other.membership.start()
    assert not one.admits()
    assert not other.admits()


async def test_a_silent_process_is_replaced_by_its_claimed_runs(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = await Member(database, "p").join()
    runs = await queued(database, "http://a.test/", 2)
    ids = [each["_id"] for each in runs]
    claimed = {"status": "RUNNING", "worker": killed.name, "host": "a:80"}
    await database.runs.update_many({"_id": {"$in": ids}}, {"$set": claimed})
    newcomer = await Member(database, "q").join()
    await newcomer.membership.beat()
    assert not await newcomer.admits_after_exchange()
    monkeypatch.setattr(memberships, "_SILENT_SECONDS", -1.0)
    await newcomer.membership.beat()
    assert await newcomer.admits_after_exchange()
    assert not await newcomer.admits_after_exchange()  # two are those of the killed one


async def test_the_permits_of_a_dead_process_are_free_when_its_lease_has_ended(database: Database) -> None:
    one = await Member(database, "p").join()
    other = await Member(database, "q", lease=timedelta(0)).join()
    await one.membership.beat()
    await other.membership.beat()
    assert [await one.admits_after_exchange() for _ in range(3)] == [True, True, True]
    assert not await other.admits_after_exchange()
    await database.workers.update_one({"_id": "p"}, {"$set": {"until": clock.EPOCH}})
    await add_worker(database, "r")
    await other.membership.beat()
    assert await other.admits_after_exchange()


# --- outages --------------------------------------------------------------------------------------------------------


async def two_that_share(database: Database) -> tuple[Member, Member]:
    """Return two processes that hold two and one of three permits."""
    one, other = await Member(database, "p").join(), await Member(database, "q").join()
    await one.membership.beat()
    await other.membership.beat()
    assert [await each.admits_after_exchange() for each in (one, one, other)] == [True, True, False]
    await one.exchange()  # returns its unused one, for which the other waits
    assert await other.admits_after_exchange()
    return one, other


async def miss_a_beat(member: Member) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(member.membership, "_look", AsyncMock(side_effect=ConnectionFailure))
        with pytest.raises(ConnectionFailure):
            await member.membership.beat()


async def expire_leases(database: Database) -> None:
    await database.workers.update_many({}, {"$set": {"until": clock.EPOCH}})


async def test_nobody_is_alone_after_an_outage_before_the_others_could_renew_their_leases(database: Database) -> None:
    both = await two_that_share(database)
    for member in both:
        await miss_a_beat(member)
    await expire_leases(database)
    for member in both:
        await member.membership.beat()
        await member.membership.beat()
        assert not member.membership.is_alone
        assert member.membership.may_exchange
        assert not await member.admits_after_exchange()


async def test_an_exchange_right_after_an_outage_leaves_others_their_permits(database: Database) -> None:
    one, other = await two_that_share(database)
    await expire_leases(database)
    one.membership.living = frozenset()
    one.membership._looked_at = -math.inf
    assert not await one.admits_after_exchange()
    await other.membership.beat()
    assert not await other.admits_after_exchange()


async def test_one_whose_heartbeat_changes_is_alive_without_a_lease(database: Database) -> None:
    one, other = await two_that_share(database)
    await expire_leases(database)
    await other.membership.beat()
    await one.membership.beat()
    assert one.membership.may_exchange
    assert one.membership.living == {"p", "q"}


async def test_a_newcomer_after_an_outage_is_not_alone(database: Database) -> None:
    await two_that_share(database)
    await expire_leases(database)
    newcomer = await Member(database, "r").join()
    await newcomer.membership.beat()
    assert not await newcomer.admits_after_exchange()


async def test_permits_that_one_who_was_alone_has_deleted_are_stored_again(database: Database) -> None:
    _, other = await two_that_share(database)
    await database.workers.update_one({"_id": "p"}, {"$set": {"shares": False}})
    await other.membership.beat()
    assert not other.membership.may_exchange
    await PermitStore(database).clear()
    await database.workers.update_one({"_id": "p"}, {"$set": {"shares": True}})
    await other.membership.beat()
    assert other.membership.may_exchange
    assert await held_by(database, "q") == {"alice": 1}


async def test_unused_permits_are_returned_when_permits_are_stored_again(database: Database) -> None:
    _, other = await two_that_share(database)
    other.limiter.release(run(f"q{other.started}") | {"fence": 1})
    await miss_a_beat(other)
    await other.membership.beat()
    assert await held_by(database, "q") == {}
    assert await held_by(database, "p") == {"alice": 2}


async def held_by(database: Database, name: str) -> Any:
    key = ("host", "a:80")
    return (await PermitStore(database).read([key]))[key][0].held.get(name, {})


# --- leaving --------------------------------------------------------------------------------------------------------


async def test_the_last_one_is_alone_again(database: Database) -> None:
    one, other = await Member(database, "p").join(), await Member(database, "q").join()
    await one.membership.beat()
    await other.membership.beat()
    assert await other.admits_after_exchange()
    await database.workers.delete_one({"_id": "p"})
    await other.membership.beat()
    await other.membership.beat()
    assert other.admits()
    assert other.membership.is_alone
    assert await database.permits.count_documents({}) == 0


async def test_partitions_move_when_one_leaves_or_falls_silent(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await Member(database, "p").join(), await Member(database, "q").join()
    changes: list[bool] = []
    other.membership.changed.connect(lambda: changes.append(other.membership.is_alone))
    await one.membership.beat()
    await other.membership.beat()
    assert changes == [False]
    await one.membership.leave()
    await other.membership.beat()
    assert changes == [False, True]
    assert other.membership.may_exchange  # it still needs permits while the other's runs end
    await Member(database, "r").join()
    await other.membership.beat()
    monkeypatch.setattr(other.membership._roster, "_silence", -1.0)
    await other.membership.beat()
    assert changes == [False, True, False, True]


async def add_worker(database: Database, name: str) -> None:
    until = clock.now() + MAX_LEASE
    await database.workers.insert_one({"_id": name, "until": until, "lease": MAX_LEASE.total_seconds()})


async def test_heartbeats_are_sent_only_while_there_are_others(database: Database) -> None:
    member = await Member(database, "p").join()
    assert await member.membership.beat() == memberships.ALONE_BEAT_SECONDS
    assert (await member.stored()).get("beat") is None
    await add_worker(database, "q")
    assert await member.membership.beat() == memberships.BEAT_SECONDS
    before = (await member.stored())["beat"]
    await member.membership.beat()
    assert (await member.stored())["beat"] == before + 1
