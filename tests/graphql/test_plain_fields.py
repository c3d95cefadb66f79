"""Fields that are read directly have the same values, and the same errors, as those that graphql-core executes."""

import asyncio
from enum import StrEnum
from types import SimpleNamespace
from typing import Any

import pytest
import strawberry
from graphql import GraphQLSchema
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.graphql.plain_fields import PlainFieldsExecutor, find_plain_fields, unwrap_resolvers
from tocsin.graphql.schema import schema as api


@strawberry.enum
class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@strawberry.type
class Leaf:
    text: str
    maybe: str | None


@strawberry.type
class Thing:
    id: strawberry.ID
    text: str
    maybe: str | None
    number: int
    share: float | None
    colour: Colour
    colours: list[Colour] | None
    words: list[str]
    gaps: list[str | None]
    leaf: Leaf | None
    leaves: list[Leaf]
    rows: list[Leaf | None]

    @strawberry.field
    def doubled(self) -> int:
        return self.number * 2

    @strawberry.field
    def context(self, info: strawberry.Info) -> str | None:
        return str(info.path.key)

    @strawberry.field
    def first(self) -> Leaf | None:
        return self.leaf

    @strawberry.field
    async def second(self, info: strawberry.Info) -> Leaf | None:
        return self.leaf if info.field_name == "second" else None

    @strawberry.field
    async def later(self) -> str | None:
        await asyncio.sleep(0)
        return self.maybe

    @strawberry.field
    def repeated(self, times: int = 1) -> str | None:
        return self.text * times


@strawberry.type
class Query:
    @strawberry.field
    def thing(self, info: strawberry.Info) -> Thing | None:
        thing: Thing = info.context["thing"]
        return thing

    @strawberry.field
    def things(self, info: strawberry.Info) -> list[Thing | None]:
        return [info.context["thing"]]


class _Schema(strawberry.Schema):
    def process_errors(self, *_: object, **__: object) -> None:
        """Log nothing: errors are intended."""


_PLAIN = _Schema(Query, execution_context_class=PlainFieldsExecutor)
unwrap_resolvers(_PLAIN._schema)
_STOCK = _Schema(Query)
_FIELDS = (
    "alias: text id text maybe number share colour colours words gaps leaf { text __typename maybe } __typename "
    "doubled context later repeated(times: 2) leaves { maybe ...T } rows { text } names: rows { __typename } "
    "first { leaf: text } second { text } number ... on Thing @include(if: true) { words }"
)
_DOCUMENT = f"{{ thing {{ {_FIELDS} }} things {{ {_FIELDS} }} }} fragment T on Leaf {{ text }}"
_ANY = st.one_of(
    st.none(), st.text(max_size=5), st.integers(-(2**33), 2**33), st.floats(), st.booleans(), st.sampled_from(Colour),
    st.just(ValueError("a value")), st.lists(st.none() | st.text(max_size=3), max_size=3), st.just(("a", "b")),
    st.lists(st.sampled_from(Colour), max_size=3), st.just(iter("ab")),
)  # fmt: skip
_TEXT = st.text(max_size=5)
_LEAF = st.builds(Leaf, text=_TEXT, maybe=st.none() | _TEXT) | st.builds(Leaf, text=_ANY, maybe=_ANY)
_VALID: dict[str, st.SearchStrategy[Any]] = {
    "id": st.text(max_size=5), "text": st.text(max_size=5), "maybe": st.none() | st.text(max_size=5),
    "number": st.integers(-100, 100), "share": st.none() | st.floats(0, 1), "colour": st.sampled_from(Colour),
    "colours": st.none() | st.lists(st.sampled_from(Colour)), "words": st.lists(st.text(max_size=3)),
    "gaps": st.lists(st.none() | st.text(max_size=3)), "leaf": st.none() | _LEAF, "leaves": st.lists(_LEAF, max_size=2),
    "rows": st.lists(st.none() | _LEAF, max_size=2) | st.just(["not a leaf"]),
}  # fmt: skip


@st.composite
def _things(draw: st.DrawFn) -> dict[str, Any]:
    """Return the values of a thing, of which some may be invalid."""
    values = {name: draw(strategy) for name, strategy in _VALID.items()}
    odd = draw(st.sets(st.sampled_from(sorted(set(_VALID) - {"leaf", "leaves", "rows"})), max_size=2))
    return values | {name: draw(_ANY.filter(lambda value: not hasattr(value, "__next__"))) for name in odd}


def _execute(schema: strawberry.Schema, thing: Thing) -> tuple[Any, Any]:
    result = asyncio.run(schema.execute(_DOCUMENT, context_value={"thing": thing}))
    return repr(result.data), [error.formatted for error in result.errors or ()]


@settings(max_examples=100, deadline=None)
@given(_things())
def test_the_response_is_that_of_graphql_core(values: dict[str, Any]) -> None:
    thing = Thing(**values)
    data, errors = _execute(_PLAIN, thing)
    expected_data, expected_errors = _execute(_STOCK, thing)
    assert data == expected_data
    assert sorted(map(repr, errors)) == sorted(map(repr, expected_errors))


def test_fields_without_arguments_info_and_waiting_are_plain() -> None:
    assert set(find_plain_fields(_PLAIN._schema)["Thing"]) == {
        "id", "text", "maybe", "number", "share", "colour", "colours", "words", "gaps", "doubled", "__typename"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("type_name", "others"),
    [
        (
            "Task",
            {"assignedQueue", "incident", "job", "lastRun", "misfire", "nextDueTimes", "notificationRule"}
            | {"progress", "publicLinks", "recentOutcomes", "retry", "runs", "schedule", "timeout"},
        ),
        ("CronSchedule", set()),
        ("Attempt", {"callback", "error", "request", "responseBody", "responseHeaders", "timings"}),
    ],
)
def test_most_fields_of_the_api_are_plain(type_name: str, others: set[str]) -> None:
    schema: GraphQLSchema = api._schema
    type_: Any = schema.type_map[type_name]
    assert set(type_.fields) - set(find_plain_fields(schema)[type_name]) == others


def test_a_value_is_read_once() -> None:
    reads = []

    class Counted(SimpleNamespace):
        @property
        def text(self) -> str:
            reads.append("text")
            return "read"

    assert find_plain_fields(_PLAIN._schema)["Thing"]["text"].read(Counted()) == "read"
    assert reads == ["text"]
