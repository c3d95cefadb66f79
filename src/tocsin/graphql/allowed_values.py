"""Append the allowed values to errors about enums and about `@oneOf` inputs."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from graphql import GraphQLError, GraphQLSchema, ObjectValueNode, is_enum_type, is_input_object_type

_ENUM = re.compile(r"(?:in '(\w+)' enum\.|^(?:.*: )?Enum '(\w+)' cannot represent)", re.DOTALL)
_ONE_OF = re.compile(r"Within OneOf Input Object type '(\w+)', exactly one field must be specified")
_NOT_NULL = re.compile(r"(?:Field|Argument) '(\w+)' of type 'Maybe\[.*$", re.DOTALL)
_VARIABLE = re.compile(r"Variable '\$(\w+)' has invalid value(?: at ([^:]+))?: ")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_MAX_FIELDS = 10
_MAX_LENGTH = 220
"""Maximum length, in characters, of the original message (it may quote a long value) and of the list of values."""


def mark_one_of_inputs(schema: GraphQLSchema) -> None:
    """Let graphql-core check `@oneOf` inputs: unlike Strawberry, it says where in a variable the error is."""
    for type_ in schema.type_map.values():
        definition = type_.extensions.get("strawberry-definition")
        if is_input_object_type(type_) and definition is not None and definition.is_one_of:
            type_.is_one_of = True


def with_allowed_values(error: GraphQLError, schema: GraphQLSchema, variables: Mapping[str, Any]) -> GraphQLError:
    """Return the error, with the allowed values in its message if it is about an enum or a `@oneOf` input."""
    message = _explain(error, schema, variables)
    if message is None:
        return error
    return GraphQLError(
        message, error.nodes, error.source, error.positions, error.path, error.original_error, error.extensions
    )


def _explain(error: GraphQLError, schema: GraphQLSchema, variables: Mapping[str, Any]) -> str | None:
    text = error.message
    if (found := _ENUM.search(text)) is not None:
        type_ = schema.type_map.get(found[1] or found[2])
        return f"{_shorten(text)} It has: {_join_names(type_.values)}." if is_enum_type(type_) else None
    if (found := _ONE_OF.search(text)) is not None:
        type_ = schema.type_map.get(found[1])
        if is_input_object_type(type_):
            fields, given_names = _join_names(type_.fields), _join_given_fields(error, variables)
            return f"{_variable_prefix(text)}Give exactly one of {fields}; you gave {given_names}."
    if (found := _NOT_NULL.search(text)) is not None:
        return f"{text[: found.start()]}Leave {found[1]} out instead."
    return None


def _variable_prefix(text: str) -> str:
    found = _VARIABLE.match(text)
    return found[0] if found else ""


def _join_given_fields(error: GraphQLError, variables: Mapping[str, Any]) -> str:
    """List the fields that the client set, in the document or in a variable."""
    node = error.nodes[0] if error.nodes else None
    if isinstance(node, ObjectValueNode):
        names = {field.name.value: field.value.kind == "null_value" for field in node.fields}
    else:
        names = _find_given_fields(error.message, variables)
    shown = [f"{name} as null" if is_null else name for name, is_null in list(names.items())[:_MAX_FIELDS]]
    return " and ".join(shown) or "none"


def _find_given_fields(text: str, variables: Mapping[str, Any]) -> dict[str, bool]:
    found = _VARIABLE.match(text)
    value, before, last = variables.get(found[1]) if found else None, None, ""
    for name, index in _STEP.findall((found and found[2]) or ""):
        before, last = value, name
        if name and isinstance(value, Mapping):
            value = value.get(name)
        elif index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
    if isinstance(value, Mapping):
        return {str(name)[:30]: part is None for name, part in value.items()}
    return {last: True} if isinstance(before, Mapping) and value is None else {}


def _join_names(names: Iterable[str]) -> str:
    known = list(names)
    shown = [name for at, name in enumerate(known) if len(", ".join(known[: at + 1])) <= _MAX_LENGTH]
    more = len(known) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}…"
