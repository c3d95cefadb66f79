"""Rotating the keys while everything serves.

New keys are published, then activated when every live process has read them, so that none meets a token or a secret
whose key it cannot know. What the old data key sealed is sealed anew. All steps may be done again: whatever a crash
leaves behind is readable, and the next rotation finishes it.
"""

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin import clock, telemetry
from tocsin.accounts.keyring import POLL_SECONDS, Keyring, KeysUnreadable, age_of, newest
from tocsin.clock import MILLISECOND
from tocsin.config import PREFIX
from tocsin.documents import Database, Doc, KeyKind, StoredKey
from tocsin.documents.updates import change_when, equals
from tocsin.documents.workers import is_alive
from tocsin.errors import TocsinError
from tocsin.security.tokens import LEEWAY
from tocsin.tasks.resealing import Tally, reseal

PATIENCE = 30.0
"""Seconds in which every live process must have read new keys."""
KEPT = timedelta(minutes=10)
"""How long an old data key is kept: an edit that was begun before may still write what it sealed."""
SWEEP_SECONDS = 60.0
_SETTLE_SECONDS = 2 * POLL_SECONDS
"""By then every live process seals with a key that was activated."""
_PAUSE_SECONDS = 0.5
_ABANDONED = timedelta(minutes=10)
_PASSES = 50
log = telemetry.logger(__name__)

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Rotated:
    """The keys that are in use now, and what was sealed anew. Tokens of the old key are good until `good_until`."""

    jwt: str
    data: str
    good_until: datetime
    tally: Tally


async def rotate(keyring: Keyring, lifetime: timedelta, tell: Tell, *, at_once: bool = False) -> Rotated:
    """Make new keys, use them, and seal all secrets anew.

    Access tokens, which are good for `lifetime`, stay so until they expire; with `at_once` none that was signed before
    is good any more. `tell` hears what is being done. Raises TocsinError when a live process does not read the new
    keys: then nothing has changed.
    """
    await keyring.load()
    await _clear_abandoned(keyring.database, clock.now())
    jwt, data = await _publish(keyring, KeyKind.JWT), await _publish(keyring, KeyKind.DATA)
    tell(f"New keys: {jwt.id} signs access tokens, {data.id} seals secrets.")
    try:
        others = await _until_known(keyring.database, [jwt.id, data.id])
    except BaseException:
        await _withdraw(keyring.database, [jwt.id, data.id])
        raise
    good_until = await _activate(keyring, [jwt, data], timedelta(0) if at_once else lifetime + 2 * LEEWAY)
    await keyring.wrap_anew()
    if others:
        await asyncio.sleep(_SETTLE_SECONDS)
    tally = await _reseal_all(keyring, tell)
    await _retire(keyring, KeyKind.DATA, clock.now() + KEPT)
    return Rotated(newest(keyring.keys, KeyKind.JWT).id, newest(keyring.keys, KeyKind.DATA).id, good_until, tally)


async def forget_lost(keyring: Keyring) -> list[str]:
    """Delete the keys that none of the operator's encryption keys opens, and with them all that they sealed.

    Raises TocsinError while any process is alive: it has the keys, so they are not lost.
    """
    try:
        await keyring.load()
    except KeysUnreadable as error:
        if alive := await _alive(keyring.database):
            names = ", ".join(sorted(alive))
            raise TocsinError(f"The keys are not lost: {names} has them. Stop it first, or use its settings.") from None
        await keyring.database.keys.delete_many({"_id": {"$in": error.kids}})
        return error.kids
    return []


async def sweep(keyring: Keyring) -> None:
    """Delete what is retired for good; before a data key is, all that is still sealed with it is sealed anew."""
    now = clock.now()
    over = [key for key in keyring.keys if key.retire_at is not None and key.retire_at <= now]
    # The operator's own signing key stays known as retired, or it would be good again.
    tokens = [key.id for key in over if key.kind is KeyKind.JWT and key.sealed is not None]
    if tokens:
        await keyring.database.keys.delete_many({"_id": {"$in": tokens}})
    data = [key.id for key in over if key.kind is KeyKind.DATA and await _take(keyring.database, key, now)]
    if data:
        tally = await _reseal_all(keyring, log.info)
        await keyring.database.keys.delete_many({"_id": {"$in": data}})
        log.info("old data keys deleted", keys=data, secrets_sealed_anew=tally.secrets)


