"""Exact limits on the mails to one mailbox, shared by all senders and by all processes over one database.

A counter is one document with the times of the last mails, at most as many as its limit, and a reservation is one
conditional update by its id. So no span of the period ever has more mails than the limit. The key of a counter is
stored as a digest: addresses that were merely typed are not kept.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from hashlib import blake2b

from pymongo.errors import DuplicateKeyError

from tocsin import clock
from tocsin.config import Settings
from tocsin.documents import Database
from tocsin.documents.updates import Expression, Pipeline
from tocsin.errors import TocsinError

LINK_MAILS_PER_HOUR = 3
"""Mails with a link of one kind (such as to confirm an address) to one mailbox in an hour."""
_DAY = timedelta(days=1)
_SKEW = timedelta(seconds=15)
"""Times further ahead were written before a clock was set back, and are ignored."""
_HELD_BACK = "held back"


@dataclass(frozen=True, slots=True)
class MailLimit:
    """At most `max_mails` mails in any span of `period`. The `name` distinguishes the counters of several limits."""

    name: str
    max_mails: int
    period: timedelta


class MailLimitReached(TocsinError):
    """A limit without room before `until`."""

    def __init__(self, limit: MailLimit, until: datetime) -> None:
        super().__init__(
            f"{limit.max_mails} mails are allowed in {_period_text(limit.period)}, and all of them were sent."
        )
        self.limit = limit
        self.until = until

    def seconds_left(self, now: datetime) -> float:
        """Return the seconds until there is room."""
        return max((self.until - now).total_seconds(), 0.001)


@dataclass(frozen=True, slots=True)
class MailReservation:
    """A reservation in some limits, for one mail."""

    limits: tuple[MailLimit, ...]
    key: str
    reserved_at: datetime


class MailLimiter:
    """Reservations in limits. A `key` is what a limit applies to: a normalized mailbox, or a network address."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reserve(self, key: str, *limits: MailLimit, now: datetime | None = None) -> MailReservation:
        """Reserve a mail in all of these limits or in none. Raises MailLimitReached for the first that is full."""
        at = clock.truncate_to_milliseconds(now or clock.now())
        for number, limit in enumerate(limits):
            if not await self._reserve(limit, key, at):
                await self.release(MailReservation(limits[:number], key, at))
                raise MailLimitReached(limit, await self._until(limit, key, at))
        return MailReservation(limits, key, at)

    async def find_end(self, key: str, limit: MailLimit, now: datetime) -> datetime | None:
        """Return when a full limit has room again; None if it has."""
        found = await self._database.mail_counts.find_one({"_id": _count_id(limit.name, key)})
        recent = [at for at in (found["times"] if found else ()) if now - limit.period < at <= now + _SKEW]
        return None if len(recent) < limit.max_mails else sorted(recent)[-limit.max_mails] + limit.period

    async def release(self, reservation: MailReservation) -> None:
        """Release the reservation of a mail that was not sent."""
        for limit in reservation.limits:
            await self._database.mail_counts.update_one(
                {"_id": _count_id(limit.name, reservation.key)},
                [{"$set": {"times": _without_one(reservation.reserved_at)}}],
            )

    async def record_withheld(self, key: str, now: datetime | None = None) -> None:
        """Count a mail to this mailbox that was not sent, to be mentioned in a later one."""
        forget_at = (now or clock.now()) + timedelta(days=90)
        changes = {"$inc": {"held_back": 1}, "$set": {"times": [], "forget_at": forget_at}}
        await self._database.mail_counts.update_one({"_id": _count_id(_HELD_BACK, key)}, changes, upsert=True)

    async def count_withheld(self, key: str) -> int:
        """Return the number of mails to this mailbox that were neither sent nor mentioned since."""
        found = await self._database.mail_counts.find_one({"_id": _count_id(_HELD_BACK, key)})
        return 0 if found is None else int(found["held_back"])

    async def mark_reported(self, key: str, count: int) -> None:
        """Subtract `count` unsent mails that a mail to this mailbox has mentioned."""
        if count:
            which = {"_id": _count_id(_HELD_BACK, key)}
            await self._database.mail_counts.update_one(which, {"$inc": {"held_back": -count}})

    async def _reserve(self, limit: MailLimit, key: str, at: datetime) -> bool:
        which, update = {"_id": _count_id(limit.name, key)}, _reservation_update(limit, at)
        try:
            result = await self._database.mail_counts.update_one(which, update, upsert=True)
        except DuplicateKeyError:  # another process inserted it at the same moment
            result = await self._database.mail_counts.update_one(which, update)
        return result.modified_count > 0 or result.did_upsert

    async def _until(self, limit: MailLimit, key: str, at: datetime) -> datetime:
        found = await self._database.mail_counts.find_one({"_id": _count_id(limit.name, key)})
        times: list[datetime] = sorted(found["times"])[-limit.max_mails :] if found else []
        return (times[0] if times else at) + limit.period


