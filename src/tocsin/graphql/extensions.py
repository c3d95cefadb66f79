"""What is done around every operation: parsing and validating with a memory, limits, codes for all errors."""

from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache

from graphql import DocumentNode, GraphQLError, GraphQLSchema, parse
from graphql import ExecutionResult as GraphQLResult
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import validate_document
from strawberry.types.execution import ExecutionResult, StreamExecutionResult

from tocsin.graphql.errors import coded
from tocsin.graphql.limits import MAX_TOKENS, excess

_REMEMBERED = 256
_REMEMBERED_LENGTH = 10_000
"""Characters: longer documents are rare and would fill the memory."""


@lru_cache(maxsize=_REMEMBERED)
def _parse(query: str) -> DocumentNode:
    return parse(query, max_tokens=MAX_TOKENS)


@lru_cache(maxsize=_REMEMBERED)
def _faults(schema: GraphQLSchema, document: DocumentNode, rules: tuple[type, ...]) -> list[GraphQLError]:
    fault = excess(document)
    return [fault] if fault is not None else validate_document(schema, document, rules)


class Documents(SchemaExtension):
    """Parses and validates a document once, and refuses one that asks for too much before it is validated."""

    def on_operation(self) -> Iterator[None]:
        self.execution_context.parse_options["max_tokens"] = MAX_TOKENS
        yield

    def on_parse(self) -> Iterator[None]:
        query = self.execution_context.query
        if query and len(query) <= _REMEMBERED_LENGTH:
            with suppress(GraphQLError):  # Strawberry parses it again and answers with the error
                self.execution_context.graphql_document = _parse(query)
        yield

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        if (document := context.graphql_document) is not None:
            known = len(context.query or "") <= _REMEMBERED_LENGTH
            check = _faults if known else _faults.__wrapped__
            context.pre_execution_errors = list(check(context.schema._schema, document, context.validation_rules))
        yield


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
