"""What is done around every operation: parsing and validating with a memory, limits, codes for all errors."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphql import DocumentNode, GraphQLError, OperationDefinitionNode
from graphql import ExecutionResult as GraphQLResult
from pymongo.errors import PyMongoError
from strawberry.extensions import SchemaExtension
from strawberry.types.execution import ExecutionResult, StreamExecutionResult
from strawberry.types.graphql import OperationType

from tocsin.config import Settings
from tocsin.errors import DatabaseUnavailable, RateLimited
from tocsin.graphql import validation
from tocsin.graphql.admission import Admission, caller_of, caused_by
from tocsin.graphql.callers import Caller
from tocsin.graphql.errors import coded
from tocsin.graphql.limits import excess
from tocsin.graphql.weighing import Weighed, weigh

_REMEMBERED = 256
_REMEMBERED_LENGTH = 5_000
"""Characters: longer documents are rare and would fill the memory."""
_NO_INTROSPECTION = {
    "users": ("Only those who are logged in may ask for the schema here. Send an access token.", "UNAUTHENTICATED"),
    "nobody": ("The schema cannot be asked for here.", "FORBIDDEN"),
}
_TIMEOUT = "The operation took longer than {:g} s and was given up. {}"
_PERHAPS_DONE = (
    "What it was to change may have been changed, in whole or in part: look before you send it again, or send it with "
    "the same idempotencyKey."
)


@dataclass
class _Known:
    """A document that is valid, whoever asks, and the weights of its operations that no variable changes."""

    document: DocumentNode
    weights: dict[str | None, Weighed]


class _Memory:
    """The documents that came lately and are valid. One that was refused must not push out those that are used."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int], _Known] = OrderedDict()

    def get(self, query: str | None, max_tokens: int) -> _Known | None:
        if query is None or len(query) > _REMEMBERED_LENGTH:
            return None
        known = self._known.get((query, max_tokens))
        if known is not None:
            self._known.move_to_end((query, max_tokens))
        return known

    def keep(self, query: str | None, max_tokens: int, known: _Known) -> None:
        if query is not None and len(query) <= _REMEMBERED_LENGTH:
            self._known[query, max_tokens] = known
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)


_memory = _Memory()


class Documents(SchemaExtension):
    """Parses and validates a document once, refuses one that asks for too much, and holds the caller to his limits."""

    _known: _Known | None = None

    @cached_property
    def _admission(self) -> Admission:
        return Admission(self.execution_context.context)

    @property
    def _settings(self) -> Settings:
        settings: Settings = self.execution_context.context.services.settings
        return settings

    def on_operation(self) -> Iterator[None]:
        self.execution_context.parse_options["max_tokens"] = self._settings.max_document_tokens
        try:
            yield
        finally:
            self._admission.end()

    async def on_parse(self) -> AsyncIterator[None]:
        context = self.execution_context
        self._known = _memory.get(context.query, self._settings.max_document_tokens)
        if self._known is not None:
            context.graphql_document = self._known.document
        yield
        if context.graphql_document is None:
            with suppress(RateLimited):  # the answer is the syntax error; the next one is not even read
                await self._admission.turn_away()

    async def on_validate(self) -> AsyncIterator[None]:
        context = self.execution_context
        if context.graphql_document is not None:
            try:
                context.pre_execution_errors = await self._faults(context.graphql_document)
            except (RateLimited, PyMongoError, DatabaseUnavailable) as error:
                context.pre_execution_errors = [caused_by(error)]
        yield

    async def on_execute(self) -> AsyncIterator[None]:
        kind, seconds = self.execution_context.operation_type, self._settings.execution_timeout
        try:
            async with asyncio.timeout(None if kind is OperationType.SUBSCRIPTION else seconds):
                yield
        except TimeoutError:
            after = _PERHAPS_DONE if kind is OperationType.MUTATION else "Ask for less."
            raise GraphQLError(_TIMEOUT.format(seconds, after), extensions={"code": "TIMEOUT"}) from None

    def get_results(self) -> dict[str, Any]:
        """`extensions` of the answer: what it cost. Events of a subscription have none."""
        context = self.execution_context
        if context.graphql_document is None or context.operation_type is OperationType.SUBSCRIPTION:
            return {}
        cost = self._admission.cost()
        return {"cost": cost} if cost else {}

    async def _faults(self, document: DocumentNode) -> list[GraphQLError]:
        """Why the operation is not executed; empty if it is. Raises RateLimited."""
        caller = await caller_of(self.execution_context.context)
        try:
            weighed = self._weigh(document)
            faults = self._refuse(document, weighed, caller)
        except GraphQLError as error:
            faults = [error]
        if faults:
            await self._admission.turn_away()
        else:
            await self._admission.enter(self.execution_context.operation_type, weighed.cost)
        return faults

    def _weigh(self, document: DocumentNode) -> Weighed:
        """Raises GraphQLError."""
        context = self.execution_context
        name = context.operation_name
        if self._known is not None and (known := self._known.weights.get(name)) is not None:
            return known
        return weigh(context.schema._schema, document, _operation(document, name), context.variables or {})

    def _refuse(self, document: DocumentNode, weighed: Weighed, caller: Caller) -> list[GraphQLError]:
        context, settings = self.execution_context, self._settings
        if (fault := excess(document, weighed, settings)) is not None:
            return [fault]
        if weighed.weight.introspects and not caller.is_among(settings.introspection):
            message, code = _NO_INTROSPECTION[settings.introspection]
            return [GraphQLError(message, extensions={"code": code})]
        if self._known is None:
            suggest = caller.is_among(settings.suggestions)
            if faults := validation.faults(context.schema._schema, document, suggest=suggest):
                return faults
            self._known = _Known(document, {})
            _memory.keep(context.query, settings.max_document_tokens, self._known)
        if weighed.fixed:
            self._known.weights[context.operation_name] = weighed
        return []


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """The operation that is meant: Strawberry has made sure that there is one."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    return next(node for node in operations if name in (None, node.name.value if node.name else None))


class Errors(SchemaExtension):
    """Gives every top-level error its code, and hides what is inside Tocsin."""

    def __init__(self) -> None:
        self._executing = False
        self._streamed = False

    def on_operation(self) -> Iterator[None]:
        yield
        if not self._streamed:
            self._code(self.execution_context.result)

    def on_execute(self) -> Iterator[None]:
        self._executing = True
        yield

    def on_stream_result(self, result: StreamExecutionResult) -> Iterator[None]:
        self._streamed = True
        self._code(result)
        yield

    def _code(self, result: object) -> None:
        if isinstance(result, GraphQLResult | ExecutionResult) and result.errors:
            request_id = self.execution_context.context.request_id
            result.errors = [coded(error, executing=self._executing, request_id=request_id) for error in result.errors]
