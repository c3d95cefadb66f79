"""Key rotation without downtime.

New keys are published, then activated once every live process has read them, so that no process meets a token or a
secret whose key it does not know. Secrets that the old data key sealed are then re-encrypted. All steps are
idempotent: a crash leaves everything readable, and the next rotation completes the work.
"""

import asyncio
import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin import clock, telemetry
from tocsin.clock import MILLISECOND
from tocsin.config import PREFIX
from tocsin.documents import Database, KeyKind, StoredKey
from tocsin.documents.updates import Expression, change_when, has_value
from tocsin.documents.workers import find_living_workers
from tocsin.errors import TocsinError
from tocsin.keys.keyring import POLL_SECONDS, Keyring, KeysUnreadable, activation_order, active_key
from tocsin.keys.reencryption import ReencryptionCounts, reencrypt_secrets
from tocsin.security.access_tokens import LEEWAY

ACKNOWLEDGE_SECONDS = 30.0
"""Seconds within which every live process must have read new keys."""
DATA_KEY_RETENTION = timedelta(minutes=10)
"""The time for which an old data key is kept: an edit in progress may still write what it sealed."""
SWEEP_SECONDS = 60.0
_ACTIVATION_SECONDS = 2 * POLL_SECONDS
"""Seconds after an activation by which every live process seals with the new key."""
_PAUSE_SECONDS = 0.5
_ABANDONED_AFTER = timedelta(minutes=10)
_MAX_PASSES = 50
log = telemetry.get_logger(__name__)

ReportProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RotationResult:
    """The ids of the keys in use after a rotation, and counts of re-encrypted secrets.

    Tokens that the old key signed are valid until `old_tokens_expire_at`.
    """

    signing_key_id: str
    data_key_id: str
    old_tokens_expire_at: datetime
    counts: ReencryptionCounts


async def rotate_keys(
    keyring: Keyring, lifetime: timedelta, report: ReportProgress, *, at_once: bool = False
) -> RotationResult:
    """Create and activate new keys, and re-encrypt all secrets.

    Access tokens, which live for `lifetime`, stay valid until they expire, or become invalid immediately with
    `at_once`. `report` is called with progress messages. Raises TocsinError, with nothing changed, when a live process
    does not read the new keys in time.
    """
    await keyring.load()
    abandoned = {"activated_at": None, "created_at": {"$lt": clock.now() - _ABANDONED_AFTER}}
    await keyring.database.keys.delete_many(abandoned)  # published by a rotation that was interrupted
    jwt, data = await _publish(keyring, KeyKind.JWT), await _publish(keyring, KeyKind.DATA)
    report(f"New keys: {jwt.id} signs access tokens, {data.id} seals secrets.")
    try:
        others = await _wait_for_acknowledgement(keyring.database, [jwt.id, data.id])
    except BaseException:
        await _withdraw(keyring.database, [jwt.id, data.id])
        raise
    old_tokens_expire_at = await _activate(keyring, [jwt, data], timedelta(0) if at_once else lifetime + 2 * LEEWAY)
    await keyring.rewrap_all()
    if others:
        await asyncio.sleep(_ACTIVATION_SECONDS)
    counts = await _reencrypt_all(keyring, report)
    await _retire(keyring, KeyKind.DATA, clock.now() + DATA_KEY_RETENTION)
    return RotationResult(
        active_key(keyring.keys, KeyKind.JWT).id,
        active_key(keyring.keys, KeyKind.DATA).id,
        old_tokens_expire_at,
        counts,
    )


async def delete_lost_keys(keyring: Keyring) -> list[str]:
    """Delete the keys that none of the operator's encryption keys opens, and return their ids.

    Whatever they sealed becomes unreadable. Raises TocsinError while any process is alive, as it has these keys.
    """
    try:
        await keyring.load()
    except KeysUnreadable as error:
        if alive := await _live_processes(keyring.database):
            names = ", ".join(sorted(alive))
            raise TocsinError(
                f"The keys are not lost: {names} has them. Stop that process first, or use its settings."
            ) from None
        await keyring.database.keys.delete_many({"_id": {"$in": error.key_ids}})
        return error.key_ids
    return []


async def delete_retired_keys(keyring: Keyring) -> None:
    """Delete keys whose retirement time has passed. Secrets that a data key still seals are re-encrypted first."""
    now = clock.now()
    over = [key for key in keyring.keys if key.retire_at is not None and key.retire_at <= now]
    # The operator's own signing key stays stored as retired: without that record it would be valid again.
    tokens = [key.id for key in over if key.kind is KeyKind.JWT and key.sealed is not None]
    if tokens:
        await keyring.database.keys.delete_many({"_id": {"$in": tokens}})
    data = [key.id for key in over if key.kind is KeyKind.DATA and await _claim_deletion(keyring.database, key, now)]
    if data:
        counts = await _reencrypt_all(keyring, log.info)
        await keyring.database.keys.delete_many({"_id": {"$in": data}})
        log.info("retired data keys deleted", keys=data, secrets_sealed_anew=counts.secrets)


