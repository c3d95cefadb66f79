"""Strawberry's schema and executor, made careful: nothing is read of a caller who has used up his share."""

from collections.abc import AsyncGenerator, Iterable
from typing import Any

import strawberry
from graphql import GraphQLOneOfDirective
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from tocsin.graphql.admission import refusal
from tocsin.graphql.context import Context

MOST_VARIABLE_FAULTS = 10


class GuardedSchema(strawberry.Schema):
    """Asks at the door, and leaves it to the extensions to log errors: they know which are worth a line."""

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any = None,
        root_value: Any = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """The answer to a query or mutation. `context_value` is our Context."""
        error = await refusal(context_value)
        if error is not None:
            return PreExecutionError(None, [error])
        return await super().execute(
            query,
            variable_values,
            context_value,
            root_value,
            operation_name,
            allowed_operation_types,
            operation_extensions,
        )

    async def stream(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any = None,
        root_value: Any = None,
        operation_name: str | None = None,
        operation_extensions: dict[str, Any] | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
    ) -> Any:
        """The answers to any operation, one after the other. `context_value` is our Context."""
        error = await refusal(context_value)
        if error is not None:
            return _only(PreExecutionError(None, [error]))
        return await super().stream(
            query,
            variable_values,
            context_value,
            root_value,
            operation_name,
            operation_extensions,
            allowed_operation_types,
        )

    def _get_custom_context_kwargs(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Name few faults of a variable: for each of them graphql-core writes down the whole value around it."""
        return {**super()._get_custom_context_kwargs(*args, **kwargs), "max_coercion_errors": MOST_VARIABLE_FAULTS}

    def process_errors(self, *_: object, **__: object) -> None:
        """Log nothing."""

    def as_str(self) -> str:
        """The schema in its own language. Strawberry prints the definition of `@oneOf` without its description."""
        described = f'"""{GraphQLOneOfDirective.description}"""\ndirective @oneOf'
        return super().as_str().replace("directive @oneOf", described)


async def _only(result: ExecutionResult) -> AsyncGenerator[ExecutionResult, None]:
    yield result


class DiscreetExecutor(StrawberryGraphQLCoreExecutionContext):
    """Suggests nothing about wrong variables to those who are not to be told."""

    @classmethod
    def build(
        cls, schema: Any, document: Any, root_value: Any = None, context_value: Any = None, *args: Any, **options: Any
    ) -> Any:
        """Build an executor for one operation."""
        options["hide_suggestions"] = not may_be_told(context_value)
        return super().build(schema, document, root_value, context_value, *args, **options)


def may_be_told(context: Context) -> bool:
    """Whether the caller is told what he may have meant."""
    return context.caller is not None and context.caller.is_among(context.services.settings.suggestions)
