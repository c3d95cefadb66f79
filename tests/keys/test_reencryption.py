"""Secrets are re-encrypted in place, and no concurrent write is lost."""

import asyncio
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.harness import save_task
from tests.tasks.helpers import add_run, load_run, load_task, save_hourly_task
from tocsin import clock
from tocsin.documents import Database, RunStatus
from tocsin.jobs.http.input import HttpInput, prepare_http_params
from tocsin.keys import reencryption
from tocsin.keys.reencryption import ReencryptionCounts, count_secrets_by_key, reencrypt_secrets
from tocsin.security.secret_box import OPERATOR_KEY_ID, SecretBox, find_key_id
from tocsin.tasks import saving

OLD, NEW = "0" * 16, "1" * 16
URL = "https://example.com/"


def box(sealing: str = NEW) -> SecretBox:
    made = SecretBox(b"k" * 32)
    made.set_keys({OLD: b"o" * 32, NEW: b"n" * 32}, sealing)
    return made


def job(sealer: SecretBox, owner: str = "alice", **more: Any) -> Any:
    """Return a job with a token and two secret headers."""
    headers = {"X-One": "first", "Cookie": "second", "X-Open": "v1:open"}
    given: Any = {"url": URL, "token": "third", "headers": headers, "secret_headers": ["X-One"], **more}
    return {"kind": "http", "params": prepare_http_params(HttpInput(**given), sealer, owner)}


def opened(stored: Any, opener: SecretBox, owner: str = "alice") -> list[str]:
    params = stored["params"]
    return [
        opener.unseal_without_reload(text, owner)
        for text in [*(h["sealed"] for h in params["secret_headers"]), params["token"]]
    ]


async def put_job(database: Database, task_id: str, stored: Any) -> None:
    await database.tasks.update_one({"_id": task_id}, {"$set": {"job": stored}})


async def test_tasks_and_runs_are_sealed_anew_and_nothing_else_changes(database: Database) -> None:
    plain = await save_hourly_task(database)
    first, second = await save_hourly_task(database), await save_hourly_task(database, owner="bob")
    await put_job(database, first.id, job(SecretBox(b"k" * 32)))
    await put_job(database, second.id, job(box(OLD), "bob", token=None, body_text="v1:" + "A" * 40))
    runs = [await add_run(database, first.id, status) for status in (RunStatus.QUEUED, RunStatus.FAILED)]
    before = await snapshot(database)
    tally = await reencrypt_secrets(database, box())
    assert tally == ReencryptionCounts(secrets=11, documents=4, unreadable=1)
    after = await snapshot(database)
    for thing in (first.id, *runs):
        assert opened(after[thing]["job"], box()) == ["first", "second", "third"]
    headers = after[second.id]["job"]["params"]["secret_headers"]
    assert [box().unseal_without_reload(header["sealed"], "bob") for header in headers] == ["first", "second"]
    assert after[plain.id] == before[plain.id]
    assert {thing: without_secrets(found) for thing, found in after.items()} == {
        thing: without_secrets(found) for thing, found in before.items()
    }
    assert await count_secrets_by_key(database) == {NEW: 11, OPERATOR_KEY_ID: 1}
    assert await reencrypt_secrets(database, box()) == ReencryptionCounts(unreadable=1)


async def snapshot(database: Database) -> dict[str, Any]:
    found = [*await database.tasks.find({}).to_list(), *await database.runs.find({}).to_list()]
    return {document["_id"]: document for document in found}


def without_secrets(document: Any) -> Any:
    params = document["job"]["params"]
    hidden = {"token": bool(params.get("token")), "secret_headers": [h["name"] for h in params["secret_headers"]]}
    return {**document, "job": {**document["job"], "params": {**params, **hidden}}}


async def test_links_of_mails_are_sealed_anew(database: Database) -> None:
    mails = [{"_id": f"mail {number}", "owner": "alice", "text": "{link}"} for number in range(3)]
    mails[0]["sealed"] = box(OLD).seal("https://example.com/#reset=1", "mail 0")
    mails[1]["sealed"] = box(OLD).seal("https://example.com/#reset=2", "mail 2")
    await database.db["deliveries"].insert_many(mails)
    assert await reencrypt_secrets(database, box()) == ReencryptionCounts(secrets=1, documents=1, unreadable=1)
    first, *others = await database.db["deliveries"].find({}).sort("_id", 1).to_list()
    assert box().unseal_without_reload(first["sealed"], "mail 0") == "https://example.com/#reset=1"
    assert [{**first, "sealed": mails[0]["sealed"]}, *others] == mails
    assert await count_secrets_by_key(database) == {NEW: 1, OLD: 1}


