"""Payloads of mutations: their description and `userErrors`, in one place."""

from typing import TypeVar, dataclass_transform

import strawberry

from tocsin.graphql.errors import UserError

P = TypeVar("P", bound="Payload")


@strawberry.type
class Payload:
    """The base of payloads. Without user errors, the fields that the mutation promises are set."""

    user_errors: list[UserError] = strawberry.field(description="Errors in the input; empty on success.")


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
