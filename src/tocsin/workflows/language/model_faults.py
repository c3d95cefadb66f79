"""Messages for pydantic validation errors of a workflow. Pure."""

import difflib
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from tocsin.errors import InvalidInput
from tocsin.input_models import describe_fault
from tocsin.value_bounds import ValuePath

_PATTERNS = {
    "name": "A workflow name has lowercase letters, digits and underscores, and begins with a letter: my_report.",
    "key": "A key has letters, digits and underscores, and begins with a lowercase letter: fetchOrders.",
    "inputs": "An input name has letters, digits and underscores, and begins with a lowercase letter.",
}


def describe_model_faults(model: type[BaseModel], error: ValidationError) -> Iterator[tuple[ValuePath, str]]:
    """Yield each error as the path of its part in the source, and a sentence."""
    for fault in error.errors(include_url=False):
        path = tuple(part for part in fault["loc"] if part not in {"[key]", "str", "list[any]"})
        yield path, _describe_fault(model, path, dict(fault))


def format_faults(error: InvalidInput) -> list[str]:
    """Return each fault as a sentence that begins with its path."""
    return [f"{'.'.join(fault.path)}: {fault.message}" if fault.path else fault.message for fault in error.all_errors]


def _describe_fault(model: type[BaseModel], path: ValuePath, fault: dict[str, Any]) -> str:
    last = path[-1] if path else "A workflow"
    name = "This" if isinstance(last, int) else last
    if fault["type"] == "extra_forbidden":
        return f"There is no {name} here.{_suggest_name(_find_model(model, path[:-1]), name)}"
    if fault["type"] == "string_pattern_mismatch":
        return _PATTERNS.get("inputs" if path[:1] == ("inputs",) else name, f"{name} has the wrong format.")
    return describe_fault(name, fault)


def _suggest_name(model: type[BaseModel] | None, name: str) -> str:
    if model is None:
        return ""
    names = [field.alias or key for key, field in model.model_fields.items()]
    near = difflib.get_close_matches(name, names, 1, 0.5)
    return f" Did you mean {near[0]}?" if near else f" There are: {', '.join(names)}."


def _find_model(model: type[BaseModel] | None, path: ValuePath) -> type[BaseModel] | None:
    """Return the model of the part at this path."""
    for part in path:
        if model is None:
            return None
        fields = {field.alias or key: field.annotation for key, field in model.model_fields.items()}
        if isinstance(part, str) and part in fields:
            model = _find_inner_model(fields[part])
    return model


def _find_inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _find_inner_model(part)) is not None), None)
