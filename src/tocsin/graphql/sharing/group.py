"""The subscribers that share a subscription: each event is executed and encoded once, and sent to all of them."""

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice

from graphql import ExecutionResult

from tocsin.events import Change, ChangeQueue, cursor_of
from tocsin.graphql.encoding import encode_json
from tocsin.graphql.sharing.delivery import Payloads
from tocsin.graphql.sharing.identity import SharedOperation
from tocsin.graphql.sharing.member import Member
from tocsin.graphql.sharing.telling import CHANGES_PER_ROUND, Rounds

MAX_PART_BYTES = 32 * 1024
"""Bytes that are sent to a client before it is checked whether it still reads."""
MEMBERS_PER_SLICE = 50
"""Members that are sent to in one iteration of the event loop."""
_MAX_KEPT_BYTES = 256 * 1024
_MAX_KEPT_SECONDS = 1.0
"""Bounds of the results that a group keeps for members that are behind."""
_MAX_ATTEMPTS = 3


class SubscriptionGroup:
    """The members of one shared subscription. It is told about changes as one subscriber of the fan-out."""

    def __init__(
        self,
        operation: SharedOperation,
        convert: Callable[[Change], object],
        rounds: Rounds,
        now: Callable[[], datetime],
    ) -> None:
        """`now` returns the time by the clock of the database."""
        self._now = now
        self.filter = operation.filter
        self.queue = ChangeQueue()
        self.members: dict[Member, None] = {}
        self._behind: dict[Member, None] = {}
        self._convert, self._rounds = convert, rounds
        self._kept: dict[Change, tuple[float, bytes]] = {}
        self._kept_bytes = 0

    @property
    def owner(self) -> str:
        """The ID of the owner."""
        return self.filter.owner

    def offer(self, changes: Sequence[Change]) -> None:
        """Queue changes for the members."""
        if not self.queue.extend(changes):
            self.resync()
        self.wake()

    def resync(self) -> None:
        """Tell the members to read the current state, because changes may have been missed."""
        self.queue.add(self.filter.resync(self._now()))
        self.wake()

    def wake(self) -> None:
        """Ask for a turn."""
        self._rounds.wake(self)

    def add(self, member: Member) -> None:
        """Send a member its backlog, and then what the others get."""
        self.members[member] = None
        self._fall_behind(member)

    def remove(self, member: Member) -> None:
        """Send nothing more to a member."""
        self.members.pop(member, None)
        self._behind.pop(member, None)

    def count_waiting(self) -> int:
        """Return the number of queued changes and of members that can catch up."""
        return len(self.queue) + sum(member.outlet.is_writable for member in self._behind)

    async def tell(self) -> None:
        """Tell the members the next changes. Those that are behind get some of their backlog."""
        try:
            if changes := self.queue.take(CHANGES_PER_ROUND):
                await self._tell_all(changes)
            await self._catch_up()
        except Exception as error:
            for member in self.members:
                member.fail(error)
            raise

    async def _tell_all(self, changes: Sequence[tuple[int, Change]]) -> None:
        parts = await self._parts([change for _, change in changes])
        for number, member in enumerate(list(self.members), 1):
            if member in self.members and member.has_same_permissions():
                self._tell_member(member, changes, parts)
            if number % MEMBERS_PER_SLICE == 0:
                await asyncio.sleep(0)

    def _tell_member(self, member: Member, changes: Sequence[tuple[int, Change]], parts: Sequence[Payloads]) -> None:
        is_level = member.backlog.is_level and member.since < changes[0][0]
        rest = changes[member.send(parts) if is_level else 0 :]
        if rest:
            member.keep(rest)
            self._fall_behind(member)

    def _fall_behind(self, member: Member) -> None:
        if member.ended.done():
            return
        if len(member.backlog):
            self._behind[member] = None
            self._wake_when_writable(member)
        elif member.backlog.is_catching_up:
            member.backlog.start_loading(lambda loading: self._go_on(member, loading))

    def _go_on(self, member: Member, loading: "asyncio.Task[None]") -> None:
        """Send a member what was read for it."""
        if member not in self.members or loading.cancelled():
            return
        if (error := loading.exception()) is not None:
            member.fail(error if isinstance(error, Exception) else RuntimeError(repr(error)))
        else:
            self._fall_behind(member)

    def _wake_when_writable(self, member: Member) -> None:
        if member.outlet.is_writable:
            self.wake()
        else:
            member.outlet.call_when_writable(self.wake)

    async def _catch_up(self) -> None:
        """Send members that are behind a part of their backlogs, those first that have waited longest."""
        await asyncio.gather(*(self._catch_up_member(member) for member in self._next_to_catch_up()))

    def _next_to_catch_up(self) -> list[Member]:
        """Return members that read, with `CHANGES_PER_ROUND` changes or a few more."""
        members: list[Member] = []
        changes = 0
        for member in self._behind:
            if member.outlet.is_writable and changes < CHANGES_PER_ROUND:
                members.append(member)
                changes += len(member.backlog)
        return members

    async def _catch_up_member(self, member: Member) -> None:
        """Send a member a part of its backlog. If that fails, it ends for this member only."""
        try:
            await self._send_backlog(member)
        except Exception as error:
            self._behind.pop(member, None)
            member.fail(error)

    async def _send_backlog(self, member: Member) -> None:
        changes = await member.backlog.complete(member.backlog.first(CHANGES_PER_ROUND))
        parts = await self._parts(changes, member.joined_at)
        if member not in self.members:
            return
        self._behind.pop(member, None)  # to the end, if anything is left
        if member.has_same_permissions():
            member.backlog.drop(member.send(parts))
            self._fall_behind(member)

    async def _parts(self, changes: Sequence[Change], kept_since: float = math.inf) -> list[Payloads]:
        results = await asyncio.gather(*(self._result(change, kept_since) for change in changes))
        return split_results(results, [cursor_of(change) for change in changes])

    async def _result(self, change: Change, kept_since: float) -> bytes:
        """Return the event of a change as JSON: one that was kept since then for members that are behind, or a new one.

        An equal change may follow within the same millisecond, so what was kept before a change was told is too old.
        """
        kept = self._kept.get(change)
        if kept is not None and kept[0] >= max(kept_since, time.monotonic() - _MAX_KEPT_SECONDS):
            return kept[1]
        begun = time.monotonic()
        result = encode_result(await self._execute(change))
        if len(self.members) > 1:
            self._keep(change, begun, result)
        return result

    def _keep(self, change: Change, begun: float, result: bytes) -> None:
        self._kept_bytes += len(result) - len(self._kept.pop(change, (begun, b""))[1])
        self._kept[change] = begun, result
        while self._kept_bytes > _MAX_KEPT_BYTES:
            oldest = next(iter(self._kept))
            self._kept_bytes -= len(self._kept.pop(oldest)[1])

    async def _execute(self, change: Change) -> ExecutionResult:
        """Execute the selection for an event, for a member whose token is valid."""
        result = ExecutionResult(None, None)
        for member in list(islice(self.members, _MAX_ATTEMPTS)):
            if member.has_same_permissions():
                result, refused = await member.execute(self._convert(change))
                if not refused:
                    break
        return result


def encode_result(result: ExecutionResult) -> bytes:
    """Return a result as JSON. One that could not be executed has no data."""
    errors = [error.formatted for error in result.errors or ()]
    was_executed = not errors or result.data is not None or any("path" in error for error in errors)
    data = {"data": result.data} if was_executed else {}
    return encode_json(data | ({"errors": errors} if errors else {}))


def split_results(results: Sequence[bytes], cursors: Sequence[str] = ()) -> list[Payloads]:
    """Split results and their cursors into parts of at most `MAX_PART_BYTES`, with at least one result each."""
    starts: list[int] = []
    size = MAX_PART_BYTES
    for number, result in enumerate(results):
        size += len(result)
        if size > MAX_PART_BYTES:
            starts.append(number)
            size = len(result)
    ends = [*starts[1:], len(results)]
    return [Payloads(results[start:end], cursors[start:end]) for start, end in zip(starts, ends, strict=False)]
