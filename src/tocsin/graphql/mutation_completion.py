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
log = telemetry.get_logger(__name__)


def complete_cancelled_mutations(schema: GraphQLSchema) -> None:
    """Let the resolvers of mutations end by themselves when the operation is cancelled."""
    for field in schema.mutation_type.fields.values() if schema.mutation_type else ():
        field.resolve = _make_resolver(field.resolve or default_field_resolver)


def _make_resolver(resolve: Callable[..., Any]) -> Callable[..., Any]:
    def resolve_to_its_end(*args: Any, **arguments: Any) -> Any:
        result = resolve(*args, **arguments)
        return complete(result) if isawaitable(result) else result

    return resolve_to_its_end


async def complete(mutation: Awaitable[Any]) -> Any:
    """Return the result of a mutation. Cancelled, it goes on for at most `GRACE_SECONDS`."""
    task = asyncio.ensure_future(mutation)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.done():
            deadline = asyncio.get_running_loop().call_later(GRACE_SECONDS, task.cancel)
            task.add_done_callback(lambda _: deadline.cancel())
            task.add_done_callback(_log_error)
        raise


def _log_error(task: asyncio.Future[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("a mutation whose caller had left failed", error=str(error)[:300])
