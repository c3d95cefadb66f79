"""Delivery of queued notifications: at least once, by any number of processes, with owners taking turns.

A process that dies between the success of a delivery and the update of the database leaves it queued: it is delivered
again when its lease ends, under the same ID. As a mail it has the same Message-ID then, by which many mail programs
recognize duplicates.

Deliveries about one subject are made in order, and superseded ones are merged: see `delivery_order`. One owner uses at
most half of the slots, so that deliveries of others wait neither for thousands of theirs nor for a slow server.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from pymongo import UpdateOne
from pymongo.errors import PyMongoError

from tocsin import clock
from tocsin.cancellation import cancel_and_wait
from tocsin.documents import Database, DeliveryDocument, DeliveryStatus, is_unavailable, owner_of, run_log_ids
from tocsin.documents.updates import Expression, all_of, change_when, has_value
from tocsin.notifications import deliveries
from tocsin.notifications.channels.base import Channel, DeliveryFailed, DeliverySuppressed, DeliveryUnavailable
from tocsin.notifications.channels.table import MAIL
from tocsin.notifications.deliveries import RETRY_PERIOD, retry_delay
from tocsin.notifications.owner_rotation import OwnerRotation
from tocsin.notifications.ready_deliveries import find_due_owners, find_ready_deliveries
from tocsin.quotas.limits import Quota
from tocsin.quotas.meter import UsageMeter
from tocsin.quotas.metered_mail import MAIL_QUOTA_EXCEEDED
from tocsin.telemetry import MAILS, get_logger

_POLL_SECONDS = 2.0
_MAX_PAUSE = 15.0
_MAX_IN_PROGRESS = 8
_OWNER_SHARE = _MAX_IN_PROGRESS // 2
_REST_FACTOR = 20.0
"""The search for owners takes at most one part in so many of the time, since it reads all due deliveries."""
_MIN_REST = 0.02
_QUEUED = has_value("status", DeliveryStatus.QUEUED)

_log = get_logger(__name__)
_Changes = dict[str, Any]


class DeliveryWorker:
    """Makes queued deliveries by their channels, a few at a time, and retries failed ones for up to three days.

    A claim writes a token and moves the delivery's `next_try_at` to the end of its lease, so that other processes skip
    it; the lease is renewed during the attempt. Every change is a conditional update.
    """

    def __init__(
        self,
        database: Database,
        channels: Mapping[str, Channel],
        *,
        meter: UsageMeter | None = None,
        lease: timedelta = timedelta(seconds=60),
        clock: Callable[[], datetime] = clock.now,
    ) -> None:
        self._database, self._channels = database, channels
        self._lease, self._clock, self._meter = lease, clock, meter or UsageMeter()
        self._woken = asyncio.Event()
        self._turns, self._owner_counts = OwnerRotation(_OWNER_SHARE), Counter[str]()
        self._in_progress: dict[str, DeliveryDocument] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_lookup, self._rest_until, self._has_news = 0.0, 0.0, True

    def wake(self) -> None:
        """Look for queued deliveries now."""
        self._has_news = True
        self._woken.set()

    async def run(self) -> None:
        """Send until cancelled. If the database is unavailable, log that, wait and go on."""
        failures = 0
        async with self._working():
            while True:
                self._woken.clear()
                try:
                    began = await self._start_next()
                    failures = 0
                except Exception as error:
                    failures += 1
                    began = False
                    _log.warning(
                        "mails cannot be sent", reason=str(error), exc_info=not isinstance(error, PyMongoError)
                    )
                if failures:
                    await asyncio.sleep(min(2.0 ** (failures - 1), _MAX_PAUSE))
                elif not began:
                    await self._wait()

    async def send_due(self) -> None:
        """Send the deliveries that are due now, and wait until all are finished."""
        async with self._working():
            self._has_news, self._rest_until = True, 0.0
            while await self._start_next() or self._tasks:
                if self._tasks:
                    await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    @asynccontextmanager
    async def _working(self) -> AsyncIterator[None]:
        """Listen for new deliveries and renew leases during the block, and cancel sending in progress at its end."""
        with deliveries.listen_for_enqueued(self._database, self.wake):
            renewer = asyncio.create_task(self._renew_leases())
            try:
                yield
            finally:
                await cancel_and_wait(renewer, *self._tasks)

    async def _wait(self) -> None:
        pause = max(self._rest_until - time.monotonic(), _MIN_REST) if self._has_news else _POLL_SECONDS
        try:
            async with asyncio.timeout(pause):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _start_next(self) -> bool:
        """Start sending mails of the next owner, and return whether there may be more to send."""
        await self._find_owners()
        room = _MAX_IN_PROGRESS - len(self._in_progress)
        owner = self._turns.next_owner(self._owner_counts) if room > 0 else None
        if owner is None:
            return False
        claimed = await self._claim(owner, 1 if self._turns.has_others(owner) else room)
        if not claimed:
            self._turns.drop_owner(owner)
        for delivery in claimed:
            self._in_progress[delivery["_id"]] = delivery
            self._owner_counts[owner] += 1
            task = asyncio.create_task(self._deliver(delivery, owner), name="mail")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return True

    async def _find_owners(self) -> None:
        """Find the owners of due mails: after news, and periodically, but less often if that is slow."""
        begun = time.monotonic()
        if begun < self._rest_until or not (self._has_news or begun - self._last_lookup >= _POLL_SECONDS):
            return
        self._has_news, self._last_lookup = False, begun
        self._turns.set_owners(await find_due_owners(self._database, self._clock()))
        now = time.monotonic()
        self._rest_until = now + max((now - begun) * _REST_FACTOR, _MIN_REST)

    async def _claim(self, owner: str, limit: int) -> list[DeliveryDocument]:
        now, token = self._clock(), uuid4().hex
        room = min(limit, _OWNER_SHARE - self._owner_counts[owner])
        busy = {about["id"] for held in self._in_progress.values() if (about := held.get("about"))}
        ready = await find_ready_deliveries(self._database, now, owner, busy)
        ids = [each for each in ready if each not in self._in_progress][:room]
        if not ids:
            return []
        still_due = all_of(_QUEUED, {"$lte": ["$next_try_at", {"$literal": now}]})
        await self._update(dict.fromkeys(ids, still_due), {"claim": token, **self._leased_until(now)})
        found = self._database.deliveries.find({"_id": {"$in": ids}})
        return [delivery async for delivery in found if delivery.get("claim") == token]

    def _leased_until(self, now: datetime) -> _Changes:
        return {"lease_until": now + self._lease, "next_try_at": now + self._lease}

    async def _renew_leases(self) -> None:
        """Renew the leases of the deliveries in progress."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            mine = {
                each: all_of(_QUEUED, has_value("claim", held["claim"])) for each, held in self._in_progress.items()
            }
            try:
                await self._update(mine, self._leased_until(self._clock()))
            except PyMongoError as error:
                _log.warning("the lease on mails could not be renewed", reason=str(error))

    async def _update(self, conditions: dict[str, Expression], changes: _Changes) -> None:
        if conditions:
            updates = [
                UpdateOne({"_id": each}, [change_when(condition, changes)]) for each, condition in conditions.items()
            ]
            await self._database.deliveries.bulk_write(updates, ordered=False)

    async def _deliver(self, delivery: DeliveryDocument, owner: str) -> None:
        try:
            changes = await self._attempt(delivery)
            # A success counts whoever has the lease by now; a failure is for the holder of the lease to record.
            mine = all_of(_QUEUED, has_value("claim", delivery["claim"]))
            condition = _QUEUED if changes["status"] == DeliveryStatus.DELIVERED else mine
            await self._record_outcome(delivery["_id"], condition, {**changes, "claim": None, "lease_until": None})
        except PyMongoError as error:  # it is sent again when its lease ends
            _log.warning("the outcome of a mail could not be recorded", **_log_fields(delivery), reason=str(error))
        finally:
            del self._in_progress[delivery["_id"]]
            self._owner_counts -= Counter((owner,))
            self._turns.add_owner(owner)  # mails that waited for this one may be sent now
            self._woken.set()

    async def _attempt(self, delivery: DeliveryDocument) -> _Changes:
        """Try once, and return the outcome as changes of the document. Raises PyMongoError."""
        if (reason := await deliveries.find_obsolete_reason(self._database, delivery, self._clock())) is not None:
            return self._outcome(delivery, DeliveryStatus.SUPERSEDED, last_error=reason)
        try:
            self._count_for_quota(delivery)
            content = await self._channels[delivery.get("channel", MAIL)].deliver(delivery)
        except DeliverySuppressed as error:
            return self._suppressed(delivery, str(error))
        except DeliveryFailed as error:
            return self._failed(delivery, str(error))
        except DeliveryUnavailable as error:
            return self._retry_later(delivery, str(error))
        except PyMongoError:
            raise
        except Exception as error:  # a bug must not keep the other deliveries from being made
            _log.exception("a mail could not be sent", **_log_fields(delivery))
            return self._retry_later(delivery, f"{type(error).__name__}: {error}")
        MAILS.labels(outcome=DeliveryStatus.DELIVERED).inc()
        _log.info("mail delivered", **_log_fields(delivery))
        sent = {"subject": content.subject, "text": content.text, "delivered_at": self._clock()}
        return self._outcome(delivery, DeliveryStatus.DELIVERED, last_error=None, **sent)

    def _count_for_quota(self, delivery: DeliveryDocument) -> None:
        """Count the first try of a mail caused by a task or workflow for its owner's quota. Raises DeliveryFailed."""
        run_id = delivery["run"]
        if run_id is None or delivery["tries"]:
            return
        if not self._meter.consume(owner_of(run_id), Quota.MAILS_PER_DAY, self._clock()):
            raise DeliveryFailed(MAIL_QUOTA_EXCEEDED)

    def _retry_later(self, delivery: DeliveryDocument, reason: str) -> _Changes:
        tries = delivery["tries"] + 1
        wait = retry_delay(tries, random.random())  # noqa: S311  # spreads load, not security
        again = clock.truncate_to_milliseconds(self._clock() + wait)
        if again > delivery["queued_at"] + RETRY_PERIOD:
            return self._failed(delivery, reason)
        MAILS.labels(outcome="RETRY").inc()
        _log.warning("a mail will be retried", **_log_fields(delivery), reason=reason, until=again.isoformat())
        return self._outcome(delivery, DeliveryStatus.QUEUED, next_try_at=again, last_error=reason)

    def _failed(self, delivery: DeliveryDocument, reason: str) -> _Changes:
        MAILS.labels(outcome=DeliveryStatus.FAILED).inc()
        _log.error("a mail cannot be delivered", **_log_fields(delivery), reason=reason)
        return self._outcome(delivery, DeliveryStatus.FAILED, last_error=reason)

    def _suppressed(self, delivery: DeliveryDocument, reason: str) -> _Changes:
        MAILS.labels(outcome=DeliveryStatus.SUPPRESSED).inc()
        _log.info("a mail was not sent", **_log_fields(delivery), reason=reason)
        return self._outcome(delivery, DeliveryStatus.SUPPRESSED, last_error=reason)

    def _outcome(self, delivery: DeliveryDocument, status: DeliveryStatus, **changes: Any) -> _Changes:
        return {"status": status, "tries": delivery["tries"] + 1, **changes}

    async def _record_outcome(self, delivery_id: str, condition: Expression, changes: _Changes) -> None:
        """Write the outcome, however long the database is unavailable: a lost outcome means a duplicate mail."""
        wait = 0.5
        while True:
            try:
                await self._update({delivery_id: condition}, changes)
                return
            except PyMongoError as error:
                if not is_unavailable(error):
                    raise
                _log.warning("the outcome of a mail waits for the database", delivery=delivery_id, reason=str(error))
                await asyncio.sleep(wait)
                wait = min(wait * 2, _MAX_PAUSE)


def _log_fields(delivery: DeliveryDocument) -> dict[str, str]:
    """Return the log fields that identify a mail and its run."""
    about = run_log_ids(delivery["run"]) if delivery["run"] else {}
    return {"delivery": delivery["_id"], "kind": delivery["kind"], **about}
