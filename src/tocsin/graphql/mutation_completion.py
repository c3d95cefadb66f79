"""Mutations go on when their caller no longer waits for them.

A client can cancel an operation at any moment, and an operation can exceed its time. Between a write and what follows
from it, such as the record by which subscribers are told of it, nothing else would finish what was begun.
"""

import asyncio
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any

from graphql import GraphQLSchema, default_field_resolver

from tocsin import telemetry

GRACE_SECONDS = 10.0
"""Time that a mutation has from its cancellation on."""
MAX_ABANDONED = 50
"""Mutations that go on at a time, since they hold no place of their callers. More are aborted at once."""
log = telemetry.get_logger(__name__)


class AbandonedMutations:
    """The mutations of a process whose callers have left."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Future[Any]] = set()

    async def complete(self, mutation: Awaitable[Any]) -> Any:
        """Return the result of a mutation. Cancelled, it goes on for at most `GRACE_SECONDS`."""
        task = asyncio.ensure_future(mutation)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.done():
                self._add(task)
            raise

    def _add(self, task: asyncio.Future[Any]) -> None:
        if len(self._tasks) >= MAX_ABANDONED:
            task.cancel()
            return
        deadline = asyncio.get_running_loop().call_later(GRACE_SECONDS, task.cancel)
        self._tasks.add(task)
        task.add_done_callback(lambda _: deadline.cancel())
        task.add_done_callback(self._remove)

    def _remove(self, task: asyncio.Future[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("a mutation whose caller had left failed", error=str(error)[:300])

    async def wait(self) -> None:
        """Wait until all have ended. Call it before the database is closed."""
        if self._tasks:
            await asyncio.wait(self._tasks)


def complete_cancelled_mutations(schema: GraphQLSchema) -> None:
    """Let the resolvers of mutations end by themselves when the operation is cancelled."""
    for field in schema.mutation_type.fields.values() if schema.mutation_type else ():
        field.resolve = _make_resolver(field.resolve or default_field_resolver)


def _make_resolver(resolve: Callable[..., Any]) -> Callable[..., Any]:
    def resolve_to_its_end(source: Any, info: Any, **arguments: Any) -> Any:
        result = resolve(source, info, **arguments)
        return info.context.services.abandoned_mutations.complete(result) if isawaitable(result) else result

    return resolve_to_its_end
