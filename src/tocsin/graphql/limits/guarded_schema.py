"""Strawberry's schema and execution context, with a rate limit check before a document is parsed."""

from collections.abc import AsyncGenerator, Iterable
from typing import Any

import strawberry
from graphql import GraphQLOneOfDirective
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from tocsin.graphql.limits.admission import check_rate_limit
from tocsin.graphql.plain_fields import PlainFieldsExecutor
from tocsin.graphql.sharing.delivery import DELIVERY

MAX_VARIABLE_ERRORS = 10


class GuardedSchema(strawberry.Schema):
    """A schema that refuses callers over their rate limit early. Its errors are logged by the extensions."""

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
        """Execute a query or mutation. `context_value` is a Context."""
        error = await check_rate_limit(context_value)
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
        """Execute an operation of any kind and stream its results. `context_value` is a Context."""
        error = await check_rate_limit(context_value)
        if error is not None:
            return _single_result(PreExecutionError(None, [error]))
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
        """Limit the errors of a variable: graphql-core prints the whole value around each of them."""
        return {**super()._get_custom_context_kwargs(*args, **kwargs), "max_coercion_errors": MAX_VARIABLE_ERRORS}

    def process_errors(self, *_: object, **__: object) -> None:
        """Log nothing; `ErrorExtension` does."""

    def as_str(self) -> str:
        """Return the schema in SDL. Strawberry prints the definition of `@oneOf` without its description."""
        described = f'"""{GraphQLOneOfDirective.description}"""\ndirective @oneOf'
        return super().as_str().replace("directive @oneOf", described)


async def _single_result(result: ExecutionResult) -> AsyncGenerator[ExecutionResult, None]:
    yield result


class GuardedExecutionContext(PlainFieldsExecutor):
    """An execution context that hides suggestions about invalid variables from callers who may not see them.

    It collects the fields of its operation once. graphql-core collects them for each event of a subscription, and
    keeps all of them until the subscription ends, because what it memoizes is found by the identity of the root fields.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._root_fields: list[Any] = []  # shared with the copies for single events

    def execute_collected_root_fields(self, root_type: Any, root_value: Any, fields: Any, *args: Any) -> Any:
        """Execute the root fields, as collected for the first event."""
        if not self._root_fields:
            self._root_fields.append(fields)
        return super().execute_collected_root_fields(root_type, root_value, self._root_fields[0], *args)

    @classmethod
    def build(
        cls, schema: Any, document: Any, root_value: Any = None, context_value: Any = None, *args: Any, **options: Any
    ) -> Any:
        """Build the execution context of one operation."""
        options["hide_suggestions"] = not context_value.sees_suggestions
        built = super().build(schema, document, root_value, context_value, *args, **options)
        if isinstance(built, cls) and (delivery := DELIVERY.get()) is not None:
            delivery.executor = built
        return built
