"""Models of what users write: their base class, and validation errors as sentences with a path."""

import difflib
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo
from pydantic.alias_generators import to_camel

from tocsin.errors import InvalidInput, MultipleInvalid
from tocsin.value_bounds import ValuePath

Model = TypeVar("Model", bound=BaseModel)
_EXPRESSION = "${{"
_MAX_FAULTS = 100
_QUICK_CONTEXT = {"quickly": True}


class ParamsModel(BaseModel):
    """Base model of parameters as users write them, with camelCase names. Unknown names are refused."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


def parse_params(model: type[Model], given: Any, *, quickly: bool = False) -> Model:
    """Validate parameters. Raises MultipleInvalid with all faults and their paths. `quickly` skips slow checks."""
    try:
        return model.model_validate(given, context=_QUICK_CONTEXT if quickly else None)
    except ValidationError as error:
        found = islice(_describe_errors(model, error, ignore_expressions=False), _MAX_FAULTS)
        raise MultipleInvalid(InvalidInput(message, *map(str, path)) for path, message in found) from None


def skips_slow_checks(info: ValidationInfo) -> bool:
    """Return whether a validator must skip slow checks, which an attempt makes in a compute process instead."""
    return info.context is _QUICK_CONTEXT


def find_faults(model: type[BaseModel], given: Any) -> list[tuple[ValuePath, str]]:
    """Return all faults, except those of values with an expression (`${{ … }}`), which are checked later."""
    try:
        model.model_validate(given)
    except ValidationError as error:
        return list(_describe_errors(model, error, ignore_expressions=True))
    return []


def has_expression(value: Any) -> bool:
    """Return whether this JSON value contains an expression."""
    if isinstance(value, str):
        return _EXPRESSION in value
    if isinstance(value, Mapping):
        return any(has_expression(part) for part in value.values())
    return isinstance(value, list | tuple) and any(has_expression(part) for part in value)


def remove_path(value: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """Return a copy of the value without the entry at this path."""
    name, rest = path[0], path[1:]
    others = {other: part for other, part in value.items() if other != name}
    return {**others, name: remove_path(value[name], rest)} if rest else others


def _describe_errors(
    model: type[BaseModel], error: ValidationError, *, ignore_expressions: bool
) -> Iterator[tuple[ValuePath, str]]:
    for fault in error.errors(include_url=False):
        missing = fault["type"] == "missing"  # its input is the object that lacks it
        if not (ignore_expressions and not missing and has_expression(fault["input"])):
            yield fault["loc"], _describe_error(model, dict(fault))


def _describe_error(model: type[BaseModel], fault: dict[str, Any]) -> str:
    name = str(fault["loc"][-1]) if fault["loc"] else "The parameters"
    if fault["type"] == "extra_forbidden":
        return f"There is no {name} here.{_suggest_name(model, name) if len(fault['loc']) == 1 else ''}"
    return describe_fault(name, fault)


def describe_fault(name: str, fault: Mapping[str, Any]) -> str:
    """Describe a validation error of pydantic in the terms of the API."""
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "missing":
        return f"{name} is missing."
    if kind in {"value_error", "assertion_error"}:
        return str(context["error"])
    if kind in _SHAPES:
        return f"{name} must be {_SHAPES[kind]}."
    if kind in _BOUNDS:
        word, key = _BOUNDS[kind]
        return f"{name} must be {word} {context[key]:g}; it is {fault['input']}."
    if kind.endswith(("too_short", "too_long")):
        word, bound = ("at least", "min_length") if kind.endswith("too_short") else ("at most", "max_length")
        length = context["actual_length"] if "actual_length" in context else len(fault["input"])
        return f"{name} must have {word} {_format_count(kind, context[bound])}; it has {length}."
    if kind in {"enum", "literal_error"}:
        return f"{name} must be {context['expected'].replace(chr(39), '')}."
    return f"{name} is wrong: {fault['msg'][:1].lower()}{fault['msg'][1:]}."


def _format_count(kind: str, number: int) -> str:
    one, more = ("character", "characters") if kind.startswith("string") else ("entry", "entries")
    return f"{number} {one if number == 1 else more}"


_SHAPES = {
    "dict_type": "an object of names and values",
    "model_type": "an object of names and values",
    "model_attributes_type": "an object of names and values",
    "list_type": "a list",
    "tuple_type": "a list",
    "string_type": "a string",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}
_BOUNDS = {
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
}


def _suggest_name(model: type[BaseModel], name: str) -> str:
    names = [field.alias or key for key, field in model.model_fields.items()]
    near = difflib.get_close_matches(name, names, 1)
    return f" Did you mean {near[0]}?" if near else f" There are: {', '.join(names)}."
