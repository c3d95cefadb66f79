"""Records of idempotency keys: claimed once, however often and with whatever input the key comes."""

import asyncio
from dataclasses import replace

import pytest

from tocsin import clock
from tocsin.documents import Database
from tocsin.errors import IdempotencyKeyReused, InvalidInput
from tocsin.tasks.idempotency import IdempotentCall, claim_key, create_once, find_record, mark_done

CALL = IdempotentCall("alice", "createTask", "k", "fingerprint")


async def test_calls_at_once_with_one_key_get_one_record(database: Database) -> None:
    records = await asyncio.gather(
        *(claim_key(database, CALL, f"alice/{number}", clock.now(), number) for number in range(20))
    )
    assert len({(record["thing"], record["round"]) for record in records}) == 1
    assert await database.idempotency_keys.count_documents({}) == 1


@pytest.mark.parametrize("change", [{"owner": "bob"}, {"mutation": "runTask"}, {"key": "K"}])
async def test_keys_of_other_owners_and_mutations_are_other_keys(database: Database, change: dict[str, str]) -> None:
    await claim_key(database, CALL, "alice/1", clock.now())
    assert await find_record(database, replace(CALL, **change)) is None
    assert (await claim_key(database, replace(CALL, **change), "alice/2", clock.now()))["thing"] == "alice/2"


async def test_a_key_with_another_input_is_refused(database: Database) -> None:
    await claim_key(database, CALL, "alice/1", clock.now())
    other = replace(CALL, fingerprint="other")
    with pytest.raises(IdempotencyKeyReused):
        await find_record(database, other)
    with pytest.raises(IdempotencyKeyReused):
        await claim_key(database, other, "alice/2", clock.now())


@pytest.mark.parametrize("text", ["", "x" * 201])
async def test_an_invalid_key_is_refused(database: Database, text: str) -> None:
    call = replace(CALL, key=text)
    assert await find_record(database, call) is None
    with pytest.raises(InvalidInput, match="1 to 200"):
        await claim_key(database, call, "alice/1", clock.now())


async def test_a_call_without_a_key_leaves_no_record(database: Database) -> None:
    record = await claim_key(database, None, "alice/1", clock.now())
    await mark_done(database, record)
    assert (record["thing"], record["done"]) == ("alice/1", False)
    assert await database.idempotency_keys.count_documents({}) == 0


async def test_a_done_call_is_recorded_as_done(database: Database) -> None:
    await mark_done(database, await claim_key(database, CALL, "alice/1", clock.now()))
    found = await find_record(database, CALL)
    assert found is not None
    assert found["done"]


class Crash(Exception):  # a crash, not an error
    """The process crashed here."""


async def test_a_resource_is_created_once_even_if_an_earlier_call_was_interrupted(database: Database) -> None:
    created: list[str] = []

    async def create(thing: str) -> None:
        created.append(thing)
        if len(created) == 1:
            raise Crash

    with pytest.raises(Crash):
        await create_once(database, CALL, "alice/1", clock.now(), create)
    things = [await create_once(database, CALL, f"alice/{number}", clock.now(), create) for number in (2, 3)]
    assert things == ["alice/1", "alice/1"]
    assert created == ["alice/1", "alice/1"]  # the second call completed the first, the third did nothing


async def test_without_a_key_each_call_creates_a_resource(database: Database) -> None:
    created: list[str] = []

    async def create(thing: str) -> None:
        created.append(thing)

    for number in (1, 2):
        assert await create_once(database, None, f"alice/{number}", clock.now(), create) == f"alice/{number}"
    assert created == ["alice/1", "alice/2"]


async def test_a_key_with_another_input_creates_nothing(database: Database) -> None:
    created: list[str] = []

    async def create(thing: str) -> None:
        created.append(thing)

    await create_once(database, CALL, "alice/1", clock.now(), create)
    with pytest.raises(IdempotencyKeyReused):
        await create_once(database, replace(CALL, fingerprint="other"), "alice/2", clock.now(), create)
    assert created == ["alice/1"]
