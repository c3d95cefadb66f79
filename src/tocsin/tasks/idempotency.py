"""Idempotency keys: a mutation that is repeated with its key returns the same result and does nothing else.

A key is unique by (owner, mutation, key) for 24 hours. Its record is written before the resource and contains that
resource's ID. After a crash between the two, the caller's next try creates the resource under the same ID.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from pymongo.errors import DuplicateKeyError

from tocsin.documents import Database, IdempotencyDocument
from tocsin.errors import Conflict, IdempotencyKeyReused, InvalidInput

MAX_LENGTH = 200


@dataclass(frozen=True, slots=True)
class IdempotentCall:
    """A call of a mutation with an idempotency key. `fingerprint` is a digest of the whole input.

    `part` is the ID of the task that a part of the call concerns, which has a record of its own.
    """

    owner: str
    mutation: str
    key: str
    fingerprint: str
    part: str = ""

    @property
    def id(self) -> str:
        """The ID of the key's record."""
        name = f"{self.owner}/{self.mutation}/{self.key}"
        return f"{name} {self.part}" if self.part else name

    @property
    def is_valid(self) -> bool:
        """True if the key's length is allowed."""
        return 1 <= len(self.key) <= MAX_LENGTH

    def derive(self, task_id: str) -> "IdempotentCall":
        """Return the key of the part of the call that concerns this task."""
        return replace(self, part=task_id)


async def create_once(
    database: Database, key: IdempotentCall | None, thing: str, now: datetime, create: Callable[[str], Awaitable[None]]
) -> str:
    """Call `create` with the ID of the resource: `thing`, or that of an earlier call with this key. Return the ID.

    An earlier call that was completed is not repeated. `create` may find that an interrupted one has done its work.
    Raises what `claim_key` raises.
    """
    record = await claim_key(database, key, thing, now)
    if not record["done"]:
        await create(record["thing"])
        await mark_done(database, record)
    return record["thing"]


async def find_record(database: Database, key: IdempotentCall) -> IdempotencyDocument | None:
    """Return the record of this key; None if the key is new or invalid. Raises IdempotencyKeyReused."""
    record = await database.idempotency_keys.find_one({"_id": key.id}) if key.is_valid else None
    if record is not None and record["fingerprint"] != key.fingerprint:
        raise IdempotencyKeyReused
    return record


async def claim_key(
    database: Database, key: IdempotentCall | None, thing: str, now: datetime, round_: int | None = None
) -> IdempotencyDocument:
    """Return the record of this key: a new one with the ID `thing`, or that of the earlier call with its ID.

    Raises IdempotencyKeyReused if the key was used with another input, and InvalidInput if it is not valid.
    """
    if key is None:
        return {"_id": None, "thing": thing, "round": round_, "done": False, "created_at": now}
    if not key.is_valid:
        raise invalid_key()
    record: IdempotencyDocument = {
        "_id": key.id, "fingerprint": key.fingerprint, "thing": thing, "round": round_, "done": False, "created_at": now
    }  # fmt: skip
    try:
        await database.idempotency_keys.insert_one(record)
    except DuplicateKeyError:
        return await find_record(database, key) or record
    return record


async def mark_done(database: Database, record: IdempotencyDocument) -> None:
    """Record that the resource was created, so that it is not created again after it was deleted."""
    if record["_id"] is not None and not record["done"]:
        await database.idempotency_keys.update_one({"_id": record["_id"]}, {"$set": {"done": True}})


def invalid_key() -> InvalidInput:
    """Return the error for a key that is too long or empty."""
    return InvalidInput(f"idempotencyKey must have 1 to {MAX_LENGTH} characters.", "idempotencyKey")


def deleted_result(what: str) -> Conflict:
    """Return the error for a key whose resource has been deleted."""
    return Conflict(
        f"The {what} that was created with this idempotencyKey has been deleted. Use a new key.", "idempotencyKey"
    )
