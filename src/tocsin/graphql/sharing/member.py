"""One of the subscribers that share a subscription."""

import asyncio
import time
from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

from graphql import ExecutionResult, GraphQLError
from graphql.execution import Executor, execute_subscription_event

from tocsin.errors import Unauthenticated
from tocsin.events import Backlog, Change
from tocsin.graphql.errors import original_cause
from tocsin.graphql.limits.masking import mask_errors
from tocsin.graphql.sharing.delivery import Delivery, Payloads

if TYPE_CHECKING:
    from tocsin.graphql.context import Context

MAX_BACKLOG = 1_000
"""Things that changed while a client did not read. Beyond this it gets a RESYNC."""


class MemberEnd(Enum):
    """How a membership ends by itself."""

    LIMIT_REACHED = "the member got as many events as it wanted"
    PERMISSIONS_CHANGED = "the member's permissions are no longer those of the others"


class Member:
    """A subscriber that gets the events of a group, from a backlog of its own until it has caught up.

    `limit` is the number of events it wants, `since` the number of changes that the group had been offered when the
    member joined: later ones follow.
    """

    def __init__(
        self, delivery: Delivery, executor: Executor[Any], backlog: Backlog, since: int, limit: int | None
    ) -> None:
        self.outlet, self.since = delivery.outlet, since
        self.joined_at = time.monotonic()
        self.ended: asyncio.Future[MemberEnd] = asyncio.get_running_loop().create_future()
        self.backlog = backlog
        self.left = limit
        """Events until the limit; None without one."""
        self._executor, self._variables = executor, delivery.variables
        self._context: Context = executor.context_value
        self._permissions, self._identity = self._context.permissions, self._context.identity

    async def execute(self, event: object) -> tuple[ExecutionResult, bool]:
        """Execute the selection for an event. Also tell whether that was refused because the member's token ended."""
        executor, refused = self._executor, False
        result: Any
        try:
            result = execute_subscription_event(executor.build_per_event_executor(event))
            result = await result if executor.is_awaitable(result) else result
        except Exception as error:
            result = ExecutionResult(None, [GraphQLError(str(error), original_error=error)])
        if result.errors:
            refused = any(isinstance(original_cause(error), Unauthenticated) for error in result.errors)
            result.errors = mask_errors(result.errors, self._context, executor.schema, self._variables, executing=True)
        return result, refused

    def fail(self, error: Exception) -> None:
        """End the membership with this error."""
        if not self.ended.done():
            self.ended.set_exception(error)

    def end(self, reason: MemberEnd) -> None:
        """End the membership."""
        if not self.ended.done():
            self.ended.set_result(reason)

    def has_same_permissions(self) -> bool:
        """Tell whether the member may still see what it might when it joined. If not, its membership ends."""
        if self._context.identity is self._identity:
            return True
        self._identity = self._context.identity
        if self._context.permissions == self._permissions:
            return True
        self.end(MemberEnd.PERMISSIONS_CHANGED)
        return False

    def send(self, parts: Sequence[Payloads]) -> int:
        """Send results while the client reads, up to its limit. Returns how many were sent or are unwanted."""
        sent = 0
        for part in parts:
            if self.ended.done():
                return sum(len(each) for each in parts)
            if not self.outlet.is_writable:
                break
            self._write(part)
            sent += len(part)
        return sent

    def _write(self, part: Payloads) -> None:
        if self.left is None or len(part) < self.left:
            self.outlet.write(part)
            self.left = None if self.left is None else self.left - len(part)
        else:
            self.outlet.write(part.first(self.left))
            self.end(MemberEnd.LIMIT_REACHED)

    def keep(self, changes: Sequence[tuple[int, Change]]) -> None:
        """Keep the changes that were offered since the member joined, until its client reads."""
        for number, change in changes:
            if number > self.since:
                self.backlog.add(change)
