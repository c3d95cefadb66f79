"""Key rotation over a real database with running processes: nobody is logged out, no secret is lost."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest

from tests.harness import http_job, save_task
from tests.keys.rings import HOUR, KEYS, Process, alive, serving
from tocsin import clock
from tocsin.documents import Database, KeyKind
from tocsin.errors import TocsinError, Unauthenticated
from tocsin.keys import keyring as keyrings
from tocsin.keys import rotation
from tocsin.keys.keyring import KeysUnreadable
from tocsin.keys.reencryption import count_secrets_by_key, reencrypt_secrets
from tocsin.keys.rotation import delete_lost_keys, delete_retired_keys, rotate_keys
from tocsin.security.access_tokens import LEEWAY, derive_key_id
from tocsin.security.key_files import InstallationKeys
from tocsin.security.secret_box import OPERATOR_KEY_ID, SecretUnreadable, find_key_id

SECRETS = 5
OWN = derive_key_id(KEYS.jwt_secret)


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyrings, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(rotation, "_ACTIVATION_SECONDS", 0.1)
    monkeypatch.setattr(rotation, "_PAUSE_SECONDS", 0.05)


def said() -> tuple[list[str], rotation.ReportProgress]:
    lines: list[str] = []
    return lines, lines.append


async def save(database: Database, sealer: Process, count: int = SECRETS) -> list[str]:
    """Save tasks with a secret each, as this process."""
    tasks = [await save_task(database, "https://example.com/") for _ in range(count)]
    for task in tasks:
        job = http_job("https://example.com/", token=sealer.secrets.seal(task.id, "alice"))
        await database.tasks.update_one({"_id": task.id}, {"$set": {"job": job}})
    return [task.id for task in tasks]


async def tokens_open(database: Database, opener: Process) -> bool:
    """Tell whether this process can open all secrets, with the right values."""
    tasks = await database.tasks.find({}).to_list()
    return all(
        opener.secrets.unseal_without_reload(task["job"]["params"]["token"], "alice") == task["_id"] for task in tasks
    )


async def ring(database: Database) -> dict[str, Any]:
    return {key["_id"]: key async for key in database.keys.find({})}


async def test_nobody_is_logged_out_and_all_is_sealed_anew(database: Database) -> None:
    async with serving(database) as server:
        await save(database, server)
        first = server.token()
        lines, tell = said()
        done = await rotate_keys(Process(database).keyring, HOUR, tell)
        assert done.counts.secrets == done.counts.documents == SECRETS
        assert lines[0] == f"New keys: {done.signing_key_id} signs access tokens, {done.data_key_id} seals secrets."
        assert await count_secrets_by_key(database) == {done.data_key_id: SECRETS}
        assert server.secrets.sealing_key_id == done.data_key_id
        assert server.tokens.verify_without_reload(first).user_id == "alice"
        second = server.token()
        again = await rotate_keys(Process(database).keyring, HOUR, tell)
        assert await count_secrets_by_key(database) == {again.data_key_id: SECRETS}
        assert [server.tokens.verify_without_reload(token).user_id for token in (first, second, server.token())] == [
            "alice"
        ] * 3
        assert await tokens_open(database, server)
    late = Process(database)
    await late.keyring.start()
    assert [late.tokens.verify_without_reload(token).user_id for token in (first, second)] == ["alice"] * 2
    assert await tokens_open(database, late)
    stored = await ring(database)
    assert {kid for kid, key in stored.items() if key["retire_at"] is None} == {again.signing_key_id, again.data_key_id}
    assert set(stored) == {
        OWN,
        OPERATOR_KEY_ID,
        done.signing_key_id,
        done.data_key_id,
        again.signing_key_id,
        again.data_key_id,
    }
    assert [stored[kid]["sealed"] for kid in (OWN, OPERATOR_KEY_ID)] == [None, None]


async def test_old_tokens_are_valid_until_they_expire(database: Database) -> None:
    before = clock.now()
    done = await rotate_keys(Process(database).keyring, HOUR, print)
    assert before + HOUR + LEEWAY < done.old_tokens_expire_at <= clock.now() + HOUR + 2 * LEEWAY
    assert (await ring(database))[OWN]["retire_at"] == done.old_tokens_expire_at


async def test_at_once(database: Database) -> None:
    async with serving(database) as server:
        stolen = server.token()
        await rotate_keys(Process(database).keyring, HOUR, print, at_once=True)
        await server.keyring.load()
        with pytest.raises(Unauthenticated):
            await server.tokens.verify(stolen)
        assert (await server.tokens.verify(server.token())).user_id == "alice"
        older = server.token()
        await rotate_keys(Process(database).keyring, HOUR, print)
        await rotate_keys(Process(database).keyring, HOUR, print, at_once=True)
        await server.keyring.load()
        with pytest.raises(Unauthenticated):
            await server.tokens.verify(older)


async def test_everything_is_readable_at_every_moment(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes, which read new keys at different times, sign and seal throughout and read each other's work."""
    monkeypatch.setattr(keyrings, "POLL_SECONDS", 0.2)
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(serving(database))
        await save(database, one, 20)
        two = await stack.enter_async_context(serving(database, name="two"))
        group = await stack.enter_async_context(asyncio.TaskGroup())
        rotating = group.create_task(rotate_twice(database))
        checks = 0
        while not rotating.done():
            for here, there in ((one, two), (two, one)):
                assert (await there.tokens.verify(here.token())).user_id == "alice"
                assert there.secrets.unseal_without_reload(here.secrets.seal("x", "alice"), "alice") == "x"
            assert await tokens_open(database, (one, two)[checks % 2])
            checks += 1
    assert checks > 10


