"""The errors of an operation as its caller sees them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, GraphQLSchema

from tocsin.graphql.allowed_values import with_allowed_values
from tocsin.graphql.errors import mask_error

if TYPE_CHECKING:
    from tocsin.graphql.context import Context


def mask_errors(
    errors: Sequence[GraphQLError],
    context: "Context",
    schema: GraphQLSchema,
    variables: Mapping[str, Any] | None,
    *,
    executing: bool,
) -> list[GraphQLError]:
    """Add a code to each error, mask internal ones, and log what was refused."""
    if context.sees_suggestions:
        errors = [with_allowed_values(error, schema, variables or {}) for error in errors]
    masked = [mask_error(error, executing=executing, request_id=context.request_id) for error in errors]
    for error in masked:
        context.log_refusal((error.extensions or {}).get("code"), error.message)
    return masked