def _without_one(at: datetime) -> Expression:
    """Return the times of a counter without one of this value: other mails may have been sent at the same moment."""
    index: Expression = {"$indexOfArray": ["$times", {"$literal": at}]}
    others: Expression = {
        "$filter": {"input": {"$range": [0, {"$size": "$times"}]}, "cond": {"$ne": ["$$this", "$$index"]}}
    }
    times: Expression = {"$map": {"input": others, "in": {"$arrayElemAt": ["$times", "$$this"]}}}
    return {"$let": {"vars": {"index": index}, "in": times}}


class MailClass(Enum):
    """The class of a mail, which selects the limits of its recipient."""

    ACCOUNT = "ACCOUNT"
    """A requested link, or a message about the account. Has a separate limit."""
    UNCONFIRMED = "UNCONFIRMED"
    """A link for an unconfirmed address: a quarter as many as account mails, counted separately. Strangers can sign up
    with many spellings of one mailbox, and must not use up the limit of its confirmed account.
    """
    NOTICE = "NOTICE"
    """A notification about the recipient's own tasks and workflows."""
    WORK = "WORK"
    """A mail of a job or a request of a workflow. Leaves a quarter of the day's mails to notices."""


@dataclass(frozen=True, slots=True)
class RecipientLimits:
    """The mails to one mailbox in 24 hours: `max_account_mails` mails about the account, and `max_mails` others.

    Of each kind of news about the security of the account, there can be a quarter as many as `max_account_mails`.
    """

    max_mails: int = 100
    max_account_mails: int = 80

    @classmethod
    def from_settings(cls, settings: Settings) -> "RecipientLimits":
        """Read the limits from the settings."""
        return cls(settings.mails_per_recipient, settings.account_mails_per_recipient)

    def limits_for(self, kind: MailClass) -> tuple[MailLimit, ...]:
        """Return the limits that apply to a mail of this class."""
        if kind is MailClass.ACCOUNT:
            return (MailLimit("recipient/account", self.max_account_mails, _DAY),)
        if kind is MailClass.UNCONFIRMED:
            return (MailLimit("recipient/unconfirmed", math.ceil(self.max_account_mails / 4), _DAY),)
        every = MailLimit("recipient", self.max_mails, _DAY)
        if kind is MailClass.NOTICE:
            return (every,)
        return MailLimit("recipient/work", math.ceil(self.max_mails * 3 / 4), _DAY), every

    def limits_for_security(self, event: str) -> tuple[MailLimit, ...]:
        """Return the limits of mails that tell of this kind of event about the security of an account.

        Each kind has its own: whoever got into an account must not use up the mails that tell its owner of the next.
        """
        return (MailLimit(f"recipient/account/{event}", math.ceil(self.max_account_mails / 4), _DAY),)


def normalize_mailbox(address: str) -> str:
    """Normalize an address to its likely mailbox: `a.b+c@x` and `ab@x` are mostly the same, and count as one."""
    local, _, domain = address.strip().casefold().rpartition("@")
    return f"{local.partition('+')[0].replace('.', '') or local}@{domain}"


def _period_text(period: timedelta) -> str:
    return f"{period.total_seconds() / 3600:g} hours" if period != timedelta(hours=1) else "an hour"


def _count_id(name: str, key: str) -> str:
    return f"{name}:{blake2b(key.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"


def _reservation_update(limit: MailLimit, at: datetime) -> Pipeline:
    """Return the update that adds a time if fewer than the limit lie within its period, and else changes nothing."""
    within: Expression = {
        "$and": [
            {"$gt": ["$$this", {"$literal": at - limit.period}]},
            {"$lte": ["$$this", {"$literal": at + _SKEW}]},
        ]
    }
    recent: Expression = {"$filter": {"input": {"$ifNull": ["$times", []]}, "cond": within}}
    fits: Expression = {"$lt": [{"$size": recent}, limit.max_mails]}
    after: Expression = {"$concatArrays": [recent, [{"$literal": at}]]}
    kept_until: Expression = {"$literal": at + limit.period + _SKEW}
    return [
        {
            "$set": {
                "times": {"$cond": [fits, after, "$times"]},
                "forget_at": {"$cond": [fits, kept_until, "$forget_at"]},
            }
        }
    ]