async def rotate_twice(database: Database) -> None:
    for _ in range(2):
        await rotate_keys(Process(database).keyring, HOUR, print)


async def test_a_process_that_does_not_learn_stops_the_rotation(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "ACKNOWLEDGE_SECONDS", 0.3)
    await alive(database, "deaf")
    async with serving(database) as server:
        await save(database, server)
        with pytest.raises(TocsinError, match=r"^deaf has not read .* nothing was changed.*TOCSIN_ENCRYPTION_KEY"):
            await rotate_keys(Process(database).keyring, HOUR, print)
        assert await ring(database) == {}
        assert await count_secrets_by_key(database) == {OPERATOR_KEY_ID: SECRETS}
        await database.workers.update_one({"_id": "deaf"}, {"$set": {"until": clock.now()}})
        await rotate_keys(Process(database).keyring, HOUR, print)


async def test_a_command_with_another_encryption_key_changes_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "ACKNOWLEDGE_SECONDS", 0.3)
    async with serving(database) as server:
        await save(database, server)
        with pytest.raises(TocsinError, match="one has not read the new keys"):
            await rotate_keys(Process(database, InstallationKeys("j" * 40, b"x" * 32)).keyring, HOUR, print)
        assert await ring(database) == {}
        assert await tokens_open(database, server)


STEPS = ["_publish", "_wait_for_acknowledgement", "_activate", "rewrap_all", "_reencrypt_all", "_retire"]


