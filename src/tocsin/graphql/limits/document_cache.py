"""Parsing, cost calculation and validation of documents, with a cache of valid ones.

A document that is not cached is processed in a thread: it takes milliseconds, which would delay runs on the event loop.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from graphql import (
    GRAPHQL_MAX_INT,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    get_operation_ast,
    parse,
)

from tocsin.config import Settings
from tocsin.graphql.limits import validation
from tocsin.graphql.limits.document_limits import find_excess
from tocsin.graphql.limits.query_cost import OperationCost, measure_cost

_MAX_DOCUMENTS = 256
_MAX_LENGTH = 5_000
"""Longest document that is cached, in characters. Longer ones are rare and would fill the memory."""
_MAX_COSTS = 100
"""Costs that are remembered for one document, of its operations and sizes of pages."""
_ABSENT = object()
Sizes: TypeAlias = tuple[object, ...]
_THREAD = ThreadPoolExecutor(1, "documents")
"""A single thread, so that a flood of documents competes with the event loop as one thread only."""


class CachedDocument:
    """A valid document, and the costs of its operations with the sizes of pages that were asked for last."""

    def __init__(self, document: DocumentNode) -> None:
        self.document = document
        self._variables: dict[str | None, tuple[str, ...]] = {}
        self._costs: dict[tuple[str | None, Sizes], OperationCost] = {}

    def find_cost(self, name: str | None, variables: Mapping[str, Any]) -> OperationCost | None:
        """Return the cost of the operation of this name with these variables if it is known."""
        sizes = self._sizes(name, variables)
        return None if sizes is None else self._costs.get((name, sizes))

    def keep_cost(self, name: str | None, variables: Mapping[str, Any], cost: OperationCost) -> None:
        """Remember the cost of the operation of this name with these variables, unless it depends on a whole object."""
        self._variables[name] = cost.variables
        sizes = self._sizes(name, variables)
        if sizes is not None:
            if len(self._costs) >= _MAX_COSTS:
                self._costs.clear()
            self._costs[name, sizes] = cost

    def _sizes(self, name: str | None, variables: Mapping[str, Any]) -> Sizes | None:
        """Return the values of the variables on which the cost depends; None if it is unknown or they are no sizes."""
        read = self._variables.get(name)
        if read is None:
            return None
        values = tuple(variables.get(variable, _ABSENT) for variable in read)
        return values if all(map(_is_size, values)) else None


def _is_size(value: object) -> bool:
    return value is None or value is _ABSENT or (type(value) is int and abs(value) <= GRAPHQL_MAX_INT)


class DocumentCache:
    """An LRU cache of valid documents. Refused ones are not cached, so they cannot evict those in use."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int], CachedDocument] = OrderedDict()

    def get(self, query: str, max_tokens: int) -> CachedDocument | None:
        """Return the document cached under this token limit, or None."""
        known = self._known.get((query, max_tokens))
        if known is not None:
            self._known.move_to_end((query, max_tokens))
        return known

    def put(self, query: str, max_tokens: int, known: CachedDocument) -> None:
        """Cache a document, unless it is too long."""
        if len(query) <= _MAX_LENGTH:
            self._known[query, max_tokens] = known
            if len(self._known) > _MAX_DOCUMENTS:
                self._known.popitem(last=False)


@dataclass(frozen=True, slots=True)
class CheckedDocument:
    """The result of checking a new document: the cost of its operation, or the errors for which it is refused.

    With neither, the document has no operation of the requested name.
    """

    document: DocumentNode | None
    cost: OperationCost | None
    errors: list[GraphQLError]


async def check_document(
    schema: GraphQLSchema,
    query: str,
    name: str | None,
    variables: Mapping[str, Any],
    settings: Settings,
    *,
    suggest: bool,
) -> CheckedDocument:
    """Parse and validate a document and calculate its cost.

    All in one step, so that of all waiting documents only one is in memory as a tree.
    """

    def check() -> CheckedDocument:
        try:
            document = parse_document(query, settings.max_document_tokens)
        except GraphQLError as error:  # its traceback would keep all tokens alive
            return CheckedDocument(None, None, [validation.without_traceback(error)])
        if not _operations(document, name):
            return CheckedDocument(document, None, [])
        try:
            cost = measure_operation(schema, document, name, variables)
            refuse_excess(document, cost, settings)
        except DocumentRefused as refused:
            return CheckedDocument(document, None, refused.errors)
        return CheckedDocument(document, cost, validation.validate_document(schema, document, suggest=suggest))

    return await asyncio.get_running_loop().run_in_executor(_THREAD, check)


def parse_document(query: str, max_tokens: int) -> DocumentNode:
    """Parse a document and unlink its tokens, which form reference cycles and are not needed afterwards."""
    document = parse(query, max_tokens=max_tokens)
    token = document.loc.start_token if document.loc else None
    while token is not None:
        following = token.next
        token.prev = token.next = None
        token = following
    return document


async def find_operation(query: str, name: str | None, max_tokens: int) -> OperationDefinitionNode | None:
    """Parse a document, which need not be valid, and return its operation of this name; None if it has none."""

    def find() -> OperationDefinitionNode | None:
        with suppress(GraphQLError):
            return get_operation_ast(parse_document(query, max_tokens), name)
        return None

    return await asyncio.get_running_loop().run_in_executor(_THREAD, find)


class DocumentRefused(Exception):
    """A document that may not be executed, with the errors to return."""

    def __init__(self, faults: list[GraphQLError]) -> None:
        super().__init__("the document is refused")
        self.errors = faults


def refuse_excess(document: DocumentNode, cost: OperationCost, settings: Settings) -> None:
    """Raise DocumentRefused for a document that exceeds a limit."""
    if (fault := find_excess(document, cost, settings)) is not None:
        raise DocumentRefused([fault])


def measure_operation(
    schema: GraphQLSchema, document: DocumentNode, name: str | None, variables: Mapping[str, Any]
) -> OperationCost:
    """Return the cost of the operation with this name, which must exist. Raises DocumentRefused."""
    try:
        return measure_cost(schema, document, _operations(document, name)[0], variables)
    except GraphQLError as error:
        raise DocumentRefused([validation.without_traceback(error)]) from None


def _operations(document: DocumentNode, name: str | None) -> list[OperationDefinitionNode]:
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    return [node for node in operations if name in (None, node.name.value if node.name else None)]
