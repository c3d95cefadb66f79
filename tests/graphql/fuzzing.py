"""Random operations from the schema: any field, with valid, almost valid or invalid arguments."""

from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_abstract_type,
    is_composite_type,
)
from hypothesis import strategies as st

from tocsin.graphql.schema import schema

_SCHEMA = schema._schema
LEFT_OUT = {"logOut"}
"""Fields that would end the session that the other operations use."""
_WORDS: dict[str, list[str]] = {
    "String": [
        '""',
        '"x"',
        '"alice@example.test"',
        '"correct horse battery"',
        '"\\u0000"',
        '"$where"',
        '"*/1 * * * *"',
    ],
    "Int": ["0", "1", "-1", "100", "101", "2147483647"],
    "Float": ["0", "1.5", "-1"],
    "Boolean": ["true", "false"],
    "DateTime": ['"2026-11-26T05:00:00Z"', '"0001-01-01T00:00:00Z"', '"9999-12-31T23:59:59+14:00"', '"2026-01-01"'],
    "Duration": ['"PT1S"', '"P9999D"', '"PT0S"', '"P"', '"-PT1S"'],
    "URL": ['"https://example.com/"', '"http://127.0.0.1/"', '"http://[]@"', '"x"', '"ftp://a"'],
    "JSON": ["{}", "[]", '{a: "b"}', "null", "1", '{a: [{b: "$c"}]}'],
}
_WRONG = ["null", "{}", "[]", "WORD", '"x"', "1.5", "[[1]]", "{a: 1}"]


@st.composite
def documents(draw: st.DrawFn, ids: list[str]) -> str:
    """Draw a query or mutation, some of them with errors."""
    mutates = draw(st.booleans())
    root = _SCHEMA.mutation_type if mutates else _SCHEMA.query_type
    assert root is not None
    text = f"{'mutation' if mutates else 'query'} {draw(_selection(root, ids, 0))}"
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.text(max_size=3)) + text[at:]
    return text


@st.composite
def _selection(draw: st.DrawFn, kind: Any, ids: list[str], depth: int) -> str:
    if is_abstract_type(kind):
        inner = draw(st.sampled_from(list(_SCHEMA.get_possible_types(kind))))
        return f"{{ __typename ... on {inner.name} {draw(_selection(inner, ids, depth))} }}"
    assert isinstance(kind, GraphQLObjectType)
    names = [
        name for name, field in kind.fields.items() if depth < 4 or not is_composite_type(get_named_type(field.type))
    ]
    chosen = draw(
        st.lists(st.sampled_from([name for name in names if name not in LEFT_OUT] or ["__typename"]), max_size=3)
    )
    fields = [
        f"a{n}: {draw(_field(name, kind.fields[name], ids, depth))}"
        for n, name in enumerate(chosen)
        if name in kind.fields
    ]
    return f"{{ __typename {' '.join(fields)} }}"


@st.composite
def _field(draw: st.DrawFn, name: str, field: GraphQLField, ids: list[str], depth: int) -> str:
    given = [
        f"{argument}: {draw(_value(spec.type, ids, 0))}"
        for argument, spec in field.args.items()
        if isinstance(spec.type, GraphQLNonNull) or draw(st.booleans())
    ]
    arguments = f"({', '.join(given)})" if given else ""
    kind = get_named_type(field.type)
    return f"{name}{arguments} {draw(_selection(kind, ids, depth + 1)) if is_composite_type(kind) else ''}"


@st.composite
def _value(draw: st.DrawFn, kind: Any, ids: list[str], depth: int) -> str:
    if draw(st.integers(0, 24)) == 0:
        return draw(st.sampled_from(_WRONG))
    if isinstance(kind, GraphQLNonNull):
        return draw(_value(kind.of_type, ids, depth))
    if isinstance(kind, GraphQLList):
        return f"[{', '.join(draw(st.lists(_value(kind.of_type, ids, depth + 1), max_size=2)))}]"
    if isinstance(kind, GraphQLEnumType):
        found: str = draw(st.sampled_from(list(kind.values)))
        return found
    if isinstance(kind, GraphQLInputObjectType):
        return draw(_object(kind, ids, depth))
    return draw(st.sampled_from([f'"{id_}"' for id_ in ids] if kind.name == "ID" else _WORDS[kind.name]))


@st.composite
def _object(draw: st.DrawFn, kind: GraphQLInputObjectType, ids: list[str], depth: int) -> str:
    if kind.is_one_of:
        names = [draw(st.sampled_from(list(kind.fields)))]
    else:
        names = [
            name
            for name, field in kind.fields.items()
            if isinstance(field.type, GraphQLNonNull) or (depth < 4 and draw(st.booleans()))
        ]
    return "{" + ", ".join(f"{name}: {draw(_value(kind.fields[name].type, ids, depth + 1))}" for name in names) + "}"
