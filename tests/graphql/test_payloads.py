"""Payloads are described by the name of their mutation, and list their errors last."""

import strawberry

from tocsin.graphql.payloads import Payload, payload


@strawberry.type
class _ThingPayload(Payload):
    thing: str | None


@payload
class MakeThingPayload(_ThingPayload):
    pass


@payload
class CountThingsPayload(Payload):
    count: int


@strawberry.type
class _Query:
    make: MakeThingPayload
    count: CountThingsPayload


def test_payloads_are_named_after_their_mutation_and_end_with_the_errors() -> None:
    schema = strawberry.Schema(_Query)
    for name, mutation, fields in [
        ("MakeThingPayload", "makeThing", ["thing", "userErrors"]),
        ("CountThingsPayload", "countThings", ["count", "userErrors"]),
    ]:
        type_ = schema._schema.type_map[name]
        assert type_.description == f"Result of `{mutation}`."
        assert list(type_.fields) == fields  # type: ignore[attr-defined]


def test_payloads_are_built_with_their_errors() -> None:
    assert MakeThingPayload(thing="a", user_errors=[]).user_errors == []
    assert CountThingsPayload(count=1, user_errors=[]).count == 1
