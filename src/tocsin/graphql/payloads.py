"""Mutations and their payloads: descriptions and `userErrors`, in one place."""

import dataclasses
import functools
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar, dataclass_transform

import strawberry

from tocsin import errors
from tocsin.graphql.errors import UserError, to_user_errors

T = TypeVar("T")
P = TypeVar("P", bound="Payload")
Arguments = ParamSpec("Arguments")


@strawberry.type
class Payload:
    """The base of payloads. Without user errors, the fields that the mutation promises are set."""

    user_errors: list[UserError] = strawberry.field(
        default_factory=list, description="Errors in the input; empty on success."
    )


@dataclass_transform(kw_only_default=True, field_specifiers=(strawberry.field,))
def payload(cls: type[P]) -> type[P]:
    """Make a subclass of Payload the payload of the mutation in its name, with `userErrors` as its last field.

    `CreateTaskPayload` is the payload of `createTask`.
    """
    mutation = cls.__name__.removesuffix("Payload")
    described = strawberry.type(cls, description=f"Result of `{mutation[0].lower()}{mutation[1:]}`.")
    fields = described.__strawberry_definition__.fields  # type: ignore[attr-defined]
    fields.sort(key=lambda field: field.python_name == "user_errors")
    return described


def mutation(*, description: str) -> Callable[[Callable[Arguments, Awaitable[T]]], Any]:
    """Make the decorated resolver a mutation. UserErrors that it raises become `userErrors` of its payload."""

    def decorate(resolve: Callable[Arguments, Awaitable[T]]) -> Any:
        payload_type: type[T] = resolve.__annotations__["return"]

        @functools.wraps(resolve)
        async def resolve_or_refuse(*args: Arguments.args, **kwargs: Arguments.kwargs) -> T:
            try:
                return await resolve(*args, **kwargs)
            except errors.UserError as error:
                return refused_payload(payload_type, to_user_errors(error))

        return strawberry.mutation(resolve_or_refuse, description=description)

    return decorate


def refused_payload(payload_type: type[T], user_errors: list[UserError]) -> T:
    """Return the payload of a refused mutation: the errors, and null in all fields that have no default."""
    build: Callable[..., T] = payload_type
    fields = dataclasses.fields(payload_type)  # type: ignore[arg-type]  # Strawberry's types are dataclasses
    required = [field.name for field in fields if field.default is field.default_factory is dataclasses.MISSING]
    return build(**dict.fromkeys(required), user_errors=user_errors)
