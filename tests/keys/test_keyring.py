"""The keyring of a process."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymongo import monitoring
from structlog.testing import capture_logs

from tests.harness import wait_until
from tests.keys.rings import HOUR, KEYS, Process, serving
from tocsin import clock, documents
from tocsin.documents import Database, KeyDocument, KeyKind, StoredKey
from tocsin.errors import Unauthenticated
from tocsin.keys import keyring as keyrings
from tocsin.keys.keyring import KeysUnreadable, activation_order, active_key
from tocsin.security.access_tokens import SigningKey, derive_key_id
from tocsin.security.key_files import InstallationKeys
from tocsin.security.secret_box import OPERATOR_KEY_ID, SecretUnreadable, find_key_id

KID = "0123456789abcdef"
OWN = derive_key_id(KEYS.jwt_secret)
DATA_KEY = "ZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGQ="


async def add(process: Process, kind: KeyKind, kid: str = KID, *, active: bool = True, **more: Any) -> None:
    """Store a key in the database, as a rotation does."""
    key = StoredKey(id=kid, kind=kind, sealed=None, created_at=clock.now(), **more)
    key.sealed = process.keyring.wrap(key, DATA_KEY)
    key.activated_at = clock.now() if active else None
    await key.insert()


async def only_key(database: Database) -> KeyDocument:
    (stored,) = await database.keys.find({}).to_list()
    return stored


async def test_without_stored_keys_the_operators_are_used(database: Database) -> None:
    process = Process(database)
    await process.keyring.start()
    assert process.tokens.verify_without_reload(process.token()).user_id == "alice"
    assert process.secrets.sealing_key_id == OPERATOR_KEY_ID
    assert {key.id for key in process.keyring.keys} == {OWN, OPERATOR_KEY_ID}
    assert await database.keys.count_documents({}) == 0


async def test_no_key_is_stored_in_plain_text(database: Database) -> None:
    process = Process(database)
    await add(process, KeyKind.DATA)
    await process.keyring.load()
    stored = repr(await database.keys.find({}).to_list()) + repr(process.keyring.keys)
    assert DATA_KEY not in stored
    assert KEYS.jwt_secret not in stored


async def test_a_new_key_is_known_before_it_is_used(database: Database) -> None:
    process = Process(database)
    for kind, kid in ((KeyKind.JWT, KID), (KeyKind.DATA, KID[::-1])):
        await add(process, kind, kid, active=False)
    await process.keyring.load()
    elsewhere = Process(database)
    elsewhere.tokens.set_keys([SigningKey(KID, DATA_KEY)])
    elsewhere.secrets.set_keys({KID[::-1]: b"d" * 32}, KID[::-1])
    assert process.secrets.sealing_key_id == OPERATOR_KEY_ID
    assert process.tokens.verify_without_reload(elsewhere.token()).user_id == "alice"
    assert process.secrets.unseal_without_reload(elsewhere.secrets.seal("x", "alice"), "alice") == "x"
    with pytest.raises(Unauthenticated):
        elsewhere.tokens.verify_without_reload(process.token())  # it still signs with the operator's key
    await database.keys.update_many({}, {"$set": {"activated_at": clock.now()}})
    await process.keyring.load()
    assert elsewhere.tokens.verify_without_reload(process.token()).user_id == "alice"
    assert find_key_id(process.secrets.seal("x", "alice")) == KID[::-1]


async def test_a_process_acknowledges_the_keys_that_it_has_read(database: Database) -> None:
    server, command = Process(database, name="one"), Process(database)
    await add(command, KeyKind.JWT, active=False)
    for _ in range(2):
        await command.keyring.load()
        await server.keyring.load()
    assert (await only_key(database)).get("known_by") == ["one"]


async def test_a_running_process_learns_of_keys(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyrings, "POLL_SECONDS", 0.01)
    async with serving(database) as process:
        await add(process, KeyKind.DATA)

        async def learned() -> bool:
            return process.secrets.sealing_key_id == KID

        await wait_until(learned)


async def test_unknown_keys_are_looked_for_once_a_second_at_most(mongodb_uri: str, database: Database) -> None:
    process = Process(database)
    await process.keyring.load()
    finds = Finds()
    async with watched(mongodb_uri, database.name, finds):
        issuer = Process(database)
        issuer.tokens.set_keys([SigningKey(KID, "x" * 40)])
        forged = issuer.token()
        answers = await asyncio.gather(*(process.tokens.verify(forged) for _ in range(200)), return_exceptions=True)
        assert all(isinstance(answer, Unauthenticated) for answer in answers)
        assert finds.count == 0  # it has already read them within this second
        process.keyring._read_at -= keyrings.POLL_SECONDS
        await asyncio.gather(*(process.tokens.verify(forged) for _ in range(200)), return_exceptions=True)
        assert finds.count == 1


class Finds(monitoring.CommandListener):
    """A listener that counts the queries for keys."""

    def __init__(self) -> None:
        self.count = 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.count += event.command_name == "find" and event.command["find"] == "keys"

    def succeeded(self, event: object) -> None: ...

    def failed(self, event: object) -> None: ...


class watched:  # noqa: N801  # used as a function
    """Bind Beanie to a separate client with a command listener."""

    def __init__(self, uri: str, name: str, listener: Finds) -> None:
        self._uri, self._name, self._listener = uri, name, listener

    async def __aenter__(self) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(documents.connections.CLIENT_OPTIONS, "event_listeners", [self._listener])
            self._opened = await documents.connect(self._uri, self._name)
        self._listener.count = 0

    async def __aexit__(self, *_: object) -> None:
        await self._opened.close()


async def test_keys_of_another_encryption_key_are_named_and_change_nothing(database: Database) -> None:
    process, stranger = Process(database), Process(database, InstallationKeys("j" * 40, b"x" * 32))
    await process.keyring.load()
    await add(stranger, KeyKind.DATA)
    with pytest.raises(KeysUnreadable, match=rf"{KID}.*TOCSIN_ENCRYPTION_KEY.*--forget-lost"):
        await process.keyring.load()
    assert process.secrets.sealing_key_id == OPERATOR_KEY_ID
    assert process.tokens.verify_without_reload(process.token()).user_id == "alice"
    knowing = Process(database, InstallationKeys("j" * 40, b"k" * 32, (b"x" * 32,)))
    await knowing.keyring.load()
    assert knowing.secrets.sealing_key_id == KID


async def test_a_running_process_logs_unreadable_keys_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyrings, "POLL_SECONDS", 0.01)
    with capture_logs() as logged:
        async with serving(database) as process:
            await add(Process(database, InstallationKeys("j" * 40, b"x" * 32)), KeyKind.DATA, active=False)
            read = process.keyring._read_at

            async def read_on() -> bool:
                return process.keyring._read_at > read + 0.1

            await wait_until(read_on)
    assert [line["log_level"] for line in logged] == ["error"]
    assert (await only_key(database)).get("known_by") == []


@pytest.mark.parametrize("kind", KeyKind)
async def test_a_key_cannot_be_put_in_the_place_of_another(database: Database, kind: KeyKind) -> None:
    process = Process(database)
    await add(process, KeyKind.DATA)
    sealed = (await only_key(database))["sealed"]
    assert sealed is not None
    await database.keys.delete_many({})
    swapped = KID if kind is KeyKind.JWT else KID[::-1]
    await StoredKey(id=swapped, kind=kind, sealed=sealed, created_at=clock.now()).insert()
    with pytest.raises(KeysUnreadable):
        await process.keyring.load()
    with pytest.raises(SecretUnreadable):
        process.secrets.unseal_without_reload(sealed, KID)


async def test_a_changed_secret_without_effect_is_logged(database: Database) -> None:
    before, after = Process(database), Process(database, InstallationKeys("i" * 40, KEYS.encryption))
    with capture_logs() as logged:
        await after.keyring.start()
    assert logged == []
    await add(before, KeyKind.JWT)
    await StoredKey(id=OWN, kind=KeyKind.JWT, sealed=None, created_at=clock.EPOCH, retire_at=clock.now()).insert()
    with capture_logs() as logged:
        await before.keyring.start()
    assert logged == []
    with capture_logs() as logged:
        await after.keyring.start()
    assert [(line["log_level"], line["setting"]) for line in logged] == [("warning", "TOCSIN_JWT_SECRET")]
    assert before.tokens.verify_without_reload(after.token()).user_id == "alice"


MOMENTS = st.integers(0, 5).map(lambda hours: clock.EPOCH + timedelta(hours=hours))
STORED = st.builds(
    lambda number, kind, activated, retire: (f"{number:016x}", kind, activated, retire),
    st.integers(0, 99), st.sampled_from(KeyKind), st.none() | MOMENTS, st.none() | MOMENTS,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(STORED, max_size=8, unique_by=lambda key: key[0]))
def test_the_key_in_use_is_active_and_the_latest_of_its_kind(found: list[Any]) -> None:
    keys = [
        StoredKey.model_construct(id=kid, kind=kind, activated_at=activated, retire_at=retire)
        for kid, kind, activated, retire in found
    ]
    own = [
        StoredKey.model_construct(id=f"own {kind.value}", kind=kind, activated_at=clock.EPOCH - HOUR, retire_at=None)
        for kind in KeyKind
    ]
    for kind in KeyKind:
        used = active_key([*keys, *own], kind)
        assert used.kind is kind
        assert used.activated_at is not None
        assert used.retire_at is None
        rivals = [key for key in keys if key.kind is kind and key.activated_at is not None and key.retire_at is None]
        assert all(activation_order(used) >= activation_order(key) for key in rivals)
        assert active_key(list(reversed([*keys, *own])), kind) is used
