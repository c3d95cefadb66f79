"""Schema extensions around every operation: its admission, its timeout, and the codes of its errors."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import cached_property
from typing import Any

from graphql import ExecutionResult as GraphQLResult
from graphql import GraphQLError
from strawberry.extensions import SchemaExtension
from strawberry.types.execution import ExecutionResult, StreamExecutionResult
from strawberry.types.graphql import OperationType

from tocsin.config import Settings
from tocsin.graphql.limits.admission import Admission
from tocsin.graphql.limits.masking import mask_errors
from tocsin.graphql.limits.waiting import OPERATION, OperationInProgress

_TIMEOUT = "The operation was aborted because it took longer than {:g} s. {}"
_MAY_BE_SAVED = (
    "Its changes may have been saved in whole or in part: check before you send it again, or send it again with the "
    "same idempotencyKey."
)


class DocumentExtension(SchemaExtension):
    """Parses and validates documents by their admission, and aborts operations that take too long."""

    @cached_property
    def _admission(self) -> Admission:
        return Admission(self.execution_context)

    @property
    def _settings(self) -> Settings:
        settings: Settings = self.execution_context.context.services.settings
        return settings

    async def on_operation(self) -> AsyncIterator[None]:
        self.execution_context.parse_options["max_tokens"] = self._settings.max_document_tokens
        try:
            yield
        finally:
            await self._admission.finish()

    async def on_parse(self) -> AsyncIterator[None]:
        context = self.execution_context
        if context.query:
            context.graphql_document = await self._admission.find_document(context.query)
        yield

    async def on_validate(self) -> AsyncIterator[None]:
        context = self.execution_context
        if context.graphql_document is not None:
            context.pre_execution_errors = await self._admission.admit(context.graphql_document)
        yield

    async def on_execute(self) -> AsyncIterator[None]:
        kind, seconds = self.execution_context.operation_type, self._settings.execution_timeout
        try:
            async with asyncio.timeout(None if kind is OperationType.SUBSCRIPTION else seconds) as timeout:
                admission = self._admission
                OPERATION.set(OperationInProgress(timeout, seconds, admission.release_slots, admission.retake_slot))
                yield
        except TimeoutError:
            after = _MAY_BE_SAVED if kind is OperationType.MUTATION else "Request fewer fields or smaller pages."
            raise GraphQLError(_TIMEOUT.format(seconds, after), extensions={"code": "TIMEOUT"}) from None

    def get_results(self) -> dict[str, Any]:
        """Return `extensions` of the response: its cost. Events of a subscription have none."""
        cost = self._admission.cost_extension()
        if not cost or self.execution_context.operation_type is OperationType.SUBSCRIPTION:
            return {}
        return {"cost": cost}


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
            result.errors = mask_errors(
                result.errors, context.context, context.schema._schema, context.variables, executing=self._executing
            )
