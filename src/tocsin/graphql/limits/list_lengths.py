"""The typical lengths of lists whose size no argument sets, by which the cost of an operation is calculated."""

from functools import cache
from statistics import mean

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)

_LENGTHS = {
    "attempts": 5, "CreateTasksResult.userErrors": 1, "TaskChangeResult.userErrors": 1,
    "NotificationChannel.settings": 3, "RunStatistics.buckets": 100, "Queue.lastHour": 12, "Task.recentOutcomes": 5,
    "publicLinks": 2, "Secret.tasks": 5, "Secret.workflows": 5,
}  # fmt: skip
"""Typical number of items of lists without a size argument, by field name or by type and field.

The outcomes of a task are a few plain values each, of one document, and cost less than their number.
"""
_TYPICAL_LENGTH = 10


def is_list(field: GraphQLField) -> bool:
    """Tell whether the value of a field is a list."""
    return is_list_type(get_nullable_type(field.type))


def name_place(parent: GraphQLNamedType | None, name: str) -> str:
    """Return a field with its type, as in `Task.runs`."""
    return name if parent is None else f"{parent.name}.{name}"


def typical_length(schema: GraphQLSchema, parent: GraphQLNamedType | None, name: str, field: GraphQLField) -> float:
    """Return the typical number of items of a field without a size argument; 1 if it is not a list."""
    if parent is not None and parent.name.startswith("__"):
        return _introspection_lengths(schema).get(name, 1)
    if not is_list(field) or not is_composite_type(get_named_type(field.type)):
        return 1
    return _LENGTHS.get(name_place(parent, name), _LENGTHS.get(name, _TYPICAL_LENGTH))


@cache
def _introspection_lengths(schema: GraphQLSchema) -> dict[str, float]:
    """Return the average lengths of the lists of introspection types in this schema."""
    types = list(schema.type_map.values())
    fields = [
        list(type_.fields.values()) for type_ in types if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType)
    ]
    inputs = [len(type_.fields) for type_ in types if isinstance(type_, GraphQLInputObjectType)]
    values = [len(type_.values) for type_ in types if isinstance(type_, GraphQLEnumType)]
    return {
        "types": len(types),
        "fields": sum(map(len, fields)) / len(types),
        "args": mean(len(field.args) for some in fields for field in some),
        "inputFields": sum(inputs) / len(types),
        "enumValues": sum(values) / len(types),
        "interfaces": 0.2,
        "possibleTypes": 0.2,
        "ofType": 0.5,
        "directives": len(schema.directives),
    }
