"""The keyring: a process's view of the installation's keys.

The keys are stored in the database, sealed with the operator's encryption key. A process reads them at start and then
every two seconds, so that a rotation needs no restart. Before the first rotation there are none, and the operator's own
keys are used as keys that were always active.
"""

import asyncio
import base64
import time

from tocsin import clock, telemetry
from tocsin.config import PREFIX
from tocsin.documents import Database, KeyKind, StoredKey
from tocsin.errors import StartupError
from tocsin.security.access_tokens import AccessTokens, SigningKey, derive_key_id
from tocsin.security.key_files import InstallationKeys
from tocsin.security.secret_box import OPERATOR_KEY_ID, SecretBox, SecretUnreadable

POLL_SECONDS = 2.0
_WITHOUT_EFFECT = (
    "changing this setting has no effect: since `tocsin keys rotate` the keys in the database sign access tokens;"
    " `tocsin keys rotate --at-once` makes every access token invalid"
)
log = telemetry.get_logger(__name__)


class KeysUnreadable(StartupError):
    """Keys in the database are sealed with an encryption key that this process does not have."""

    def __init__(self, kids: list[str]) -> None:
        super().__init__(
            f"The keys {', '.join(kids)} in the database are sealed with another {PREFIX}ENCRYPTION_KEY. Append that"
            " key, after a comma; or, if it is lost, run `tocsin keys rotate --forget-lost`, which gives up everything"
            " that they sealed."
        )
        self.key_ids = kids


class Keyring:
    """The keys of the database, which it passes on to `tokens` and `secrets`. Call `load` every two seconds.

    `process` is the id under which this process acknowledges new keys; None for a command.
    """

    def __init__(
        self,
        database: Database,
        keys: InstallationKeys,
        tokens: AccessTokens,
        secrets: SecretBox,
        process: str | None = None,
    ) -> None:
        self.database = database
        self.secrets = secrets
        self.keys: list[StoredKey] = []
        self._operator_keys = keys
        self._tokens = tokens
        self._process = process
        self._wrapping_box = SecretBox(keys.encryption, keys.former)
        self._lock = asyncio.Lock()
        self._read_at = -POLL_SECONDS
        tokens.reload_keys = secrets.reload_keys = self.reload

    async def start(self) -> None:
        """Read the keys for the first time, and warn of a signing secret without effect. Raises KeysUnreadable."""
        await self.load()
        own, in_use = derive_key_id(self._operator_keys.jwt_secret), active_key(self.keys, KeyKind.JWT)
        if in_use.id != own and await self.database.keys.find_one({"_id": own}) is None:
            log.warning(_WITHOUT_EFFECT, setting=f"{PREFIX}JWT_SECRET")

    async def load(self) -> None:
        """Read the keys and start using them. Raises KeysUnreadable; the previous keys then stay in use."""
        async with self._lock:
            await self._load()

    async def reload(self) -> None:
        """Read the keys as `load` does, but at most every two seconds: invented key ids must not load the database."""
        async with self._lock:
            if time.monotonic() - self._read_at >= POLL_SECONDS:
                await self._load()

    async def _load(self) -> None:
        self._read_at = time.monotonic()
        keys = await self._all_keys()
        self._use(keys, self._unwrap(keys))
        for key in keys:
            if self._process is not None and key.activated_at is None and self._process not in key.known_by:
                acknowledged = {"$addToSet": {"known_by": self._process}}
                await self.database.keys.update_one({"_id": key.id}, acknowledged)

    async def _all_keys(self) -> list[StoredKey]:
        """Return the keys of the database and the operator's own, which the database may list as retired."""
        stored = await StoredKey.find_all().to_list()
        known = {key.id for key in stored}
        own = {derive_key_id(self._operator_keys.jwt_secret): KeyKind.JWT, OPERATOR_KEY_ID: KeyKind.DATA}
        return [*stored, *(_always_active(kid, kind) for kid, kind in own.items() if kid not in known)]

    def _unwrap(self, keys: list[StoredKey]) -> dict[str, str]:
        opened, unreadable = {}, []
        for key in keys:
            try:
                if key.sealed is not None:
                    opened[key.id] = self._wrapping_box.unseal_without_reload(key.sealed, _sealing_context(key))
            except SecretUnreadable:
                unreadable.append(key.id)
        if unreadable:
            raise KeysUnreadable(unreadable)
        return opened

    def _use(self, keys: list[StoredKey], material: dict[str, str]) -> None:
        self.keys = keys
        material = {derive_key_id(self._operator_keys.jwt_secret): self._operator_keys.jwt_secret, **material}
        in_use = active_key(keys, KeyKind.JWT)
        signing = sorted(
            (key for key in _of_kind(keys, KeyKind.JWT) if key.id in material), key=lambda key: key is not in_use
        )
        self._tokens.set_keys([SigningKey(key.id, material[key.id], key.retire_at) for key in signing])
        data = {
            key.id: base64.b64decode(material[key.id]) for key in _of_kind(keys, KeyKind.DATA) if key.sealed is not None
        }
        self.secrets.set_keys(data, active_key(keys, KeyKind.DATA).id)

    def wrap(self, key: StoredKey, secret: str) -> str:
        """Return the secret of a key, sealed with the first of the operator's encryption keys."""
        return self._wrapping_box.seal(secret, _sealing_context(key))

    async def rewrap_all(self) -> None:
        """Rewrap all keys, so that only the first of the operator's encryption keys is needed to open them."""
        for key in await StoredKey.find_all().to_list():
            if key.sealed is not None:
                sealed = self.wrap(key, self._wrapping_box.unseal_without_reload(key.sealed, _sealing_context(key)))
                await self.database.keys.update_one({"_id": key.id}, {"$set": {"sealed": sealed}})


def active_key(keys: list[StoredKey], kind: KeyKind) -> StoredKey:
    """Return the key that signs or seals: of the active keys that are not retired, the one activated last.

    Falls back to a retired key where the operator gave up all others (see `rotate_keys`).
    """
    usable = [key for key in _of_kind(keys, kind) if key.activated_at is not None and key.retire_at is None]
    return max(usable or _of_kind(keys, kind), key=activation_order)


def activation_order(key: StoredKey) -> tuple[float, str]:
    """Return the sort key of active keys: the time of activation, then the id."""
    return (key.activated_at or clock.EPOCH).timestamp(), key.id


def _of_kind(keys: list[StoredKey], kind: KeyKind) -> list[StoredKey]:
    return [key for key in keys if key.kind is kind]


def _always_active(kid: str, kind: KeyKind) -> StoredKey:
    return StoredKey(id=kid, kind=kind, sealed=None, created_at=clock.EPOCH, activated_at=clock.EPOCH)


def _sealing_context(key: StoredKey) -> str:
    """Return the context that a sealed key is bound to, so that it cannot replace another key."""
    return f"keyring/{key.kind.value}/{key.id}"
