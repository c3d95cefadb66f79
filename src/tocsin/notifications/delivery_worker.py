"""Delivery of notifications: at least once, by any number of processes, with owners taking turns.

The worker knows channels only by their table. A process that dies between a mail server's 250 and the update of the
database leaves the delivery queued: the mail is sent again when its lease ends, with the same Message-ID, by which many
mail programs recognize duplicates.

Those about one subject are delivered in order, and superseded ones are merged: see `delivery_order`. One owner uses at
most half of the slots, so that others wait neither for thousands of theirs nor for a slow server.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from pymongo import UpdateOne
from pymongo.errors import PyMongoError

from tocsin import clock
from tocsin.cancellation import cancel_and_wait
from tocsin.documents import Changes, is_unavailable, run_log_ids
from tocsin.documents.delivery_documents import DeliveryDocument
from tocsin.documents.states import DeliveryStatus
from tocsin.documents.updates import Expression, all_of, change_when, has_value
from tocsin.notifications import deliveries
from tocsin.notifications.channels import CHANNELS, DEFAULT_CHANNEL
from tocsin.notifications.channels.base import (
    ChannelContext,
    DeliveryRefused,
    DeliverySuppressed,
    DeliveryUnavailable,
)
from tocsin.notifications.deliveries import RETRY_PERIOD, retry_delay
from tocsin.notifications.owner_rotation import OwnerRotation
from tocsin.notifications.ready_deliveries import (
    IS_QUEUED,
    find_due_owners,
    find_obsolete_reason,
    find_ready_deliveries,
    is_due,
)
from tocsin.periodic import Periodic
from tocsin.telemetry import MAILS, get_logger

_POLL_SECONDS = 2.0
_MAX_PAUSE = 15.0
_MAX_IN_PROGRESS = 8
_OWNER_SHARE = _MAX_IN_PROGRESS // 2
_REST_FACTOR = 20.0
"""The search for owners takes at most one part in so many of the time, since it reads all due deliveries."""
_MIN_REST = 0.02
_BACKOFF = (1.0, _MAX_PAUSE)

_log = get_logger(__name__)


class DeliveryWorker:
    """A worker that makes queued deliveries, a few at a time, and retries failed ones for up to three days.

    A claim writes a token and moves the delivery's `next_try_at` to the end of its
    lease, so that other processes skip it; the lease is renewed during the sending. Every change is a conditional
    update.
    """

    def __init__(self, context: ChannelContext, *, lease: timedelta = timedelta(seconds=60)) -> None:
        self._database, self._clock, self._lease = context.database, context.clock, lease
        self._channels = {name: channel(context) for name, channel in CHANNELS.items()}
        self._search = Periodic("deliveries", self._start_all, _POLL_SECONDS, first_delay=0.0, backoff=_BACKOFF)
        self._stack = AsyncExitStack()
        self._owners, self._owner_counts = OwnerRotation(_OWNER_SHARE), Counter[str]()
        self._in_progress: dict[str, DeliveryDocument] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_lookup, self._rest_until, self._has_news = 0.0, 0.0, True

    def wake(self) -> None:
        """Look for queued deliveries now."""
        self._has_news = True
        self._search.trigger()

    async def start(self) -> None:
        """Start to deliver. If the database is unavailable, log that, wait and go on."""
        await self._stack.enter_async_context(self._working())
        self._search.start()
        self._stack.push_async_callback(self._search.stop)

    async def stop(self) -> None:
        """Stop, and cancel the deliveries in progress."""
        await self._stack.aclose()

    async def send_due(self) -> None:
        """Make the deliveries that are due now, and wait until all are finished."""
        async with self._working():
            self._has_news, self._rest_until = True, 0.0
            while await self._start_next() or self._tasks:
                if self._tasks:
                    await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    @asynccontextmanager
    async def _working(self) -> AsyncIterator[None]:
        """Listen for new deliveries and renew leases during the block, and cancel those in progress at its end."""
        renewer = Periodic("delivery-leases", self._renew_leases, self._lease.total_seconds() / 3)
        with deliveries.listen_for_enqueued(self._database, self.wake):
            renewer.start()
            try:
                yield
            finally:
                await cancel_and_wait(*self._tasks)
                await renewer.stop()

    async def _start_all(self) -> float:
        """Start what can be started now, and return the seconds until the next search."""
        while await self._start_next():
            pass
        return max(self._rest_until - time.monotonic(), _MIN_REST) if self._has_news else _POLL_SECONDS

    async def _start_next(self) -> bool:
        """Start sending mails of the next owner, and return whether there may be more to send."""
        await self._find_owners()
        room = _MAX_IN_PROGRESS - len(self._in_progress)
        owner = self._owners.next_owner(self._owner_counts) if room > 0 else None
        if owner is None:
            return False
        claimed = await self._claim(owner, 1 if self._owners.has_others(owner) else room)
        if not claimed:
            self._owners.drop_owner(owner)
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
        self._owners.set_owners(await find_due_owners(self._database, self._clock()))
        now = time.monotonic()
        self._rest_until = now + max((now - begun) * _REST_FACTOR, _MIN_REST)

    async def _claim(self, owner: str, limit: int) -> list[DeliveryDocument]:
        now, token = self._clock(), uuid4().hex
        room = min(limit, _OWNER_SHARE - self._owner_counts[owner])
        busy = {about["id"] for each in self._in_progress.values() if (about := each.get("about"))}
        ready = await find_ready_deliveries(self._database, now, owner, busy)
        ids = [each for each in ready if each not in self._in_progress][:room]
        if not ids:
            return []
        await self._update(dict.fromkeys(ids, is_due(now)), {"claim": token, **self._leased_until(now)})
        found = self._database.deliveries.find({"_id": {"$in": ids}})
        return [delivery async for delivery in found if delivery.get("claim") == token]

    def _leased_until(self, now: datetime) -> Changes:
        return {"lease_until": now + self._lease, "next_try_at": now + self._lease}

    async def _renew_leases(self) -> None:
        """Renew the leases of the deliveries in progress."""
        mine = {each: _is_claimed_by(delivery) for each, delivery in self._in_progress.items()}
        await self._update(mine, self._leased_until(self._clock()))

    async def _update(self, conditions: dict[str, Expression], changes: Changes) -> None:
        if conditions:
            updates = [
                UpdateOne({"_id": each}, [change_when(condition, changes)]) for each, condition in conditions.items()
            ]
            await self._database.deliveries.bulk_write(updates, ordered=False)

    async def _deliver(self, delivery: DeliveryDocument, owner: str) -> None:
        try:
            changes = await self._attempt(delivery)
            # A success counts whoever has the lease by now; a failure is for the holder of the lease to record.
            is_delivered = changes["status"] == DeliveryStatus.DELIVERED
            condition = IS_QUEUED if is_delivered else _is_claimed_by(delivery)
            await self._record_outcome(delivery["_id"], condition, {**changes, "claim": None, "lease_until": None})
        except PyMongoError as error:  # it is sent again when its lease ends
            _log.warning("the outcome of a mail could not be recorded", **_log_fields(delivery), reason=str(error))
        finally:
            del self._in_progress[delivery["_id"]]
            self._owner_counts -= Counter((owner,))
            self._owners.add_owner(owner)  # mails that waited for this one may be sent now
            self._search.trigger()

    async def _attempt(self, delivery: DeliveryDocument) -> Changes:
        """Try once, and return the outcome as changes of the document. Raises PyMongoError."""
        if (reason := await find_obsolete_reason(self._database, delivery, self._clock())) is not None:
            return self._outcome(delivery, DeliveryStatus.SUPERSEDED, last_error=reason)
        try:
            message = await self._channels[delivery.get("channel", DEFAULT_CHANNEL)].deliver(delivery)
        except DeliverySuppressed as error:
            return self._suppressed(delivery, str(error))
        except DeliveryRefused as error:
            return self._failed(delivery, str(error))
        except DeliveryUnavailable as error:
            return self._retry_later(delivery, str(error))
        except PyMongoError:
            raise
        except Exception as error:  # a bug must not keep the other notifications from being delivered
            _log.exception("a mail could not be sent", **_log_fields(delivery))
            return self._retry_later(delivery, f"{type(error).__name__}: {error}")
        MAILS.labels(outcome=DeliveryStatus.DELIVERED).inc()
        _log.info("mail delivered", **_log_fields(delivery))
        sent = {"subject": message.subject, "text": message.text, "delivered_at": self._clock()}
        return self._outcome(delivery, DeliveryStatus.DELIVERED, last_error=None, **sent)

    def _retry_later(self, delivery: DeliveryDocument, reason: str) -> Changes:
        tries = delivery["tries"] + 1
        wait = retry_delay(tries, random.random())  # noqa: S311  # spreads load, not security
        again = clock.truncate_to_milliseconds(self._clock() + wait)
        if again > delivery["queued_at"] + RETRY_PERIOD:
            return self._failed(delivery, reason)
        MAILS.labels(outcome="RETRY").inc()
        _log.warning("a mail will be retried", **_log_fields(delivery), reason=reason, until=again.isoformat())
        return self._outcome(delivery, DeliveryStatus.QUEUED, next_try_at=again, last_error=reason)

    def _failed(self, delivery: DeliveryDocument, reason: str) -> Changes:
        MAILS.labels(outcome=DeliveryStatus.FAILED).inc()
        _log.error("a mail cannot be delivered", **_log_fields(delivery), reason=reason)
        return self._outcome(delivery, DeliveryStatus.FAILED, last_error=reason)

    def _suppressed(self, delivery: DeliveryDocument, reason: str) -> Changes:
        MAILS.labels(outcome=DeliveryStatus.SUPPRESSED).inc()
        _log.info("a mail was not sent", **_log_fields(delivery), reason=reason)
        return self._outcome(delivery, DeliveryStatus.SUPPRESSED, last_error=reason)

    def _outcome(self, delivery: DeliveryDocument, status: DeliveryStatus, **changes: Any) -> Changes:
        return {"status": status, "tries": delivery["tries"] + 1, **changes}

    async def _record_outcome(self, delivery_id: str, condition: Expression, changes: Changes) -> None:
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


def _is_claimed_by(delivery: DeliveryDocument) -> Expression:
    """Return the condition that the delivery is queued, and still claimed as it was read."""
    return all_of(IS_QUEUED, has_value("claim", delivery["claim"]))


def _log_fields(delivery: DeliveryDocument) -> dict[str, str]:
    """Return the log fields that identify a mail and its run."""
    run = delivery["run"]
    return {"delivery": delivery["_id"], "kind": delivery["kind"], **(run_log_ids(run) if run else {})}
