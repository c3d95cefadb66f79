"""Reading documents: parsing, weighing and validating, with a memory of the good ones.

A document that is not known yet is read in a thread. It takes milliseconds, and the event loop has runs to start.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode, parse

from tocsin.config import Settings
from tocsin.graphql import validation
from tocsin.graphql.limits import excess
from tocsin.graphql.weighing import Weighed, weigh

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


@dataclass(frozen=True, slots=True)
class Read:
    """A document that is new: what its operation weighs, or why it is refused. Neither: it has no such operation."""

    document: DocumentNode | None
    weighed: Weighed | None
    faults: list[GraphQLError]


async def read(
    schema: GraphQLSchema,
    query: str,
    name: str | None,
    variables: Mapping[str, Any],
    settings: Settings,
    *,
    suggest: bool,
) -> Read:
    """Parse, weigh and validate in one go: of all documents that wait, only one is in memory as a tree."""

    def work() -> Read:
        try:
            document = parse_document(query, settings.max_document_tokens)
        except GraphQLError as error:  # its traceback would keep all tokens
            return Read(None, None, [validation.without_traceback(error)])
        return _check(schema, document, name, variables, settings, suggest=suggest)

    return await asyncio.get_running_loop().run_in_executor(_THREAD, work)


def parse_document(query: str, max_tokens: int) -> DocumentNode:
    """Parse a document, and let its tokens go: they hold each other, and nobody needs them any more."""
    document = parse(query, max_tokens=max_tokens)
    token = document.loc.start_token if document.loc else None
    while token is not None:
        following = token.next
        token.prev = token.next = None
        token = following
    return document


def _check(
    schema: GraphQLSchema,
    document: DocumentNode,
    name: str | None,
    variables: Mapping[str, Any],
    settings: Settings,
    *,
    suggest: bool,
) -> Read:
    if not _operations(document, name):
        return Read(document, None, [])
    try:
        weighed = weigh_operation(schema, document, name, variables)
        refuse_excess(document, weighed, settings)
    except Refused as refused:
        return Read(document, None, refused.faults)
    return Read(document, weighed, validation.faults(schema, document, suggest=suggest))


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
    """Weigh the operation of this name, of which there must be one. Raises Refused."""
    try:
        return weigh(schema, document, _operations(document, name)[0], variables)
    except GraphQLError as error:
        raise Refused([validation.without_traceback(error)]) from None


def _operations(document: DocumentNode, name: str | None) -> list[OperationDefinitionNode]:
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    return [node for node in operations if name in (None, node.name.value if node.name else None)]