async def _publish(keyring: Keyring, kind: KeyKind) -> StoredKey:
    secret = base64.b64encode(secrets.token_bytes(32)).decode()
    key = StoredKey(id=secrets.token_hex(8), kind=kind, sealed=None, created_at=clock.now())
    key.sealed = keyring.wrap(key, secret)
    await key.insert()
    return key


async def _until_known(database: Database, kids: list[str]) -> bool:
    """Wait until all live processes have read these keys. Returns whether there are any."""
    waiting: set[str] = set()
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                alive = await _alive(database)
                waiting = {worker async for worker in _without(database, kids, alive)}
                if not waiting:
                    return bool(alive)
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise TocsinError(
            f"{', '.join(sorted(waiting))} has not read the new keys within {PATIENCE:.0f} seconds, so nothing was"
            f" changed. Does it run with the same {PREFIX}ENCRYPTION_KEY? If it died, try again when its lease is over."
        ) from None


async def _alive(database: Database) -> set[str]:
    """The processes that have a lease."""
    now = clock.now()
    return {worker["_id"] async for worker in database.workers.find({}) if is_alive(worker, now)}


async def _without(database: Database, kids: list[str], processes: set[str]) -> AsyncIterator[str]:
    """Those of the processes that have not read one of the keys, again for each key."""
    async for key in database.keys.find({"_id": {"$in": kids}}, {"known_by": 1}):
        for process in processes.difference(key["known_by"]):
            yield process


async def _withdraw(database: Database, kids: list[str]) -> None:
    await database.keys.delete_many({"_id": {"$in": kids}})


async def _activate(keyring: Keyring, keys: list[StoredKey], good_for: timedelta) -> datetime:
    """Use these keys from now on, and let tokens of older ones be good for so long. Returns until when they are."""
    await keyring.load()
    for key in keys:
        before = newest(keyring.keys, key.kind).activated_at or clock.EPOCH
        moment = max(clock.now(), before + MILLISECOND)  # the newest, even if the clock was set back
        await keyring.database.keys.update_one({"_id": key.id}, {"$set": {"activated_at": moment}})
    good_until = clock.now() + good_for
    await _retire(keyring, KeyKind.JWT, good_until)
    return good_until


async def _retire(keyring: Keyring, kind: KeyKind, moment: datetime) -> None:
    """Retire at this moment whatever is older than the key in use, unless it retires before."""
    await keyring.load()
    in_use = newest(keyring.keys, kind)
    for key in keyring.keys:
        if key.kind is not kind or key.activated_at is None or age_of(key) >= age_of(in_use):
            continue
        if key.retire_at is not None and key.retire_at <= moment:
            continue
        change: Doc = {"$set": {"retire_at": moment}}
        if own := key.sealed is None:
            always = {"sealed": None, "created_at": key.created_at, "activated_at": key.activated_at}
            change["$setOnInsert"] = {"kind": kind.value, **always}
        await keyring.database.keys.update_one({"_id": key.id}, change, upsert=own)


async def _reseal_all(keyring: Keyring, tell: Tell) -> Tally:
    """Passes over all secrets, until one of them finds nothing to do."""
    total = Tally()
    for number in range(_PASSES):
        if number:
            await asyncio.sleep(_PAUSE_SECONDS)
        await keyring.load()
        tally = await reseal(keyring.database, keyring.secrets)
        if not tally.secrets:
            total.unreadable = tally.unreadable
            return total
        total.secrets += tally.secrets
        total.documents += tally.documents
        tell(f"Secrets sealed anew: {total.secrets} in {total.documents} tasks and runs.")
    raise TocsinError("A process seals secrets with an old key again and again. Stop it if it is of an older version.")


async def _take(database: Database, key: StoredKey, now: datetime) -> bool:
    """Be the one process that deletes this key; after a crash another one tries later."""
    step = change_when(equals("retire_at", key.retire_at), {"retire_at": now + KEPT})
    return (await database.keys.update_one({"_id": key.id}, [step])).modified_count == 1


async def _clear_abandoned(database: Database, now: datetime) -> None:
    """Delete keys that a killed rotation published and never activated."""
    async for key in database.keys.find({"activated_at": None}):
        if key["created_at"] < now - _ABANDONED:
            await database.keys.delete_one({"_id": key["_id"]})
