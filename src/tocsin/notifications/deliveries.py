"""Deliveries: queued once for each cause, sent at least once, seen to by any number of processes.

A process that dies between the mail server's 250 and the mark in the database leaves the delivery queued: the
mail goes out again when its lease ends, with the same Message-ID, by which many mail programs know it again.

The mails about one thing go out in their order, and what is outdated by then is merged: see `ordering`.
"""

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, PyMongoError

from tocsin import clock
from tocsin.documents import Database, Doc, User, is_unavailable, owner_of, run_ids
from tocsin.documents.updates import Expression, both, change_when, equals
from tocsin.notifications import lateness
from tocsin.notifications.account_mails import LINK
from tocsin.notifications.lateness import SUPERSEDED
from tocsin.notifications.letters import with_page
from tocsin.notifications.ordering import FIRST_WAIT
from tocsin.notifications.readiness import ready_mails
from tocsin.outbound.mail import MailDoor, MailRefused, MailUnavailable
from tocsin.quotas.limits import Quota
from tocsin.quotas.mail import NO_MORE_TODAY
from tocsin.quotas.meter import UsageMeter
from tocsin.security.secrets import SecretBox, SecretUnreadable
from tocsin.telemetry import MAILS, logger

LONGEST_WAIT = timedelta(minutes=30)
PATIENCE = timedelta(days=3)
_LOOK_SECONDS = 15.0
_AT_ONCE = 4
_BATCH = 32
_FORGET_BATCH = 500
_DUPLICATE_KEY = 11000
_QUEUED = equals("status", "QUEUED")

_log = logger(__name__)


async def enqueue(database: Database, deliveries: list[Doc], at: datetime | None = None) -> None:
    """Queue these deliveries as of `at` (now). One whose cause was told or queued before is left as it is."""
    if not deliveries:
        return
    moment = at or clock.now()
    stamped = [{**delivery, "queued_at": moment, "next_try_at": moment} for delivery in deliveries]
    try:
        await database.deliveries.insert_many(stamped, ordered=False)
    except BulkWriteError as error:
        details = error.details or {}
        faults = details.get("writeErrors", [])
        if details.get("writeConcernErrors") or any(fault["code"] != _DUPLICATE_KEY for fault in faults):
            raise


async def forget(database: Database, before: datetime) -> int:
    """Delete the deliveries queued before that time that nobody tries to send any more; how many.

    A forgotten cause can be told again.
    """
    count = 0
    while ids := await _queued_before(database, before):
        result = await database.deliveries.delete_many({"_id": {"$in": ids}})
        count += result.deleted_count
    return count


async def _queued_before(database: Database, before: datetime) -> list[str]:
    found = database.deliveries.aggregate(
        [
            {"$match": {"queued_at": {"$lt": before}}},
            {"$match": {"status": {"$ne": "QUEUED"}}},
            {"$limit": _FORGET_BATCH},
            {"$project": {"_id": 1}},
        ]
    )
    return [delivery["_id"] async for delivery in await found]


async def newest(database: Database, limit: int, now: datetime) -> list[Doc]:
    """The deliveries queued last, newest first.

    Looks back in growing windows: the embedded database would read all of them for a bare sort and limit.
    """
    window = timedelta(hours=1)
    while True:
        since = max(clock.EPOCH, now - window) if window < now - clock.EPOCH else clock.EPOCH
        bounds = {"$gte": since, "$lt": now + timedelta(days=1)}
        found = database.deliveries.find({"queued_at": bounds})
        deliveries = await found.sort([("queued_at", -1), ("_id", -1)]).limit(limit).to_list()
        if len(deliveries) >= limit or since == clock.EPOCH:
            return deliveries
        window *= 8


async def address_of(database: Database, owner: str) -> str | None:
    """Where this user gets mail at present; None when there is no such user, or he was deactivated."""
    users = database.db[User.get_collection_name()]
    user = await users.find_one({"_id": owner}, {"email": 1, "is_active": 1})
    return str(user["email"]) if user and user["is_active"] else None


