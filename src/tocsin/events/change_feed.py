"""The changes of all processes, as they come: those of this process at once, those of others from the database.

A process sends its changes in batches, as documents of the collection `change_batches`, and follows those of others
by a change stream over that collection alone (docs/adr/0037).
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from pymongo.asynchronous.change_stream import AsyncChangeStream
from pymongo.errors import DuplicateKeyError, OperationFailure, PyMongoError

from tocsin import clock, telemetry
from tocsin.cancellation import cancel_and_wait
from tocsin.documents import Database, RecordedChange
from tocsin.documents.change_documents import ChangeBatchDocument
from tocsin.events.changes import decode_change, encode_change
from tocsin.periodic import Periodic

SEND_SECONDS = 0.01
"""Time for which changes are collected before they are sent."""
SEND_BATCH = 1_000
_IDLE_SECONDS = 60.0
_CLOCK_SAMPLES = 3
_POLL_MILLISECONDS = 1_000
log = telemetry.get_logger(__name__)


class ChangeFeed:
    """Gives the changes of all processes to `receive`, in the order of each process.

    `resync` is called with the time from which on no change is missing: at the start, and when the stream cannot go on
    where it was.
    """

    def __init__(
        self,
        database: Database,
        receive: Callable[[Sequence[RecordedChange]], None],
        resync: Callable[[datetime], None],
    ) -> None:
        self._database, self._log = database, database.changes
        self._receive, self._resync = receive, resync
        self._listening = asyncio.Event()
        self._resume_after: Mapping[str, Any] | None = None
        self._opened = False
        self.complete_until = clock.EPOCH
        """Time by the clock of the database until which the changes of other processes have been received."""
        self._measured_at = clock.EPOCH
        self._task: asyncio.Task[None] | None = None
        self._stack = contextlib.AsyncExitStack()
        self._sender = Periodic("change-sender", self._send, _IDLE_SECONDS, min_delay=SEND_SECONDS, backoff=(0.1, 2.0))

    def start(self) -> None:
        """Start receiving in the background."""
        self._stack.enter_context(self._log.recorded.connected(self._receive_own))
        self._log.open(asyncio.get_running_loop())
        self._stack.callback(self._log.close)
        self._sender.start()
        self._task = asyncio.create_task(self._follow(), name="events")

    async def stop(self) -> None:
        """Stop receiving, and send what is left."""
        await cancel_and_wait(self._task)
        await self._sender.stop()
        with contextlib.suppress(PyMongoError):
            await send_changes(self._database)
        await self._stack.aclose()

    async def wait_until_listening(self) -> None:
        """Wait until no change is missed, so that none falls between a snapshot and the first event."""
        await self._listening.wait()

    def _receive_own(self, changes: list[RecordedChange]) -> None:
        self._receive(changes)
        if self._log.unsent:
            self._sender.trigger()

    async def _send(self) -> None:
        await send_changes(self._database)
        if abs(clock.now() - self._measured_at) > timedelta(seconds=_IDLE_SECONDS):
            await self._measure_clock()  # it may have been corrected

    async def _measure_clock(self) -> datetime:
        """Measure how far the clock of this process is behind that of the database, and return the latter's time.

        Of several answers the fastest counts, as in NTP (RFC 5905 section 10): one that took long, as on a busy
        machine, says little about the time at which it was made.
        """
        self._measured_at = clock.now()
        _, self._log.clock_offset = min([await self._ask_for_time() for _ in range(_CLOCK_SAMPLES)])
        return self._log.now()

    async def _ask_for_time(self) -> tuple[timedelta, timedelta]:
        """Return the time that the database took to answer, and by how much its clock is ahead of ours."""
        asked_at = clock.now()
        at: datetime = (await self._database.db.command("hello"))["localTime"].replace(tzinfo=UTC)
        took = clock.now() - asked_at
        return took, at - (asked_at + took / 2)

    async def _follow(self) -> None:
        """Read the stream, and open it again when it ends.

        This is no `Periodic`: the reading ends only by a failure, it must be cancelled at once at a stop, and the
        pauses start over as soon as the stream was open, not when a reading succeeds.
        """
        pause = 0.1
        while True:
            try:
                await self._listen()
            except PyMongoError as error:
                log.warning("change stream lost, reopening it", error=str(error)[:300], seconds=pause)
            except Exception:
                log.exception("a change could not be handled, reopening the stream", seconds=pause)
                self._resume_after = None
            pause = 0.1 if self._opened else min(pause * 2, 2.0)
            self._opened = False
            await asyncio.sleep(pause)

    async def _listen(self) -> None:
        """Read the changes of other processes from where the last reading ended, or from now on."""
        async with await self._open_stream() as stream:
            if self._resume_after is None:
                self.complete_until = await self._measure_clock()
                self._resync(self.complete_until)
            self._opened = True
            self._listening.set()
            while stream.alive:
                asked_at = self._log.now()
                event = await stream.try_next()
                self._resume_after = stream.resume_token
                if event is None:
                    self.complete_until = asked_at
                if event is not None and event["operationType"] == "insert":
                    batch: ChangeBatchDocument = event["fullDocument"]
                    self.complete_until = event["wallTime"]
                    self._receive([decode_change(record, event["wallTime"]) for record in batch["changes"]])

    async def _open_stream(self) -> AsyncChangeStream[Any]:
        from_others = [{"$match": {"fullDocument.by": {"$ne": self._log.id}}}]
        try:
            return await self._database.change_batches.watch(
                from_others, resume_after=self._resume_after, max_await_time_ms=_POLL_MILLISECONDS
            )
        except OperationFailure:  # the database no longer knows the place
            if self._resume_after is None:
                raise
            self._resume_after = None
            self._listening.clear()
            return await self._open_stream()


async def send_changes(database: Database) -> None:
    """Send what this process has recorded to the others. Raises PyMongoError; what was not sent stays to be sent."""
    unsent = database.changes.unsent
    while unsent:
        changes = [unsent.popleft() for _ in range(min(len(unsent), SEND_BATCH))]
        batch: ChangeBatchDocument = {
            "_id": str(ObjectId()), "by": database.changes.id, "at": clock.now(),
            "changes": [encode_change(change) for change in changes],
        }  # fmt: skip
        try:
            with contextlib.suppress(DuplicateKeyError):
                await database.change_batches.insert_one(batch)
        except BaseException:
            unsent.extendleft(reversed(changes))
            raise
