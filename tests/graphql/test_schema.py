import re
from collections.abc import Iterator
from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLType,
    get_named_type,
    is_introspection_type,
)

from tocsin.graphql.schema import schema

COMMITTED = Path(__file__).parents[2] / "schema.graphql"


def test_the_committed_schema_is_the_one_of_the_code() -> None:
    assert COMMITTED.read_text() == schema.as_str().rstrip() + "\n", "run scripts/print-schema > schema.graphql"


def _described() -> Iterator[tuple[str, str | None]]:
    """Yield the coordinate and the description of each element of the schema."""
    for directive in schema._schema.directives:
        yield f"@{directive.name}", directive.description
        for argument, value in directive.args.items():
            yield f"@{directive.name}({argument}:)", value.description
    for name, kind in schema._schema.type_map.items():
        if not is_introspection_type(kind):
            yield name, kind.description
            yield from _described_parts(name, kind)


def _described_parts(name: str, kind: GraphQLNamedType) -> Iterator[tuple[str, str | None]]:
    if isinstance(kind, GraphQLEnumType):
        yield from ((f"{name}.{value}", spec.description) for value, spec in kind.values.items())
    if isinstance(kind, GraphQLInputObjectType):
        yield from ((f"{name}.{field}", spec.description) for field, spec in kind.fields.items())
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        for field, spec in kind.fields.items():
            yield f"{name}.{field}", spec.description
            yield from ((f"{name}.{field}({given}:)", value.description) for given, value in spec.args.items())


def test_everything_is_described() -> None:
    assert [place for place, text in _described() if not (text or "").strip()] == []


def test_descriptions_are_sentences() -> None:
    assert [place for place, text in _described() if not re.search(r"[.`]\)?$", (text or "").strip())] == []


UNITS = re.compile(
    r"milliseconds?|seconds?|minutes|hours|days|bytes|How many|how many|how often|times|rows|version|Counts|share of|"
    r"HTTP status|degrees|number of|from 1|cost|points|priority|-10 to 10|: a count",
    re.IGNORECASE,
)
"""Words for what a number counts or its unit."""


def _numbers() -> Iterator[tuple[str, str | None]]:
    for name, kind in schema._schema.type_map.items():
        if is_introspection_type(kind) or not hasattr(kind, "fields"):
            continue
        for field, spec in kind.fields.items():
            given = getattr(spec, "args", {}).items()
            places = [(f"{name}.{field}", spec), *((f"{name}.{field}({arg}:)", value) for arg, value in given)]
            yield from ((place, found.description) for place, found in places if _is_number(found.type))


def _is_number(kind: GraphQLType) -> bool:
    return get_named_type(kind).name in {"Int", "Float"}


def test_numbers_say_what_they_count_or_in_which_unit_they_are() -> None:
    assert [place for place, text in _numbers() if not UNITS.search(text or "")] == []


def test_no_default_is_printed_as_null() -> None:
    assert "= null" not in schema.as_str()


def test_a_field_of_one_name_has_one_type_in_all_kinds_of_jobs_and_schedules() -> None:
    for interface in ("Job", "Schedule"):
        types: dict[str, set[str]] = {}
        kinds = schema._schema.get_possible_types(schema._schema.type_map[interface])  # type: ignore[arg-type]
        for kind in kinds:
            for name, field in kind.fields.items():
                types.setdefault(name, set()).add(str(field.type))
        assert all(len(found) == 1 for found in types.values()), types
