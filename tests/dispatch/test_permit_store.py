"""Stored permits: replaced only as they were read, by any number of processes at once."""

import asyncio

from tests.dispatch.helpers import queued
from tocsin import clock
from tocsin.clock import epoch_milliseconds
from tocsin.dispatch.permit_book import PermitKey
from tocsin.dispatch.permit_store import PermitStore
from tocsin.dispatch.permits import Demand, Needs, Permits, exchange_permits
from tocsin.documents import Database

HOST: PermitKey = ("host", "a:80")
QUEUE: PermitKey = ("queue", "q")


async def test_permits_are_read_back_as_they_were_stored(database: Database) -> None:
    store, needs = PermitStore(database), Needs(2, {}, {}, {"alice": Demand(3, short=True)})
    before = await store.read([HOST, QUEUE])
    assert before == {HOST: (Permits(), None), QUEUE: (Permits(), None)}
    after = {HOST: exchange_permits(Permits(), "p", needs, 1.0, epoch_milliseconds(clock.now())), QUEUE: Permits()}
    assert await store.replace(before, after) == {HOST, QUEUE}
    stored = await store.read([HOST, QUEUE])
    assert stored[HOST][0] == after[HOST]
    assert (after[HOST].held, set(after[HOST].waiting)) == ({"p": {"alice": 2}}, {"p"})
    assert stored[QUEUE] == (Permits(), None)


async def test_what_was_changed_meanwhile_is_not_replaced(database: Database) -> None:
    store = PermitStore(database)
    await store.set_holdings("p", {HOST: {"alice": 1}, QUEUE: {"alice": 1}})
    before = await store.read([HOST, QUEUE])
    await store.set_holdings("q", {HOST: {"bob": 1}})
    after = {HOST: Permits(), QUEUE: Permits()}
    assert await store.replace(before, after) == {QUEUE}
    left = await store.read([HOST, QUEUE])
    assert (left[HOST][0].held, left[QUEUE][1]) == ({"p": {"alice": 1}, "q": {"bob": 1}}, None)


async def test_many_processes_at_once_never_hold_more_than_the_limit(database: Database) -> None:
    limit, most = 3, 0

    async def work(name: str) -> None:
        nonlocal most
        store, left = PermitStore(database), 5
        held: dict[str, int] = {}
        while left or held:
            before = await store.read([HOST])
            needs = Needs(limit, {}, {}, {"alice": Demand(left, short=True)} if left else {})
            after = {HOST: exchange_permits(before[HOST][0], name, needs, 1.0, epoch_milliseconds(clock.now()))}
            if await store.replace(before, after):
                most = max(most, after[HOST].total())
                held = dict(after[HOST].held.get(name, {}))
                left -= sum(held.values())

    async with asyncio.timeout(60):
        await asyncio.gather(*(work(f"process {number}") for number in range(4)))
    assert most == limit
    assert (await PermitStore(database).read([HOST]))[HOST][0].held == {}


async def test_the_holdings_of_a_process_are_those_of_its_claimed_runs(database: Database) -> None:
    runs = await queued(database, "http://a.test/", 3)
    ids = [run["_id"] for run in runs[:2]]
    await database.runs.update_many({"_id": {"$in": ids}}, {"$set": {"status": "RUNNING", "worker": "w"}})
    found = await PermitStore(database).find_holdings("w")
    assert found == {("host", "a.test:80"): {"alice": 2}, ("queue", "default"): {"alice": 2}}
