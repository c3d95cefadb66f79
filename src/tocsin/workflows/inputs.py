"""The inputs of a workflow run: what was given, checked, and the defaults of the rest. Pure."""

import difflib
from collections.abc import Mapping
from typing import Any

from tocsin.errors import InvalidInput
from tocsin.jobs.json_values import DEEPEST_READ, UnfitJson, check_json
from tocsin.workflows.definition import InputType, WorkflowDefinition

_TYPES: dict[InputType, tuple[type, ...]] = {
    InputType.STRING: (str,),
    InputType.INTEGER: (int,),
    InputType.NUMBER: (int, float),
    InputType.BOOLEAN: (bool,),
    InputType.ARRAY: (list,),
    InputType.OBJECT: (dict,),
}
_WORDS = {bool: "a boolean", int: "an integer", float: "a number", str: "a string", list: "an array", dict: "an object"}


def is_of(type_: InputType, value: Any) -> bool:
    """Whether a JSON value is of this type. A boolean is no number; 3.0 is no integer."""
    if type_ is InputType.ANY:
        return True
    return isinstance(value, _TYPES[type_]) and (type_ is InputType.BOOLEAN or not isinstance(value, bool))


def read_inputs(definition: WorkflowDefinition, given: Any) -> dict[str, Any]:
    """All inputs of a run. Raises InvalidInput that names the faulty one."""
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        raise InvalidInput("The input is an object: the names of inputs and their values.", "input")
    for name in given:
        if name not in definition.inputs:
            raise InvalidInput(f"The workflow has no input {name}.{_meant(name, definition)}", "input", str(name))
    inputs: dict[str, Any] = {}
    for name, spec in definition.inputs.items():
        if name not in given:
            if spec.required:
                raise InvalidInput(f"The input {name} ({spec.type.value}) is missing.", "input", name)
            inputs[name] = spec.default
        elif is_of(spec.type, given[name]):
            inputs[name] = given[name]
        else:
            kind = _WORDS.get(type(given[name]), "null")
            raise InvalidInput(f"The input {name} must be of the type {spec.type.value}; it is {kind}.", "input", name)
    return _bounded(inputs)


def _bounded(inputs: dict[str, Any]) -> dict[str, Any]:
    try:
        check_json(inputs, DEEPEST_READ)
    except UnfitJson as error:
        raise InvalidInput(str(error), "input", *map(str, error.path)) from None
    return inputs


def _meant(name: Any, definition: WorkflowDefinition) -> str:
    near = difflib.get_close_matches(str(name), definition.inputs, 1)
    if near:
        return f" Did you mean {near[0]}?"
    known = ", ".join(definition.inputs)
    return f" There are: {known}." if known else " It has none."