async def test_secrets_of_notification_channels_are_sealed_anew(database: Database) -> None:
    sealed = {"url": box(OLD).seal("https://example.com/in", "alice/1"), "key": box(NEW).seal("k", "alice/1")}
    stored = {"_id": "alice/1", "owner": "alice", "settings": {"a": 1}, "sealed": sealed}
    await database.db["notification_channels"].insert_one(stored)
    assert await reencrypt_secrets(database, box()) == ReencryptionCounts(secrets=1, documents=1)
    found: Any = await database.db["notification_channels"].find_one({})
    assert box().unseal_without_reload(found["sealed"]["url"], "alice/1") == "https://example.com/in"
    assert {**found, "sealed": {**found["sealed"], "url": sealed["url"]}} == stored
    assert await count_secrets_by_key(database) == {NEW: 2}


async def test_what_no_key_opens_is_counted_and_left(database: Database) -> None:
    task = await save_hourly_task(database)
    stranger = SecretBox(b"x" * 32)
    stranger.set_keys({"f" * 16: b"y" * 32}, "f" * 16)
    await put_job(database, task.id, job(stranger))
    stored = await load_task(database, task.id)
    assert await reencrypt_secrets(database, box()) == ReencryptionCounts(unreadable=3)
    assert await load_task(database, task.id) == stored
    assert await count_secrets_by_key(database) == {"f" * 16: 3}


async def test_another_owners_secret_is_not_opened_on_the_way(database: Database) -> None:
    task = await save_hourly_task(database)
    await put_job(database, task.id, job(box(OLD), "bob"))
    assert (await reencrypt_secrets(database, box())).unreadable == 3


async def test_batches(database: Database, monkeypatch: Any) -> None:
    monkeypatch.setattr(reencryption, "BATCH_SIZE", 7)
    tasks = [await save_hourly_task(database) for _ in range(23)]
    for task in tasks:
        await put_job(database, task.id, job(box(OLD)))
    assert await reencrypt_secrets(database, box()) == ReencryptionCounts(secrets=69, documents=23)
    assert await count_secrets_by_key(database) == {NEW: 69}


async def test_an_edit_between_reading_and_writing_is_not_undone(database: Database) -> None:
    """Each secret is one that an edit wrote, with the url of that edit: none is lost and none comes back."""
    task = await save_task(database, URL)
    await put_job(database, task.id, job(box(OLD), token="0"))
    edits = 60

    async def edit() -> None:
        for number in range(1, edits + 1):
            sealer = box(random.choice([OLD, NEW]))
            changes: saving.DraftChanges = {"job": job(sealer, url=f"{URL}{number}", token=str(number))}
            await saving.update_task(database, "alice", task.id, changes, clock.now())

    async def reseal_on() -> None:
        while not editing.done():
            await reencrypt_secrets(database, box())
            params = (await load_task(database, task.id))["job"]["params"]
            token, place = box().unseal_without_reload(params["token"], "alice"), params["url"].removeprefix(URL)
            assert token == (place or "0")

    editing = asyncio.create_task(edit())
    await asyncio.gather(editing, reseal_on())
    await reencrypt_secrets(database, box())
    stored = (await load_task(database, task.id))["job"]["params"]
    assert (stored["url"], box().unseal_without_reload(stored["token"], "alice")) == (f"{URL}{edits}", str(edits))
    assert find_key_id(stored["token"]) == NEW
    assert (await load_task(database, task.id))["version"] == edits + 1


async def test_a_secret_that_is_taken_away_meanwhile_stays_away(database: Database) -> None:
    task = await save_hourly_task(database)
    run = await add_run(database, task.id, RunStatus.FAILED)
    await put_job(database, task.id, job(box(OLD)))
    read = await load_task(database, task.id)
    bare = {"kind": "http", "params": {"url": URL, "method": "GET", "secret_headers": []}}
    await put_job(database, task.id, bare)
    for update in reencryption._reencryption_updates(reencryption._PLACES[0], read, box(), ReencryptionCounts()):
        await database.tasks.bulk_write([update])
    assert (await load_task(database, task.id))["job"] == bare
    assert (await load_run(database, run))["job"]["params"].get("token") is None


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from(["sealed", "v1:", "v2:x", "$job", "$$ROOT"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(VALUES, st.lists(st.sampled_from([OPERATOR_KEY_ID, OLD, NEW]), max_size=4))
def test_any_value_keeps_its_shape(value: Any, keys: list[str]) -> None:
    texts = [box(key).seal(f"{number}", "alice") for number, key in enumerate(keys)]
    sealer = reencryption._Reencryptor(box(), "alice")
    renewed = sealer.renew({"value": value, "texts": texts})
    assert renewed["value"] == value
    assert [box().unseal_without_reload(text, "alice") for text in renewed["texts"]] == [
        str(number) for number in range(len(keys))
    ]
    assert all(find_key_id(text) == NEW for text in renewed["texts"])
    assert sealer.renewed == len([key for key in keys if key != NEW])
    assert sealer.unreadable == 0