async def _publish(keyring: Keyring, kind: KeyKind) -> StoredKey:
    secret = base64.b64encode(secrets.token_bytes(32)).decode()
    key = StoredKey(id=secrets.token_hex(8), kind=kind, sealed=None, created_at=clock.now())
    key.sealed = keyring.wrap(key, secret)
    await key.insert()
    return key


async def _wait_for_acknowledgement(database: Database, kids: list[str]) -> bool:
    """Wait until all live processes have read these keys. Returns whether there are any processes."""
    waiting: set[str] = set()
    try:
        async with asyncio.timeout(ACKNOWLEDGE_SECONDS):
            while True:
                alive = await _live_processes(database)
                published = database.keys.find({"_id": {"$in": kids}}, {"known_by": 1})
                waiting = {process async for key in published for process in alive.difference(key["known_by"])}
                if not waiting:
                    return bool(alive)
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise TocsinError(
            f"{', '.join(sorted(waiting))} has not read the new keys within {ACKNOWLEDGE_SECONDS:.0f} seconds, so "
            f"nothing was changed. Does it run with the same {PREFIX}ENCRYPTION_KEY? If it died, try again when its "
            "lease expires."
        ) from None


async def _live_processes(database: Database) -> set[str]:
    """Return the ids of the processes that have a lease."""
    return {worker["_id"] for worker in await find_living_workers(database.db, clock.now())}


async def _withdraw(database: Database, kids: list[str]) -> None:
    """Delete published keys. A process that is killed does not come so far."""
    await database.keys.delete_many({"_id": {"$in": kids}})


async def _activate(keyring: Keyring, keys: list[StoredKey], grace: timedelta) -> datetime:
    """Activate these keys, and retire older signing keys after `grace`. Returns the time of retirement."""
    await keyring.load()
    for key in keys:
        before = active_key(keyring.keys, key.kind).activated_at or clock.EPOCH
        moment = max(clock.now(), before + MILLISECOND)  # the latest, even if the clock was set back
        await keyring.database.keys.update_one({"_id": key.id}, {"$set": {"activated_at": moment}})
    old_tokens_expire_at = clock.now() + grace
    await _retire(keyring, KeyKind.JWT, old_tokens_expire_at)
    return old_tokens_expire_at


async def _retire(keyring: Keyring, kind: KeyKind, moment: datetime) -> None:
    """Schedule the retirement of all keys older than the active one, unless they retire earlier."""
    await keyring.load()
    in_use = active_key(keyring.keys, kind)
    for key in keyring.keys:
        if key.kind is not kind or key.activated_at is None or activation_order(key) >= activation_order(in_use):
            continue
        if key.retire_at is not None and key.retire_at <= moment:
            continue
        change: Expression = {"$set": {"retire_at": moment}}
        if own := key.sealed is None:
            always = {"sealed": None, "created_at": key.created_at, "activated_at": key.activated_at}
            change["$setOnInsert"] = {"kind": kind.value, **always}
        await keyring.database.keys.update_one({"_id": key.id}, change, upsert=own)


async def _reencrypt_all(keyring: Keyring, report: ReportProgress) -> ReencryptionCounts:
    """Re-encrypt all secrets, in passes, until a pass finds nothing to do."""
    total = ReencryptionCounts()
    for number in range(_MAX_PASSES):
        if number:
            await asyncio.sleep(_PAUSE_SECONDS)
        await keyring.load()
        counts = await reencrypt_secrets(keyring.database, keyring.secrets)
        if not counts.secrets:
            total.unreadable = counts.unreadable
            return total
        total.secrets += counts.secrets
        total.documents += counts.documents
        report(f"Secrets re-encrypted: {total.secrets} in {total.documents} tasks and runs.")
    raise TocsinError("A process keeps sealing secrets with an old key. Stop it if it runs an older version.")


async def _claim_deletion(database: Database, key: StoredKey, now: datetime) -> bool:
    """Claim the deletion of this key. If this process crashes, another one can claim it later."""
    step = change_when(has_value("retire_at", key.retire_at), {"retire_at": now + DATA_KEY_RETENTION})
    return (await database.keys.update_one({"_id": key.id}, [step])).modified_count == 1
