"""What pydantic says of a workflow, in the words of its user. Pure."""

import difflib
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from tocsin.workflows.reading import Path

_SHAPES = {
    "dict_type": "an object of names and values",
    "model_type": "an object of names and values",
    "list_type": "a list",
    "tuple_type": "a list",
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}
_PATTERNS = {
    "name": "The name of a workflow has small letters, digits and underscores and begins with a letter: nightly_report",
    "key": "A key has letters, digits and underscores, and begins with a small letter: fetchOrders.",
    "inputs": "The name of an input has letters, digits and underscores, and begins with a small letter.",
}


def model_faults(model: type[BaseModel], error: ValidationError) -> Iterator[tuple[Path, str]]:
    """Each fault with its path in what was written."""
    for fault in error.errors(include_url=False):
        path = tuple(part for part in fault["loc"] if part not in {"[key]", "str", "list[any]"})
        yield path, _sentence(model, path, dict(fault))


def _sentence(model: type[BaseModel], path: Path, fault: dict[str, Any]) -> str:
    name, kind = str(path[-1]) if path else "A workflow", fault["type"]
    if kind == "missing":
        return f"{name} is missing."
    if kind == "extra_forbidden":
        return f"There is no {name} here.{_nearest(_model_at(model, path[:-1]), name)}"
    if kind in {"value_error", "assertion_error"}:
        return str(fault["ctx"]["error"])
    if kind in _SHAPES:
        return f"{name if not isinstance(path[-1:], int) else 'This'} must be {_SHAPES[kind]}."
    if kind == "string_pattern_mismatch":
        place = "inputs" if path[:1] == ("inputs",) else name
        return _PATTERNS.get(place, f"{name} is not written as it must be.")
    if kind in {"enum", "literal_error"}:
        return f"{name} must be {fault['ctx']['expected'].replace(chr(39), '')}."
    return f"{name} is wrong: {fault['msg'][:1].lower()}{fault['msg'][1:]}."


def _nearest(model: type[BaseModel] | None, name: str) -> str:
    if model is None:
        return ""
    names = [field.alias or key for key, field in model.model_fields.items()]
    near = difflib.get_close_matches(name, names, 1, 0.5)
    return f" Did you mean {near[0]}?" if near else f" There are: {', '.join(names)}."


def _model_at(model: type[BaseModel] | None, path: Path) -> type[BaseModel] | None:
    """The model of the part at this path."""
    for part in path:
        if model is None:
            return None
        fields = {field.alias or key: field.annotation for key, field in model.model_fields.items()}
        if isinstance(part, str) and part in fields:
            model = _inner(fields[part])
    return model


def _inner(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _inner(part)) is not None), None)
