"""How many mails one mailbox gets, whoever sends them: exact, and the same for all processes over one database.

A count is one document with the times of the last mails, as many as its limit allows, and taking a place is one
conditional update by its id. So no span of the period ever has more mails than the limit. What a count is of is kept as
a digest: addresses that were only typed are not stored.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from hashlib import blake2b

from pymongo.errors import DuplicateKeyError

from tocsin import clock
from tocsin.config import Settings
from tocsin.documents import Database, Doc
from tocsin.errors import TocsinError

HOURLY_LINKS = 3
"""Mails with a link of one kind (to confirm an address, say) that a mailbox gets in an hour."""
_DAY = timedelta(days=1)
_SKEW = timedelta(seconds=15)
"""A time further ahead was written before a clock was set back, and counts no more."""
_HELD_BACK = "held back"


@dataclass(frozen=True, slots=True)
class MailLimit:
    """At most `most` mails in any span of `period`. The `name` tells the counts of several limits apart."""

    name: str
    most: int
    period: timedelta


class MailLimitReached(TocsinError):
    """There is no room in a limit before `until`."""

    def __init__(self, limit: MailLimit, until: datetime) -> None:
        super().__init__(f"{limit.most} mails are allowed in {_period_text(limit.period)}, and that many were sent.")
        self.limit = limit
        self.until = until

    def seconds(self, now: datetime) -> float:
        """The time that is left until there is room."""
        return max((self.until - now).total_seconds(), 0.001)


@dataclass(frozen=True, slots=True)
class Place:
    """A place that was taken in some limits, for one mail."""

    limits: tuple[MailLimit, ...]
    key: str
    at: datetime


class MailLimiter:
    """Takes places in limits. `key` is whom a limit is for: `mailbox_of(address)`, or a network address."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, key: str, *limits: MailLimit, now: datetime | None = None) -> Place:
        """Take a place in each of these limits, or in none. Raises MailLimitReached for the first that has none."""
        at = clock.to_milliseconds(now or clock.now())
        for number, limit in enumerate(limits):
            if not await self._take(limit, key, at):
                await self.give_back(Place(limits[:number], key, at))
                raise MailLimitReached(limit, await self._until(limit, key, at))
        return Place(limits, key, at)

    async def give_back(self, place: Place) -> None:
        """The mail was not sent after all."""
        others: Doc = {"$filter": {"input": "$times", "cond": {"$ne": ["$$this", {"$literal": place.at}]}}}
        for limit in place.limits:
            await self._database.mail_counts.update_one(
                {"_id": _count_id(limit.name, place.key)}, [{"$set": {"times": others}}]
            )

    async def hold_back(self, key: str, now: datetime | None = None) -> None:
        """Note that a mail to this mailbox was not sent, so that a later one can tell."""
        forget_at = (now or clock.now()) + timedelta(days=90)
        changes: Doc = {"$inc": {"held_back": 1}, "$set": {"times": [], "forget_at": forget_at}}
        await self._database.mail_counts.update_one({"_id": _count_id(_HELD_BACK, key)}, changes, upsert=True)

    async def held_back(self, key: str) -> int:
        """How many mails to this mailbox were not sent and not told of."""
        found = await self._database.mail_counts.find_one({"_id": _count_id(_HELD_BACK, key)})
        return 0 if found is None else int(found["held_back"])

    async def told(self, key: str, count: int) -> None:
        """The mailbox was told of so many mails that were not sent."""
        if count:
            which = {"_id": _count_id(_HELD_BACK, key)}
            await self._database.mail_counts.update_one(which, {"$inc": {"held_back": -count}})

    async def _take(self, limit: MailLimit, key: str, at: datetime) -> bool:
        which, update = {"_id": _count_id(limit.name, key)}, _taking(limit, at)
        try:
            result = await self._database.mail_counts.update_one(which, update, upsert=True)
        except DuplicateKeyError:  # another process made it at the same moment
            result = await self._database.mail_counts.update_one(which, update)
        return result.modified_count > 0 or result.did_upsert

    async def _until(self, limit: MailLimit, key: str, at: datetime) -> datetime:
        found = await self._database.mail_counts.find_one({"_id": _count_id(limit.name, key)})
        times: list[datetime] = sorted(found["times"])[-limit.most :] if found else []
        return (times[0] if times else at) + limit.period


class MailClass(Enum):
    """What a mail is, as the limits of its recipient see it."""

    ACCOUNT = "ACCOUNT"
    """A link that was asked for, or news of the account: has a reserve of its own."""
    UNCONFIRMED = "UNCONFIRMED"
    """A link for an address that was only typed: a quarter as many, beside the reserve. Strangers can sign up with many
    spellings of one mailbox, and must not use up what the links of its confirmed account need.
    """
    NOTICE = "NOTICE"
    """What became of the recipient's own tasks and workflows."""
    WORK = "WORK"
    """What jobs write, and requests of workflows: leaves a quarter of the day's mails to notices."""


@dataclass(frozen=True, slots=True)
class RecipientLimits:
    """How many mails one mailbox gets in 24 hours: of all but account mails, and of account mails."""

    most: int = 100
    account: int = 80

    @classmethod
    def of(cls, settings: Settings) -> "RecipientLimits":
        """The part of the settings that is about it."""
        return cls(settings.mails_per_recipient, settings.account_mails_per_recipient)

    def of_class(self, kind: MailClass) -> tuple[MailLimit, ...]:
        """The limits in which a mail of this class takes a place."""
        if kind is MailClass.ACCOUNT:
            return (MailLimit("recipient/account", self.account, _DAY),)
        if kind is MailClass.UNCONFIRMED:
            return (MailLimit("recipient/unconfirmed", math.ceil(self.account / 4), _DAY),)
        every = MailLimit("recipient", self.most, _DAY)
        if kind is MailClass.NOTICE:
            return (every,)
        return MailLimit("recipient/work", math.ceil(self.most * 3 / 4), _DAY), every


def mailbox_of(address: str) -> str:
    """The mailbox that an address probably leads to: `a.b+c@x` and `ab@x` are mostly one, and count as one."""
    local, _, domain = address.strip().casefold().rpartition("@")
    return f"{local.partition('+')[0].replace('.', '') or local}@{domain}"


def _period_text(period: timedelta) -> str:
    return f"{period.total_seconds() / 3600:g} hours" if period != timedelta(hours=1) else "an hour"


def _count_id(name: str, key: str) -> str:
    return f"{name}:{blake2b(key.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"


def _taking(limit: MailLimit, at: datetime) -> list[Doc]:
    """Add a time, if fewer than the limit's number lie within its period; else change nothing."""
    within: Doc = {
        "$and": [
            {"$gt": ["$$this", {"$literal": at - limit.period}]},
            {"$lte": ["$$this", {"$literal": at + _SKEW}]},
        ]
    }
    recent: Doc = {"$filter": {"input": {"$ifNull": ["$times", []]}, "cond": within}}
    fits: Doc = {"$lt": [{"$size": recent}, limit.most]}
    after: Doc = {"$concatArrays": [recent, [{"$literal": at}]]}
    kept_until: Doc = {"$literal": at + limit.period + _SKEW}
    return [
        {
            "$set": {
                "times": {"$cond": [fits, after, "$times"]},
                "forget_at": {"$cond": [fits, kept_until, "$forget_at"]},
            }
        }
    ]
