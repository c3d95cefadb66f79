"""Fields that are read from their object directly, without the steps that graphql-core takes for every field.

Most fields of a page are scalars, enums or lists of them that need no argument, no `info` and no waiting. For each of
them graphql-core builds a path and a resolve info, and passes the value through a dozen functions, which costs
ten times as much as reading it.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from operator import attrgetter
from typing import Any, TypeAlias

import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.field import StrawberryField

LEFT = object()
"""The result for a value that graphql-core must handle: one that is not valid, which is an error with a path."""
Reader: TypeAlias = Callable[[Any], Any]
"""A function that returns the value of a field in the response for its object, or LEFT. It raises nothing."""


class PlainFieldsExecutor(StrawberryGraphQLCoreExecutionContext):
    """An executor that reads plain fields directly and leaves all others, and all errors, to graphql-core."""

    def __init__(self, schema: GraphQLSchema, *args: Any, **options: Any) -> None:
        super().__init__(schema, *args, **options)
        self._readers = find_plain_fields(schema)

    def execute_fields(
        self, parent_type: Any, source_value: Any, path: Any, grouped_field_set: Any, position_context: Any
    ) -> Any:
        """Return the values of these fields of an object by their names in the response, or an awaitable of them."""
        readers = self._readers[parent_type.name]
        results: dict[str, Any] = {}
        left: dict[str, Any] = {}
        for name, details in grouped_field_set.items():
            read = readers.get(details[0].node.name.value)
            results[name] = value = LEFT if read is None else read(source_value)
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
        fields, deferred, _ = self.collect_subfields(type_, details)
        known = self._readers[type_.name]
        readers = [(name, known.get(nodes[0].node.name.value)) for name, nodes in fields.items()]
        if deferred or not all(read for _, read in readers) or all(read is known["__typename"] for _, read in readers):
            return None  # the type's name alone would be read from null, too
        rows = [{name: read(item) for name, read in readers if read is not None} for item in items]
        is_valid = all(LEFT not in row.values() for row in rows)
        if is_valid and type_.is_type_of is not None:
            is_valid = all(type_.is_type_of(item, info) is True for item in items)
        return rows if is_valid else None


async def _merge_later(results: dict[str, Any], others: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    return {**results, **await others}


@cache
def find_plain_fields(schema: GraphQLSchema) -> Mapping[str, Mapping[str, Reader]]:
    """Return the readers of the plain fields of each type, by the names of type and field."""
    types = [type_ for type_ in schema.type_map.values() if isinstance(type_, GraphQLObjectType)]
    return {type_.name: _find_fields(type_) for type_ in types}


def _find_fields(type_: GraphQLObjectType) -> dict[str, Reader]:
    readers = {name: reader for name, field in type_.fields.items() if (reader := _make_reader(field)) is not None}
    return {**readers, "__typename": lambda _source: type_.name}


def _make_reader(field: GraphQLField) -> Reader | None:
    definition = field.extensions.get("strawberry-definition")
    if not isinstance(definition, StrawberryField) or definition.is_subscription or field.args:
        return None
    read, write = _find_read(definition), _find_write(get_nullable_type(field.type))
    if read is None or write is None:
        return None
    return _combine(read, write, is_nullable=not is_non_null_type(field.type))


def _find_read(definition: StrawberryField) -> Reader | None:
    """Return the function that takes the value from the object; None if it takes more than the object."""
    resolver = definition.base_resolver
    if definition.extensions or definition.is_async:
        return None
    if resolver is None:
        return attrgetter(definition.python_name)
    takes_more = resolver.info_parameter or resolver.parent_parameter or resolver.root_parameter
    read: Any = resolver.wrapped_func
    return read if resolver.self_parameter and not takes_more else None


def _find_write(type_: Any) -> Reader | None:
    """Return the function that converts a value for the response; None if it is an object or nested too deeply."""
    if is_list_type(type_):
        item = get_nullable_type(type_.of_type)
        return _make_list_writer(_leaf_writer(item)) if is_leaf_type(item) else None
    return _leaf_writer(type_) if is_leaf_type(type_) else None


def _leaf_writer(type_: Any) -> Reader:
    if not isinstance(type_, GraphQLEnumType) or not hasattr(type_, "wrapped_cls"):
        write: Reader = type_.coerce_output_value
        return write
    return {type_.wrapped_cls(value.value): name for name, value in type_.values.items()}.__getitem__


def _make_list_writer(write: Reader) -> Reader:
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


def _combine(read: Reader, write: Reader, *, is_nullable: bool) -> Reader:
    null = None if is_nullable else LEFT

    def value_of(source: Any) -> Any:
        try:
            value = read(source)
            if value is None:
                return null
            written = write(value)
        except Exception:  # graphql-core gets the same error, and reports it
            return LEFT
        return LEFT if written is None else written

    return value_of
