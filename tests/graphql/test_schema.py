from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    is_introspection_type,
)

from tocsin.graphql.schema import schema

COMMITTED = Path(__file__).parents[2] / "schema.graphql"


def test_the_committed_schema_is_the_one_of_the_code() -> None:
    assert COMMITTED.read_text() == schema.as_str().rstrip() + "\n", "run scripts/print-schema > schema.graphql"


def _undescribed() -> list[str]:
    found = []
    for name, kind in schema._schema.type_map.items():
        if is_introspection_type(kind) or name in {"String", "Int", "Float", "Boolean", "ID"}:
            continue
        places = {name: kind.description}
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            places |= {f"{name}.{field}": spec.description for field, spec in kind.fields.items()}
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field, spec in kind.fields.items():
                places |= {f"{name}.{field}({arg})": value.description for arg, value in spec.args.items()}
        if isinstance(kind, GraphQLEnumType):
            places |= {f"{name}.{value}": spec.description for value, spec in kind.values.items()}
        found += [place for place, text in places.items() if not text]
    return found


def test_everything_is_described() -> None:
    assert _undescribed() == []


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
