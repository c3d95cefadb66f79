"""The audit log: changes of accounts, with the actor, time and network address. Administrators can read it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.accounts.emails import email_key
from tocsin.documents import AuditAction, AuditEntry, AuditEntryDocument, Database, Filter, User
from tocsin.documents.updates import Pipeline
from tocsin.telemetry import escape_text

_MAX_LENGTH = 300
_MAX_DETAIL_LENGTH = 600
_DELETE_BATCH = 500
log = telemetry.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Actor:
    """The author of an action and where it came from. `id` is None for anonymous callers and the command line."""

    id: str | None = None
    name: str = ""
    address: str = ""
    user_agent: str = ""

    def as_user(self, user: User) -> "Actor":
        """Return this actor with the identity of the user."""
        return Actor(user.id, user.email, self.address, self.user_agent)


COMMAND_LINE = Actor(name="command line")


async def record(
    action: AuditAction, actor: Actor, user: User | None = None, *, email: str | None = None, detail: str | None = None
) -> None:
    """Add an entry about a user's account, or about an address without one.

    The action has already happened, so a database error is logged and not raised.
    """
    address = escape_text((email if user is None else user.email) or "", _MAX_LENGTH)
    detail = None if detail is None else escape_text(detail, _MAX_DETAIL_LENGTH)
    log.info("account", action=action.value, actor=actor.name, email=address, address=actor.address, detail=detail)
    entry = AuditEntry(
        at=clock.now(),
        action=action,
        actor=actor.id,
        actor_name=actor.name,
        user=None if user is None else user.id,
        email=address,
        detail=detail,
        address=actor.address,
        user_agent=escape_text(actor.user_agent, _MAX_LENGTH),
    )
    try:
        await entry.insert()
    except PyMongoError:
        log.exception("an audit log entry was lost", action=action.value, actor=actor.name, email=address)


async def find_entry(database: Database, entry_id: str) -> AuditEntryDocument | None:
    """Return the entry with this id, or None."""
    return await database.audit_entries.find_one({"_id": entry_id})


async def list_entries(
    database: Database, limit: int, now: datetime, *, email: str | None = None, action: AuditAction | None = None
) -> list[AuditEntryDocument]:
    """Return the latest entries, newest first, optionally filtered by the account's address and by action.

    Queries growing time windows: the embedded database would read all entries for a plain sort and limit.
    """
    base: Filter = {} if email is None else {"email": email_key(email)}
    residual: Filter = {} if action is None else {"action": action.value}
    window = timedelta(hours=1)
    while True:
        since = max(clock.EPOCH, now - window) if window < now - clock.EPOCH else clock.EPOCH
        bounds = {"at": {"$gte": since, "$lt": now + timedelta(days=1)}}
        stages: Pipeline = [{"$match": base | bounds}, {"$match": residual}, {"$sort": {"at": -1, "_id": -1}}]
        found = await (await database.audit_entries.aggregate([*stages, {"$limit": limit}])).to_list()
        if len(found) >= limit or since == clock.EPOCH:
            return found
        window *= 8


async def prune_entries(database: Database, before: datetime) -> int:
    """Delete entries older than `before` and return how many there were."""
    count = 0
    older = {"at": {"$lt": before}}
    while found := await database.audit_entries.find(older, {"_id": 1}).limit(_DELETE_BATCH).to_list():
        result = await database.audit_entries.delete_many({"_id": {"$in": [entry["_id"] for entry in found]}})
        count += result.deleted_count
    return count
