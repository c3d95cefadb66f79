"""Schema extensions around every operation: cached parsing and validation, limits, error codes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from functools import cached_property
from typing import Any

from graphql import DocumentNode, GraphQLError, NameNode, OperationDefinitionNode, SelectionSetNode
from graphql import ExecutionResult as GraphQLResult
from graphql.language import ast
from pymongo.errors import PyMongoError
from strawberry.extensions import SchemaExtension
from strawberry.types.execution import ExecutionResult, StreamExecutionResult
from strawberry.types.graphql import OperationType

from tocsin.config import Settings
from tocsin.errors import DatabaseUnavailable, RateLimited
from tocsin.graphql.allowed_values import with_allowed_values
from tocsin.graphql.callers import Caller
from tocsin.graphql.errors import mask_error
from tocsin.graphql.limits import document_cache
from tocsin.graphql.limits.admission import Admission, identify_caller, wrap_error
from tocsin.graphql.limits.document_cache import CachedDocument, CheckedDocument, DocumentCache, DocumentRefused
from tocsin.graphql.limits.guarded_schema import can_see_suggestions
from tocsin.graphql.limits.query_cost import OperationCost
from tocsin.graphql.limits.write_only import find_read_errors

_NO_INTROSPECTION = {
    "users": ("Introspection requires an access token on this server.", "UNAUTHENTICATED"),
    "nobody": ("Introspection is disabled on this server.", "FORBIDDEN"),
}
_TIMEOUT = "The operation was aborted because it took longer than {:g} s. {}"
_MAY_BE_SAVED = (
    "Its changes may have been saved in whole or in part: check before you send it again, or send it again with the "
    "same idempotencyKey."
)
_MAX_ERRORS = 10
_memory = DocumentCache()


class DocumentExtension(SchemaExtension):
    """Parses and validates documents with a cache, refuses expensive ones, and applies the caller's rate limits."""

    _known: CachedDocument | None = None
    _new: CheckedDocument

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
            self._admission.release()

    async def on_parse(self) -> AsyncIterator[None]:
        context = self.execution_context
        if context.query:
            self._known = _memory.get(context.query, self._settings.max_document_tokens)
            context.graphql_document = self._known.document if self._known else await self._find(context.query)
        yield

    async def on_validate(self) -> AsyncIterator[None]:
        context = self.execution_context
        if context.graphql_document is not None:
            try:
                context.pre_execution_errors = await self._faults(context.graphql_document)
            except (RateLimited, PyMongoError, DatabaseUnavailable) as error:
                context.pre_execution_errors = [wrap_error(error)]
        yield

    async def on_execute(self) -> AsyncIterator[None]:
        kind, seconds = self.execution_context.operation_type, self._settings.execution_timeout
        try:
            async with asyncio.timeout(None if kind is OperationType.SUBSCRIPTION else seconds):
                yield
        except TimeoutError:
            after = _MAY_BE_SAVED if kind is OperationType.MUTATION else "Request fewer fields or smaller pages."
            raise GraphQLError(_TIMEOUT.format(seconds, after), extensions={"code": "TIMEOUT"}) from None

    def get_results(self) -> dict[str, Any]:
        """Return `extensions` of the response: its cost. Events of a subscription have none."""
        context = self.execution_context
        if context.graphql_document is None or context.operation_type is OperationType.SUBSCRIPTION:
            return {}
        cost = self._admission.cost_extension()
        return {"cost": cost} if cost else {}

    async def _find(self, query: str) -> DocumentNode:
        """Parse and check a document that is not cached. Its errors are kept for `on_validate`, which reports them."""
        context = self.execution_context
        self._new = await document_cache.check_document(
            context.schema._schema,
            query,
            context.operation_name,
            context.variables or {},
            self._settings,
            suggest=await self._can_see_suggestions(),
        )
        return self._new.document or _empty_document(context.operation_name)

    async def _can_see_suggestions(self) -> bool:
        with suppress(RateLimited, PyMongoError, DatabaseUnavailable):  # reported by on_validate
            return (await identify_caller(self.execution_context.context)).is_among(self._settings.suggestions)
        return False

    async def _faults(self, document: DocumentNode) -> list[GraphQLError]:
        """Return the errors for which the operation is refused; empty if it may run. Raises RateLimited."""
        context = self.execution_context
        try:
            weighed = self._check(document, await identify_caller(context.context))
        except DocumentRefused as refused:
            await self._admission.charge_refusal()
            return refused.errors
        await self._admission.admit(context.operation_type, weighed.cost)
        return []

    def _check(self, document: DocumentNode, caller: Caller) -> OperationCost:
        """Return the cost of the operation. Raises Refused if it may not run."""
        context, settings = self.execution_context, self._settings
        schema, name, variables = context.schema._schema, context.operation_name, context.variables or {}
        if self._known is None:
            self._known, weighed = self._learn(document)
        else:
            weighed = self._known.costs.get(name) or document_cache.measure_operation(schema, document, name, variables)
            document_cache.refuse_excess(document, weighed, settings)
        if weighed.is_constant:
            self._known.costs[name] = weighed
        if weighed.selection.introspects and not caller.is_among(settings.introspection):
            message, code = _NO_INTROSPECTION[settings.introspection]
            raise DocumentRefused([GraphQLError(message, extensions={"code": code})])
        if not context.context.can_read and (faults := find_read_errors(schema, document, name)):
            raise DocumentRefused(faults[:_MAX_ERRORS])
        return weighed

    def _learn(self, document: DocumentNode) -> tuple[CachedDocument, OperationCost]:
        """Cache the new document if it is valid. Raises Refused."""
        if self._new.cost is None or self._new.errors:
            raise DocumentRefused(self._new.errors)
        known = CachedDocument(document)
        _memory.put(self.execution_context.query or "", self._settings.max_document_tokens, known)
        return known, self._new.cost


def _empty_document(name: str | None) -> DocumentNode:
    """Return an empty query of this name as a placeholder for a document that cannot be parsed."""
    named = NameNode(value=name) if name else None
    selections = SelectionSetNode(selections=())
    query = OperationDefinitionNode(operation=ast.OperationType.QUERY, name=named, selection_set=selections)
    return DocumentNode(definitions=(query,))


class ErrorExtension(SchemaExtension):
    """Adds a code to every top-level error and masks internal errors."""

    def __init__(self) -> None:
        self._executing = False
        self._streamed = False

    def on_operation(self) -> Iterator[None]:
        yield
        if not self._streamed:
            self._mask_errors(self.execution_context.result)

    def on_execute(self) -> Iterator[None]:
        self._executing = True
        yield

    def on_stream_result(self, result: StreamExecutionResult) -> Iterator[None]:
        self._streamed = True
        self._mask_errors(result)
        yield

    def _mask_errors(self, result: object) -> None:
        if isinstance(result, GraphQLResult | ExecutionResult) and result.errors:
            context = self.execution_context
            errors = result.errors
            if can_see_suggestions(context.context):
                schema, variables = context.schema._schema, context.variables or {}
                errors = [with_allowed_values(error, schema, variables) for error in errors]
            request_id = context.context.request_id
            result.errors = [mask_error(error, executing=self._executing, request_id=request_id) for error in errors]
            for error in result.errors:
                context.context.log_refusal((error.extensions or {}).get("code"), error.message)