def wait_after(tries: int, chance: float) -> timedelta:
    """The wait after that many failed tries (from 1): doubled each time up to a limit.

    `chance` (0..1) adds up to a fifth, so that mails that failed together don't come back together.
    """
    doublings: int = 2 ** min(tries - 1, 16)
    return min(FIRST_WAIT * doublings, LONGEST_WAIT) * (1 + chance / 5)


def _ids(delivery: Doc) -> dict[str, str]:
    """Name a mail in the log, with the ids of what it is about."""
    about = run_ids(delivery["run"]) if delivery.get("run") else {}
    return {"delivery": delivery["_id"], "kind": delivery["kind"], **about}


class Postman:
    """Sends what is queued, a few mails at a time, and tries again what failed for up to three days.

    `page` makes an address of the path of a page. A claim moves a delivery's `next_try_at` to the end of its lease and
    leaves a token: other processes pass it by; the lease is renewed while the sending goes on. Every change is a
    conditional update.
    """

    def __init__(
        self,
        database: Database,
        door: MailDoor,
        secrets: SecretBox | None = None,
        *,
        page: Callable[[str], str] = str,
        meter: UsageMeter | None = None,
        lease: timedelta = timedelta(seconds=60),
        clock: Callable[[], datetime] = clock.now,
    ) -> None:
        self._database, self._door, self._secrets, self._page = database, door, secrets, page
        self._lease, self._clock, self._meter = lease, clock, meter or UsageMeter()
        self._woken = asyncio.Event()
        self._slots = asyncio.Semaphore(_AT_ONCE)

    def wake(self) -> None:
        """Something was enqueued by this process: look now."""
        self._woken.set()

    async def run(self) -> None:
        """Send until cancelled. The database may go away meanwhile; this logs, waits and goes on."""
        failures = 0
        while True:
            self._woken.clear()
            try:
                found = await self._round()
                failures = 0
            except Exception as error:
                failures += 1
                found = False
                _log.warning("mails wait", reason=str(error), exc_info=not isinstance(error, PyMongoError))
            if failures:
                await asyncio.sleep(min(2.0 ** (failures - 1), _LOOK_SECONDS))
            elif not found:
                await self._rest()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _round(self) -> bool:
        token = uuid4().hex
        held = await self._claim(token)
        if not held:
            return False
        keeper = asyncio.create_task(self._keep(held, token))
        try:
            async with asyncio.TaskGroup() as group:
                for delivery in list(held.values()):
                    group.create_task(self._deliver(delivery, token, held))
        finally:
            keeper.cancel()
        return True

    async def _claim(self, token: str) -> dict[str, Doc]:
        now = self._clock()
        ids = await ready_mails(self._database, now, _BATCH)
        if not ids:
            return {}
        still_due = both(_QUEUED, {"$lte": ["$next_try_at", {"$literal": now}]})
        lease = {"claim": token, **self._leased_until(now)}
        await self._change(ids, still_due, lease)
        found = self._database.deliveries.find({"_id": {"$in": ids}})
        return {delivery["_id"]: delivery async for delivery in found if delivery.get("claim") == token}

    def _leased_until(self, now: datetime) -> Doc:
        return {"lease_until": now + self._lease, "next_try_at": now + self._lease}

    async def _keep(self, held: dict[str, Doc], token: str) -> None:
        """Renew the lease on what is not yet settled."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            try:
                mine = both(_QUEUED, equals("claim", token))
                await self._change(list(held), mine, self._leased_until(self._clock()))
            except PyMongoError as error:
                _log.warning("the lease on mails could not be renewed", reason=str(error))

    async def _change(self, ids: list[str], condition: Expression, changes: Doc) -> None:
        if ids:
            updates = [UpdateOne({"_id": each}, [change_when(condition, changes)]) for each in ids]
            await self._database.deliveries.bulk_write(updates, ordered=False)

    async def _deliver(self, delivery: Doc, token: str, held: dict[str, Doc]) -> None:
        try:
            async with self._slots:
                changes = await self._try(delivery)
            # Sent is sent, whoever holds it by now; what failed is for the holder of the lease to say.
            condition = _QUEUED if changes["status"] == "DELIVERED" else both(_QUEUED, equals("claim", token))
            await self._settle(delivery["_id"], condition, {**changes, "claim": None, "lease_until": None})
        except PyMongoError as error:  # it comes back when its lease ends
            _log.warning("a mail waits for the database", **_ids(delivery), reason=str(error))
        finally:
            del held[delivery["_id"]]

    async def _try(self, delivery: Doc) -> Doc:
        """Try once; what became of it, as changes of the document. Raises PyMongoError."""
        to = delivery.get("to") or await address_of(self._database, delivery["owner"])
        if to is None:
            return self._failed(delivery, "no recipient: the owner is gone or deactivated")
        if not self._is_within_quota(delivery):
            return self._failed(delivery, NO_MORE_TODAY)
        if (reason := await lateness.is_pointless(self._database, delivery, self._clock())) is not None:
            return self._outcome(delivery, SUPERSEDED, last_error=reason)
        subject, text = await lateness.update_text(self._database, delivery, self._clock())
        if delivery.get("link") is not None:
            text = with_page(text, self._page(delivery["link"]))
        try:
            await self._door.send(to, subject, await self._opened(text, delivery), delivery["_id"])
        except SecretUnreadable:
            return self._failed(delivery, "its link cannot be read: the encryption key is another one by now")
        except MailRefused as error:
            return self._failed(delivery, str(error))
        except MailUnavailable as error:
            return self._later(delivery, str(error))
        except Exception as error:  # a fault of the program must not keep the other mails from going out
            _log.exception("a mail could not be sent", **_ids(delivery))
            return self._later(delivery, f"{type(error).__name__}: {error}")
        MAILS.labels(outcome="DELIVERED").inc()
        _log.info("mail delivered", **_ids(delivery))
        sent = {"subject": subject, "text": text, "delivered_at": self._clock()}
        return self._outcome(delivery, "DELIVERED", last_error=None, **sent)

    def _is_within_quota(self, delivery: Doc) -> bool:
        """Count the first try of a mail that somebody's task or workflow is the cause of."""
        if not delivery.get("run") or delivery["tries"]:
            return True
        return self._meter.take(owner_of(delivery["run"]), Quota.MAILS_PER_DAY, self._clock())

    async def _opened(self, text: str, delivery: Doc) -> str:
        """What is sent: the text with the link that only the mail shows. Raises SecretUnreadable."""
        sealed = delivery.get("sealed")
        if sealed is None:
            return text
        if self._secrets is None:
            raise SecretUnreadable("there is no key to open it with")
        return text.replace(LINK, await self._secrets.unseal(sealed, delivery["_id"]))

    def _later(self, delivery: Doc, reason: str) -> Doc:
        tries = delivery["tries"] + 1
        wait = wait_after(tries, random.random())  # noqa: S311  # spreads load, hides nothing
        again = clock.to_milliseconds(self._clock() + wait)
        if again > delivery["queued_at"] + PATIENCE:
            return self._failed(delivery, reason)
        MAILS.labels(outcome="RETRY").inc()
        _log.warning("a mail must wait", **_ids(delivery), reason=reason, until=again.isoformat())
        return self._outcome(delivery, "QUEUED", next_try_at=again, last_error=reason)

    def _failed(self, delivery: Doc, reason: str) -> Doc:
        MAILS.labels(outcome="FAILED").inc()
        _log.error("a mail cannot be delivered", **_ids(delivery), reason=reason)
        return self._outcome(delivery, "FAILED", last_error=reason)

    def _outcome(self, delivery: Doc, status: str, **changes: Any) -> Doc:
        return {"status": status, "tries": delivery["tries"] + 1, **changes}

    async def _settle(self, delivery_id: str, condition: Expression, changes: Doc) -> None:
        """Write the outcome, however long the database is away: what is forgotten here is sent twice."""
        wait = 0.5
        while True:
            try:
                await self._change([delivery_id], condition, changes)
                return
            except PyMongoError as error:
                if not is_unavailable(error):
                    raise
                _log.warning("a mail's outcome waits", delivery=delivery_id, reason=str(error))
                await asyncio.sleep(wait)
                wait = min(wait * 2, _LOOK_SECONDS)