class Killed(BaseException):
    """The simulated end of the process."""


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_whatever_a_killed_rotation_leaves_is_readable_and_finished_by_the_next(
    database: Database, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    async with serving(database) as server:
        await save(database, server)
        token = server.token()
        with monkeypatch.context() as patch:
            killed(patch, step, when)
            with pytest.raises(Killed):
                await rotate_keys(Process(database).keyring, HOUR, print)
        late = Process(database)
        await late.keyring.load()
        await server.keyring.load()
        for process in (late, server):
            assert await tokens_open(database, process)
            assert process.tokens.verify_without_reload(token).user_id == "alice"
            assert process.tokens.verify_without_reload(server.token()).user_id == "alice"
        done = await rotate_keys(Process(database).keyring, HOUR, print)
        assert await count_secrets_by_key(database) == {done.data_key_id: SECRETS}
        assert server.tokens.verify_without_reload(token).user_id == "alice"
        in_use = [kid for kid, key in (await ring(database)).items() if key["activated_at"] and not key["retire_at"]]
        assert sorted(in_use) == sorted([done.signing_key_id, done.data_key_id])


def killed(patch: pytest.MonkeyPatch, step: str, when: str) -> None:
    """Interrupt the rotation before or after this step without any clean-up, as `kill -9` does."""
    place = keyrings.Keyring if step == "rewrap_all" else rotation
    original = getattr(place, step)

    async def deadly(*arguments: object, **named: object) -> object:
        if when == "after":
            await original(*arguments, **named)
        raise Killed

    patch.setattr(place, step, deadly)
    patch.setattr(rotation, "_withdraw", nothing)


async def nothing(*_: object) -> None: ...


async def test_keys_of_a_killed_rotation_that_were_never_used_are_deleted(database: Database) -> None:
    abandoned = await rotation._publish(Process(database).keyring, KeyKind.JWT)
    done = await rotate_keys(Process(database).keyring, HOUR, print)
    assert abandoned.id in await ring(database)  # another rotation may be about to use it
    long_ago = clock.now() - timedelta(hours=1)
    await database.keys.update_one({"_id": abandoned.id}, {"$set": {"created_at": long_ago}})
    await rotate_keys(Process(database).keyring, HOUR, print)
    assert abandoned.id not in await ring(database)
    assert done.data_key_id in await ring(database)


async def test_two_rotations_at_once_agree(database: Database) -> None:
    async with serving(database) as server:
        await save(database, server)
        token = server.token()
        await asyncio.gather(*(rotate_keys(Process(database).keyring, HOUR, print) for _ in range(3)))
        await server.keyring.load()
        used = server.secrets.sealing_key_id
        assert await count_secrets_by_key(database) == {used: SECRETS}
        assert await tokens_open(database, server)
        assert server.tokens.verify_without_reload(token).user_id == "alice"
        unretired = [key for key in (await ring(database)).values() if key["retire_at"] is None]
        assert sorted(key["kind"] for key in unretired) == ["DATA", "JWT"]


async def test_the_clock_may_have_been_set_back(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    before = await rotate_keys(Process(database).keyring, HOUR, print)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now - timedelta(days=1))
    after = await rotate_keys(Process(database).keyring, HOUR, print)
    assert {before.signing_key_id, before.data_key_id}.isdisjoint({after.signing_key_id, after.data_key_id})


async def age(database: Database) -> None:
    """Move all retirement times into the past."""
    await database.keys.update_many({"retire_at": {"$gt": clock.EPOCH}}, {"$set": {"retire_at": clock.now()}})


async def test_sweeping_deletes_old_keys_when_nothing_needs_them(database: Database) -> None:
    first = await rotate_keys(Process(database).keyring, HOUR, print)
    lagging = Process(database)
    await lagging.keyring.load()
    second = await rotate_keys(Process(database).keyring, HOUR, print)
    await save(database, lagging)  # an edit that began before the rotation is written after it
    assert await count_secrets_by_key(database) == {first.data_key_id: SECRETS}
    server = Process(database)
    await server.keyring.load()
    await delete_retired_keys(server.keyring)
    assert first.data_key_id in await ring(database)
    await age(database)
    await server.keyring.load()
    await delete_retired_keys(server.keyring)
    assert set(await ring(database)) == {OWN, second.signing_key_id, second.data_key_id}
    assert await count_secrets_by_key(database) == {second.data_key_id: SECRETS}
    assert await tokens_open(database, server)


async def test_the_operators_retired_secret_is_not_good_again(database: Database) -> None:
    server = Process(database)
    token = server.token()
    await rotate_keys(Process(database).keyring, HOUR, print)
    await age(database)
    for _ in range(2):
        await server.keyring.load()
        await delete_retired_keys(server.keyring)
    with pytest.raises(Unauthenticated):
        server.tokens.verify_without_reload(token)


async def test_one_process_sweeps(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await rotate_keys(Process(database).keyring, HOUR, print)
    await age(database)
    passes = []
    original = rotation._reencrypt_all

    async def counted(*arguments: object) -> object:
        passes.append(arguments)
        return await original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(rotation, "_reencrypt_all", counted)
    servers = [Process(database) for _ in range(4)]
    for server in servers:
        await server.keyring.load()
    await asyncio.gather(*(delete_retired_keys(server.keyring) for server in servers))
    assert len(passes) == 1


async def test_a_claimed_run_is_opened_after_its_key_was_deleted(database: Database) -> None:
    server = Process(database)
    await rotate_keys(Process(database).keyring, HOUR, print)
    await server.keyring.load()
    held = server.secrets.seal("s3cret", "alice")
    await rotate_keys(Process(database).keyring, HOUR, print)
    await age(database)
    await server.keyring.load()
    await delete_retired_keys(server.keyring)
    await server.keyring.load()
    assert find_key_id(held) not in await ring(database)
    assert server.secrets.unseal_without_reload(held, "alice") == "s3cret"
    with pytest.raises(SecretUnreadable):
        Process(database).secrets.unseal_without_reload(held, "alice")


async def test_the_encryption_key_is_changed_step_by_step(database: Database) -> None:
    """The procedure of docs/operations.md, with one process that is restarted between the steps."""
    old, new = b"k" * 32, b"n" * 32
    steps = [
        InstallationKeys("j" * 40, old),
        InstallationKeys("j" * 40, old, (new,)),
        InstallationKeys("j" * 40, new, (old,)),
        InstallationKeys("j" * 40, new),
    ]
    token, done = "", None
    for step, keys in enumerate(steps):
        async with serving(database, keys, f"server {step}") as server:
            await save(database, server)
            assert await tokens_open(database, server)
            token = token or server.token()
            assert server.tokens.verify_without_reload(token).user_id == "alice"
            if step == 2:
                done = await rotate_keys(Process(database, keys).keyring, HOUR, print)
                assert await count_secrets_by_key(database) == {done.data_key_id: 3 * SECRETS}
            await database.workers.delete_many({})
    with pytest.raises(KeysUnreadable):
        await Process(database, steps[0]).keyring.load()


async def test_the_encryption_key_is_changed_when_there_are_keys_already(database: Database) -> None:
    old, new = b"k" * 32, b"n" * 32
    await rotate_keys(Process(database, InstallationKeys("j" * 40, old)).keyring, HOUR, print)
    await rotate_keys(Process(database, InstallationKeys("j" * 40, new, (old,))).keyring, HOUR, print)
    after = Process(database, InstallationKeys("j" * 40, new))
    await after.keyring.load()
    assert len(after.keyring.keys) == 6


async def test_a_lost_encryption_key_can_be_given_up(database: Database) -> None:
    lost = Process(database)
    first = await rotate_keys(lost.keyring, HOUR, print)
    await save(database, lost)
    found = Process(database, InstallationKeys("j" * 40, b"n" * 32))
    with pytest.raises(KeysUnreadable):
        await rotate_keys(found.keyring, HOUR, print)
    await alive(database, "one")
    with pytest.raises(TocsinError, match="not lost: one has them"):
        await delete_lost_keys(found.keyring)
    await database.workers.delete_many({})
    assert sorted(await delete_lost_keys(found.keyring)) == sorted([first.signing_key_id, first.data_key_id])
    done = await rotate_keys(found.keyring, HOUR, print)
    assert done.counts.unreadable == SECRETS
    assert await count_secrets_by_key(database) == {first.data_key_id: SECRETS}
    assert found.tokens.verify_without_reload(found.token()).user_id == "alice"
    assert await delete_lost_keys(found.keyring) == []


async def test_a_process_that_keeps_sealing_with_an_old_key_is_an_error(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "_MAX_PASSES", 5)
    monkeypatch.setattr(rotation, "reencrypt_secrets", always_some(reencrypt_secrets))
    with pytest.raises(TocsinError, match="keeps sealing"):
        await rotate_keys(Process(database).keyring, HOUR, print)


def always_some(original: object) -> object:
    async def counted(*arguments: object) -> object:
        tally = await original(*arguments)  # type: ignore[operator]
        tally.secrets += 1
        return tally

    return counted
