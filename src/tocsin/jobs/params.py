"""What users write as the parameters of a job: models of one shape, and their faults as sentences with a path."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from tocsin.errors import InvalidInput

Model = TypeVar("Model", bound=BaseModel)
Path = tuple[str | int, ...]
_EXPRESSION = "${{"


class ParamsModel(BaseModel):
    """Parameters as users write them: camelCase names, and none that the model does not know."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


def read_params(model: type[Model], given: Any) -> Model:
    """The parameters. Raises InvalidInput with the first fault and its path."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        path, message = next(_faults(model, error, ignore_expressions=False))
        raise InvalidInput(message, *map(str, path)) from None


def find_faults(model: type[BaseModel], given: Any) -> list[tuple[Path, str]]:
    """All faults but those of values that an expression (`${{ … }}`) stands for, which is known only later."""
    try:
        model.model_validate(given)
    except ValidationError as error:
        return list(_faults(model, error, ignore_expressions=True))
    return []


def has_expression(value: Any) -> bool:
    """Whether an expression stands anywhere in this JSON value."""
    if isinstance(value, str):
        return _EXPRESSION in value
    if isinstance(value, Mapping):
        return any(has_expression(part) for part in value.values())
    return isinstance(value, list | tuple) and any(has_expression(part) for part in value)


def _faults(model: type[BaseModel], error: ValidationError, *, ignore_expressions: bool) -> Iterator[tuple[Path, str]]:
    for fault in error.errors(include_url=False):
        missing = fault["type"] == "missing"  # its input is what it is missing from
        if not (ignore_expressions and not missing and has_expression(fault["input"])):
            yield fault["loc"], _sentence(model, dict(fault))


def _sentence(model: type[BaseModel], fault: dict[str, Any]) -> str:
    name = str(fault["loc"][-1]) if fault["loc"] else "The parameters"
    if fault["type"] == "missing":
        return f"{name} is missing."
    if fault["type"] == "extra_forbidden":
        return f"There is no {name} here.{_nearest(model, name) if len(fault['loc']) == 1 else ''}"
    if fault["type"] == "value_error":
        return str(fault["ctx"]["error"])
    return f"{name} is wrong: {_small(fault['msg'])}."


def _nearest(model: type[BaseModel], name: str) -> str:
    names = [field.alias or key for key, field in model.model_fields.items()]
    near = difflib.get_close_matches(name, names, 1)
    return f" Did you mean {near[0]}?" if near else f" There are: {', '.join(names)}."


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]
