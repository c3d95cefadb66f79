"""Operations that wait, such as long polls: neither their timeout nor their slot is for the time of the wait.

So the field that waits must be alone: others beside it would be executed without a slot, for as long as it may wait.
What is selected of it is executed after the wait, with a slot again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLResolveInfo,
    InlineFragmentNode,
    SelectionSetNode,
)

from tocsin.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class OperationInProgress:
    """The operation of the current task: its timeout, the seconds of that, and how to release its slot and take one.

    `retake_slot` waits until a slot is free.
    """

    timeout: asyncio.Timeout
    seconds: float
    release_slot: Callable[[], None]
    retake_slot: Callable[[], Awaitable[None]]

    @asynccontextmanager
    async def wait_without_slot(self, seconds: float) -> AsyncIterator[None]:
        """Wait in the block for this time: the slot is free meanwhile, and the timeout begins after the wait."""
        self.release_slot()
        self._end_after(seconds + self.seconds)
        yield
        self._end_after(self.seconds)
        await self.retake_slot()

    def _end_after(self, seconds: float) -> None:
        if self.timeout.when() is not None:
            self.timeout.reschedule(asyncio.get_running_loop().time() + seconds)


OPERATION: ContextVar[OperationInProgress | None] = ContextVar("operation", default=None)
"""The operation in progress; None outside of one."""


def wait_without_slot(seconds: float) -> AbstractAsyncContextManager[None]:
    """Let the operation in progress, if any, wait in the block for this time."""
    operation = OPERATION.get()
    return nullcontext() if operation is None else operation.wait_without_slot(seconds)


def require_alone(info: GraphQLResolveInfo[Any], argument: str) -> None:
    """Raise InvalidInput at the argument that makes a root field wait if the operation has other root fields."""
    fields = list(_root_fields(info.operation.selection_set, dict(info.fragments)))
    if len(fields) > 1:
        message = f"A field with {argument} must be the only root field of its operation, which has {len(fields)}."
        raise InvalidInput(f"{message} Send the others separately.", argument)


def _root_fields(selections: SelectionSetNode, unvisited: dict[str, FragmentDefinitionNode]) -> Iterator[FieldNode]:
    """Yield the root fields but `__typename`, those of each fragment once."""
    for node in selections.selections:
        if isinstance(node, FieldNode) and node.name.value != "__typename":
            yield node
        elif isinstance(node, InlineFragmentNode):
            yield from _root_fields(node.selection_set, unvisited)
        elif isinstance(node, FragmentSpreadNode) and (found := unvisited.pop(node.name.value, None)):
            yield from _root_fields(found.selection_set, unvisited)
