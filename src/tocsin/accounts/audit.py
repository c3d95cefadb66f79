"""The audit log: who did what to which account, when and from where. Administrators read it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.accounts.emails import spell_email
from tocsin.documents import AuditAction, AuditEntry, Database, Doc, User
from tocsin.notifications import account_mails
from tocsin.telemetry import escape_text

_LONGEST = 300
_LONGEST_DETAIL = 600
_FORGET_BATCH = 500
log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, and from where. `id` is null for strangers and for the command line."""

    id: str | None = None
    name: str = ""
    address: str = ""
    user_agent: str = ""

    def known_as(self, user: User) -> "Actor":
        """The same caller, now that it is known who he is."""
        return Actor(user.id, user.email, self.address, self.user_agent)


COMMAND_LINE = Actor(name=account_mails.COMMAND_LINE)


async def record(
    action: AuditAction, actor: Actor, user: User | None = None, *, email: str | None = None, detail: str | None = None
) -> None:
    """Add an entry about this user's account, or about the address of someone who has none.

    What is told of has been done by then, so a database that is away now is logged and fails nothing.
    """
    address = escape_text((email if user is None else user.email) or "", _LONGEST)
    detail = None if detail is None else escape_text(detail, _LONGEST_DETAIL)
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
        user_agent=escape_text(actor.user_agent, _LONGEST),
    )
    try:
        await entry.insert()
    except PyMongoError:
        log.exception("an entry of the audit log was lost", action=action.value, actor=actor.name, email=address)


async def newest(
    database: Database, limit: int, now: datetime, *, email: str | None = None, action: AuditAction | None = None
) -> list[Doc]:
    """The latest entries, newest first: of the account of this address, of this action.

    Looks back in growing windows: the embedded database would read all of them for a bare sort and limit.
    """
    base: Doc = {} if email is None else {"email": spell_email(email)}
    residual: Doc = {} if action is None else {"action": action.value}
    window = timedelta(hours=1)
    while True:
        since = max(clock.EPOCH, now - window) if window < now - clock.EPOCH else clock.EPOCH
        bounds = {"at": {"$gte": since, "$lt": now + timedelta(days=1)}}
        stages: list[Doc] = [{"$match": base | bounds}, {"$match": residual}, {"$sort": {"at": -1, "_id": -1}}]
        found = await (await database.audit_entries.aggregate([*stages, {"$limit": limit}])).to_list()
        if len(found) >= limit or since == clock.EPOCH:
            return found
        window *= 8


async def forget(database: Database, before: datetime) -> int:
    """Delete the entries made before that time; how many."""
    count = 0
    older = {"at": {"$lt": before}}
    while found := await database.audit_entries.find(older, {"_id": 1}).limit(_FORGET_BATCH).to_list():
        result = await database.audit_entries.delete_many({"_id": {"$in": [entry["_id"] for entry in found]}})
        count += result.deleted_count
    return count
