"""Delivery of notifications: at least once, by any number of processes, with owners taking turns.

The life of a delivery: `deliveries` queues it when its cause happens. A worker finds its owner among those with due
deliveries, claims it (`delivery_claims`, in the order of `delivery_order`), attempts it by its channel and records the
outcome (`delivery_attempts`); after a temporary failure it is due again later.

A process that dies between a mail server's 250 and the update of the database leaves the delivery queued: the mail is
sent again when its lease ends, with the same Message-ID, by which many mail programs recognize duplicates.

Mails and deliveries to users' channels have slots of their own, so that mails do not wait for a receiver that answers
slowly. One owner uses at most half of each, so that others wait neither for thousands of theirs nor for a slow server.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

from pymongo.errors import PyMongoError

from tocsin import clock
from tocsin.cancellation import cancel_and_wait
from tocsin.documents import DeliveryDocument
from tocsin.notifications.channels import CHANNELS
from tocsin.notifications.channels.base import ChannelContext
from tocsin.notifications.delivery_attempts import (
    LIVE_CHANNELS,
    USER_CHANNELS,
    attempt_delivery,
    log_fields,
    record_outcome,
)
from tocsin.notifications.delivery_claims import (
    MAILS,
    TO_CHANNELS,
    claim_deliveries,
    find_due_owners,
    renew_leases,
)
from tocsin.notifications.delivery_lane import DeliveryLane
from tocsin.notifications.due_backlog import DueBacklog
from tocsin.notifications.live.attempts import LiveDelivery, tell_streams
from tocsin.notifications.user_channel import UserChannel
from tocsin.periodic import Periodic
from tocsin.telemetry import get_logger

_POLL_SECONDS = 5.0
_REST_FACTOR = 20.0
"""The search for all owners takes at most one part in so many of the time, since it reads all due deliveries. Neither
do owners wait for it for whom this process queues deliveries, nor for more than a poll those with others that are due.
"""
_MIN_REST = 0.02
_OVERLAP = timedelta(minutes=1)
"""The time before the last search from which on the next one looks for what has become due: clocks can differ."""
_BACKOFF = (1.0, 15.0)
_log = get_logger(__name__)


class DeliveryWorker:
    """A worker that makes queued deliveries, a few at a time. It renews their leases while it does."""

    def __init__(self, context: ChannelContext, *, lease: timedelta = timedelta(seconds=60)) -> None:
        self._database, self._clock, self._lease = context.database, context.clock, lease
        self._channels = {name: channel(context) for name, channel in CHANNELS.items()}
        self._channels |= {USER_CHANNELS: UserChannel(context), LIVE_CHANNELS: LiveDelivery(context)}
        self._search = Periodic("deliveries", self._start_all, _POLL_SECONDS, first_delay=0.0, backoff=_BACKOFF)
        self._stack = AsyncExitStack()
        self._lanes = (DeliveryLane(MAILS), DeliveryLane(TO_CHANNELS))
        self._backlog = DueBacklog()
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_lookup, self._rest_until, self._has_news = 0.0, 0.0, True
        self._found_until = clock.EPOCH

    def wake(self, owners: Collection[str] = ()) -> None:
        """Look for queued deliveries now, first for those of these owners, who need not be searched for."""
        for lane in self._lanes:
            lane.owners.add_owners(owners)
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
        """Listen for queued deliveries and renew leases during the block, and cancel those in progress at its end."""
        renewer = Periodic("delivery-leases", self._renew_leases, self._lease.total_seconds() / 3)
        with self._database.deliveries_queued.connected(self.wake):
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
        rest = max(self._rest_until - time.monotonic(), _MIN_REST) if self._has_news else _POLL_SECONDS
        return min(rest, _POLL_SECONDS)

    async def _start_next(self) -> bool:
        """Start deliveries of the next owners, and return whether there may be more to start."""
        await self._find_owners()
        return any([await self._start_in(lane) for lane in self._lanes])

    async def _start_in(self, lane: DeliveryLane) -> bool:
        """Start deliveries of the next owner of this kind, and return whether there may be more to start."""
        if (turn := lane.next_claim()) is None:
            return False
        (owner, limit), now = turn, self._clock()
        claimed = await claim_deliveries(
            self._database,
            owner,
            now,
            self._lease,
            limit=limit,
            in_progress=lane.in_progress,
            among=lane.among,
            backlog=self._backlog,
        )
        if not claimed:
            lane.owners.drop_owner(owner)
        for delivery in claimed:
            lane.begin(delivery)
            task = asyncio.create_task(self._deliver(delivery, lane), name="delivery")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return True

    async def _find_owners(self) -> None:
        """Find the owners of due deliveries: after news, and periodically, but less often if that is slow.

        Until the next search for all, those are found whose deliveries have become due since.
        """
        begun = time.monotonic()
        is_resting = begun < self._rest_until
        if begun - self._last_lookup < _POLL_SECONDS and (is_resting or not self._has_news):
            return
        self._last_lookup, self._has_news = begun, self._has_news and is_resting
        now = self._clock()
        since = min(self._found_until, now) - _OVERLAP if is_resting else None
        owners = await find_due_owners(self._database, now, since)
        self._found_until = now
        for lane in self._lanes:
            lane.owners.add_owners(owners)
        if not is_resting:
            ended = time.monotonic()
            self._rest_until = ended + max((ended - begun) * _REST_FACTOR, _MIN_REST)

    async def _renew_leases(self) -> None:
        """Renew the leases of the deliveries in progress."""
        in_progress = [delivery for lane in self._lanes for delivery in lane.in_progress.values()]
        await renew_leases(self._database, in_progress, self._clock() + self._lease)

    async def _deliver(self, delivery: DeliveryDocument, lane: DeliveryLane) -> None:
        """Make one attempt, record its outcome, and look for the next delivery."""
        try:
            outcome = await attempt_delivery(delivery, self._channels, self._database, self._clock)
            await record_outcome(delivery, outcome, self._database)
            tell_streams(delivery, outcome, self._database)
        except PyMongoError as error:  # it is sent again when its lease ends
            _log.warning(
                "the outcome of a notification could not be recorded", **log_fields(delivery), reason=str(error)
            )
        finally:
            lane.end(delivery)
            self._search.trigger()
