"""Reading documents: parsing, weighing and validating, with a memory of the good ones.

A document that is not known yet is read in a thread. It takes milliseconds, and the event loop has runs to start.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from graphql import DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode, parse

from tocsin.config import Settings
from tocsin.graphql import validation
from tocsin.graphql.limits import excess
from tocsin.graphql.weighing import Weighed, weigh

Answer = TypeVar("Answer")
_REMEMBERED = 256
_REMEMBERED_LENGTH = 5_000
"""Characters: longer documents are rare and would fill the memory."""
_THREAD = ThreadPoolExecutor(1, "documents")
"""One, so that a flood of documents shares the interpreter with everything else as one of two."""


@dataclass
class Known:
    """A document that is valid, whoever asks, and the weights of its operations that no variable changes."""

    document: DocumentNode
    weights: dict[str | None, Weighed] = field(default_factory=dict)


class Memory:
    """The good documents that came lately. One that was refused must not push out those that are used."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int], Known] = OrderedDict()

    def get(self, query: str, max_tokens: int) -> Known | None:
        """What is known of a document that had no more tokens than that."""
        known = self._known.get((query, max_tokens))
        if known is not None:
            self._known.move_to_end((query, max_tokens))
        return known

    def keep(self, query: str, max_tokens: int, known: Known) -> None:
        """Remember a document, unless it is long."""
        if len(query) <= _REMEMBERED_LENGTH:
            self._known[query, max_tokens] = known
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)


async def read(query: str, max_tokens: int) -> DocumentNode:
    """The document. Raises GraphQLError for one that breaks the syntax or is too long."""
    return await _aside(lambda: parse_document(query, max_tokens))


def parse_document(query: str, max_tokens: int) -> DocumentNode:
    """Parse a document, and let its tokens go: they hold each other, and nobody needs them any more."""
    document = parse(query, max_tokens=max_tokens)
    token = document.loc.start_token if document.loc else None
    while token is not None:
        following = token.next
        token.prev = token.next = None
        token = following
    return document


async def check(
    schema: GraphQLSchema,
    document: DocumentNode,
    name: str | None,
    variables: Mapping[str, Any],
    settings: Settings,
    *,
    suggest: bool,
) -> Weighed:
    """The weight of the operation of this name in a document that is new. Raises Refused."""

    def work() -> Weighed:
        weighed = weigh_operation(schema, document, name, variables)
        refuse_excess(document, weighed, settings)
        if faults := validation.faults(schema, document, suggest=suggest):
            raise Refused(faults)
        return weighed

    return await _aside(work)


class Refused(Exception):
    """A document is not executed, for these reasons."""

    def __init__(self, faults: list[GraphQLError]) -> None:
        super().__init__("the document is refused")
        self.faults = faults


def refuse_excess(document: DocumentNode, weighed: Weighed, settings: Settings) -> None:
    """Raises Refused for a document that asks for too much."""
    if (fault := excess(document, weighed, settings)) is not None:
        raise Refused([fault])


def weigh_operation(
    schema: GraphQLSchema, document: DocumentNode, name: str | None, variables: Mapping[str, Any]
) -> Weighed:
    """Weigh the operation of this name, of which Strawberry has made sure that there is one. Raises Refused."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    operation = next(node for node in operations if name in (None, node.name.value if node.name else None))
    try:
        return weigh(schema, document, operation, variables)
    except GraphQLError as error:
        raise Refused([error]) from None


async def _aside(work: Callable[[], Answer]) -> Answer:
    """Do the work in the thread. An error comes without its traceback, which would keep the document for long."""

    def outcome() -> Answer | GraphQLError | Refused:
        try:
            return work()
        except (GraphQLError, Refused) as error:
            return error.with_traceback(None)

    found = await asyncio.get_running_loop().run_in_executor(_THREAD, outcome)
    try:
        if isinstance(found, GraphQLError | Refused):
            raise found
        return found
    finally:
        del found
