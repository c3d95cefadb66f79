"""Idempotency keys: a mutation that is sent again with its key answers the same and does nothing more.

A key is unique by (owner, mutation, key) for 24 hours. It is written before the thing it creates and holds that thing's
id, so a crash between the two is mended by the caller's next try: the thing is then made under the same id.
"""

from dataclasses import dataclass
from datetime import datetime

from pymongo.errors import DuplicateKeyError

from tocsin.documents import Database, IdempotencyDocument
from tocsin.errors import Conflict, IdempotencyKeyReused, InvalidInput

MAX_LENGTH = 200


@dataclass(frozen=True, slots=True)
class IdempotentCall:
    """What a caller sent: `fingerprint` is a digest of the whole input."""

    owner: str
    mutation: str
    key: str
    fingerprint: str

    @property
    def id(self) -> str:
        """The key's place in the database."""
        return f"{self.owner}/{self.mutation}/{self.key}"


async def find_record(database: Database, key: IdempotentCall) -> IdempotencyDocument | None:
    """The record of this key; None if it is new, or not usable as a key. Raises IdempotencyKeyReused."""
    if not 1 <= len(key.key) <= MAX_LENGTH:
        return None
    record = await database.idempotency_keys.find_one({"_id": key.id})
    if record is not None and record["fingerprint"] != key.fingerprint:
        raise IdempotencyKeyReused
    return record


async def claim_key(
    database: Database, key: IdempotentCall | None, thing: str, now: datetime, round_: int | None = None
) -> IdempotencyDocument:
    """The record of this key: a new one that names `thing`, or the earlier one, which names what was made then.

    Raises IdempotencyKeyReused when the key came with another input, InvalidInput when it is not usable as a key.
    """
    if key is None:
        return {"_id": None, "thing": thing, "round": round_, "done": False, "created_at": now}
    if not 1 <= len(key.key) <= MAX_LENGTH:
        raise InvalidInput(f"idempotencyKey must have 1 to {MAX_LENGTH} characters.", "idempotencyKey")
    record: IdempotencyDocument = {
        "_id": key.id, "fingerprint": key.fingerprint, "thing": thing, "round": round_, "done": False, "created_at": now
    }  # fmt: skip
    try:
        await database.idempotency_keys.insert_one(record)
    except DuplicateKeyError:
        record = await database.idempotency_keys.find_one({"_id": key.id}) or record
    if record["fingerprint"] != key.fingerprint:
        raise IdempotencyKeyReused
    return record


async def mark_done(database: Database, record: IdempotencyDocument) -> None:
    """Note that the thing was made, so that it is not made again when it is deleted meanwhile."""
    if record["_id"] is not None and not record["done"]:
        await database.idempotency_keys.update_one({"_id": record["_id"]}, {"$set": {"done": True}})


def deleted_result(what: str) -> Conflict:
    """The answer to a key whose thing was made and has been deleted since."""
    return Conflict(f"The {what} that this idempotencyKey made was deleted meanwhile. Use a new key.", "idempotencyKey")
