"""Payloads are described by the name of their mutation, list their errors last, and carry what it refuses."""

import asyncio

import strawberry
from graphql import GraphQLError

from tocsin.errors import Forbidden, InvalidInput, MultipleInvalid
from tocsin.graphql.payloads import Payload, mutation, payload, refused_payload


@strawberry.type
class _ThingPayload(Payload):
    thing: str | None


@payload
class MakeThingPayload(_ThingPayload):
    pass


@payload
class CountThingsPayload(Payload):
    count: int


@payload
class ListThingsPayload(Payload):
    things: list[str] = strawberry.field(default_factory=list)
    count: int | None


@strawberry.type
class _Mutation:
    @mutation(description="Make a thing.")
    async def make_thing(self, what: str) -> MakeThingPayload:
        if what == "forbidden":
            raise Forbidden("no")
        if what == "invalid":
            raise MultipleInvalid([InvalidInput("bad", "what"), InvalidInput("worse")])
        return MakeThingPayload(thing=what)


@strawberry.type
class _Query:
    make: MakeThingPayload
    count: CountThingsPayload


def test_payloads_are_named_after_their_mutation_and_end_with_the_errors() -> None:
    schema = strawberry.Schema(_Query)
    for name, field, fields in [
        ("MakeThingPayload", "makeThing", ["thing", "userErrors"]),
        ("CountThingsPayload", "countThings", ["count", "userErrors"]),
    ]:
        type_ = schema._schema.type_map[name]
        assert type_.description == f"Result of `{field}`."
        assert list(type_.fields) == fields  # type: ignore[attr-defined]


def test_a_payload_has_no_errors_unless_they_are_given() -> None:
    assert MakeThingPayload(thing="a").user_errors == []
    assert CountThingsPayload(count=1).count == 1


def test_a_refusal_has_null_in_the_fields_without_a_default() -> None:
    refused = refused_payload(ListThingsPayload, [])
    assert (refused.things, refused.count, refused.user_errors) == ([], None, [])


def made(what: str) -> tuple[object, list[GraphQLError]]:
    schema = strawberry.Schema(_Query, _Mutation)
    document = f'mutation {{ makeThing(what: "{what}") {{ thing userErrors {{ field code message }} }} }}'
    result = asyncio.run(schema.execute(document))
    return result.data and result.data["makeThing"], result.errors or []


def test_what_a_mutation_refuses_is_in_its_payload() -> None:
    assert made("a") == ({"thing": "a", "userErrors": []}, [])
    faults = [
        {"field": ["what"], "code": "INVALID", "message": "bad"},
        {"field": None, "code": "INVALID", "message": "worse"},
    ]
    assert made("invalid") == ({"thing": None, "userErrors": faults}, [])


def test_other_errors_of_a_mutation_are_no_user_errors() -> None:
    data, (error,) = made("forbidden")
    assert data is None
    assert isinstance(error.original_error, Forbidden)


def test_a_mutation_has_the_arguments_and_the_description_of_its_resolver() -> None:
    sdl = strawberry.Schema(_Query, _Mutation).as_str()
    assert '"""Make a thing."""\n  makeThing(what: String!): MakeThingPayload!' in sdl
