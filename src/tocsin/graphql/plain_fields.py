"""Fields that are read from their object directly, without the steps that graphql-core takes for every field.

Most fields of a page are scalars, enums or lists of them that need no argument, no `info` and no waiting. For each of
them graphql-core builds a path and a resolve info, and passes the value through a dozen functions, which costs
ten times as much as reading it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any

import strawberry
from graphql import (
    GRAPHQL_MAX_INT,
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_specified_scalar_type,
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.field import StrawberryField

LEFT = object()
"""The result for a value that graphql-core must handle: one that is not valid, which is an error with a path."""
_WRITTEN_AS_THEY_ARE = {"String": str, "ID": str, "Boolean": bool}
"""Scalars of the specification, and the Python type of those values that are the same in the response."""


@dataclass(frozen=True, slots=True)
class PlainField:
    """A field that is read directly: `take` gets its value from an object, `write` converts it for the response."""

    take: Callable[[Any], Any]
    write: Callable[[Any], Any]
    is_nullable: bool

    def read(self, source: Any) -> Any:
        """Return the value of the field in the response for an object, or LEFT. Raises nothing."""
        column = self.read_column((source,))
        return LEFT if column is None else column[0]

    def read_column(self, sources: Sequence[Any]) -> list[Any] | None:
        """Return the values of the field for these objects; None if any of them is LEFT. Raises nothing."""
        try:
            values = [self.take(source) for source in sources]
            written = [None if value is None else self.write(value) for value in values]
        except Exception:  # graphql-core gets the same error, and reports it
            return None
        if None not in written:
            return written
        nulls = zip(values, written, strict=True)
        return written if self.is_nullable and all(value is None for value, text in nulls if text is None) else None


class PlainFieldsExecutor(StrawberryGraphQLCoreExecutionContext):
    """An executor that reads plain fields directly and leaves all others, and all errors, to graphql-core."""

    def __init__(self, schema: GraphQLSchema, *args: Any, **options: Any) -> None:
        super().__init__(schema, *args, **options)
        self._plain = find_plain_fields(schema)

    def execute_fields(
        self, parent_type: Any, source_value: Any, path: Any, grouped_field_set: Any, position_context: Any
    ) -> Any:
        """Return the values of these fields of an object by their names in the response, or an awaitable of them."""
        plain = self._plain[parent_type.name]
        results: dict[str, Any] = {}
        left: dict[str, Any] = {}
        for name, details in grouped_field_set.items():
            field = plain.get(details[0].node.name.value)
            results[name] = value = LEFT if field is None else field.read(source_value)
            if value is LEFT:
                left[name] = details
        if not left:
            return results
        others: Any = super().execute_fields(parent_type, source_value, path, left, position_context)
        return _merge_later(results, others) if self.is_awaitable(others) else {**results, **others}

    def complete_iterable_value(
        self, item_type: Any, field_details_list: Any, info: Any, path: Any, items: Any, position_context: Any
    ) -> Any:
        """Return the response of a list, or an awaitable of it."""
        object_type = get_nullable_type(item_type)
        if isinstance(object_type, GraphQLObjectType) and isinstance(items, list):
            rows = self._read_rows(object_type, field_details_list, info, items)
            if rows is not None:
                return rows
        return super().complete_iterable_value(item_type, field_details_list, info, path, items, position_context)

    def _read_rows(self, type_: GraphQLObjectType, details: Any, info: Any, items: list[Any]) -> list[Any] | None:
        """Return the response of objects of which only plain fields are selected; None if graphql-core must do it."""
        selected, deferred, _ = self.collect_subfields(type_, details)
        known = self._plain[type_.name]
        fields = [known.get(nodes[0].node.name.value) for nodes in selected.values()]
        if deferred or None in fields or all(field is known["__typename"] for field in fields):
            return None  # the type's name alone would be read from null, too
        if type_.is_type_of is not None and not all(type_.is_type_of(item, info) is True for item in items):
            return None
        columns = [None if field is None else field.read_column(items) for field in fields]
        if None in columns:
            return None
        return [dict(zip(selected, row, strict=True)) for row in zip(*columns, strict=True)]


async def _merge_later(results: dict[str, Any], others: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    return {**results, **await others}


@cache
def find_plain_fields(schema: GraphQLSchema) -> Mapping[str, Mapping[str, PlainField]]:
    """Return the plain fields of each type, by the names of type and field."""
    types = [type_ for type_ in schema.type_map.values() if isinstance(type_, GraphQLObjectType)]
    return {type_.name: _find_fields(type_) for type_ in types}


def _find_fields(type_: GraphQLObjectType) -> dict[str, PlainField]:
    found = {name: plain for name, field in type_.fields.items() if (plain := _as_plain(field)) is not None}
    return {**found, "__typename": PlainField(lambda _source: type_.name, str, is_nullable=False)}


def _as_plain(field: GraphQLField) -> PlainField | None:
    definition = field.extensions.get("strawberry-definition")
    if not isinstance(definition, StrawberryField) or definition.is_subscription or field.args:
        return None
    take, write = _find_take(definition), _find_write(get_nullable_type(field.type))
    return None if take is None or write is None else PlainField(take, write, not is_non_null_type(field.type))


def _find_take(definition: StrawberryField) -> Callable[[Any], Any] | None:
    """Return the function that takes the value from the object; None if it takes more than the object."""
    resolver = definition.base_resolver
    if definition.extensions or definition.is_async:
        return None
    if resolver is None:
        return attrgetter(definition.python_name)
    takes_more = resolver.info_parameter or resolver.parent_parameter or resolver.root_parameter
    take: Any = resolver.wrapped_func
    return take if resolver.self_parameter and not takes_more else None


def _find_write(type_: Any) -> Callable[[Any], Any] | None:
    """Return the function that converts a value for the response; None if it is an object or nested too deeply."""
    if is_list_type(type_):
        item = get_nullable_type(type_.of_type)
        return _make_list_writer(_leaf_writer(item)) if is_leaf_type(item) else None
    return _leaf_writer(type_) if is_leaf_type(type_) else None


def _leaf_writer(type_: Any) -> Callable[[Any], Any]:
    if isinstance(type_, GraphQLEnumType) and hasattr(type_, "wrapped_cls"):
        return {type_.wrapped_cls(value.value): name for name, value in type_.values.items()}.__getitem__
    coerce: Callable[[Any], Any] = type_.coerce_output_value
    if not is_specified_scalar_type(type_):
        return coerce
    if type_.name == "Int":
        return lambda value: value if type(value) is int and abs(value) <= GRAPHQL_MAX_INT else coerce(value)
    same = _WRITTEN_AS_THEY_ARE.get(type_.name)
    return coerce if same is None else lambda value: value if type(value) is same else coerce(value)


def _make_list_writer(write: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def write_list(value: Any) -> list[Any]:
        if not isinstance(value, list) or None in value:
            raise ValueError("graphql-core handles other iterables, and null among the items")
        return [write(item) for item in value]

    return write_list


def unwrap_resolvers(schema: GraphQLSchema) -> None:
    """Let graphql-core call resolvers without arguments and extensions directly.

    Strawberry wraps each in six functions, which convert the arguments and call the extensions that there may be.
    """
    for type_ in schema.type_map.values():
        for field in type_.fields.values() if isinstance(type_, GraphQLObjectType) else ():
            field.resolve = _unwrap(field) or field.resolve


def _unwrap(field: GraphQLField) -> Callable[..., Any] | None:
    definition = field.extensions.get("strawberry-definition")
    if not isinstance(definition, StrawberryField) or definition.is_subscription or field.args or definition.extensions:
        return None
    resolver = definition.base_resolver
    if resolver is None:
        get = attrgetter(definition.python_name)
        return lambda source, _info: get(source)
    if not resolver.self_parameter or resolver.parent_parameter or resolver.root_parameter:
        return None
    call: Any = resolver.wrapped_func
    if resolver.info_parameter is None:
        return lambda source, _info: call(source)
    name = resolver.info_parameter.name
    return lambda source, info: call(source, **{name: strawberry.Info(_raw_info=info, _field=definition)})
