"""Inputs of a workflow run: validation and defaults."""

import asyncio
import difflib
import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from tocsin.errors import InvalidInput, MultipleInvalid
from tocsin.value_bounds import ValueBounds, escape_unprintable, find_value_faults
from tocsin.workflows.language.definition import InputType, WorkflowDefinition

MAX_INPUT_LENGTH = 1024 * 1024
"""Maximum length of all inputs of a run, in characters of JSON."""
_BOUNDS = ValueBounds(max_characters=MAX_INPUT_LENGTH, max_parts=MAX_INPUT_LENGTH)
_MAX_UNKNOWN = 100
_MAX_SUGGESTIONS = 3
"""Maximum number of unknown names that get a suggestion: each search can take 50 ms."""
_MAX_NAME_LENGTH = 100
_TYPES: dict[InputType, tuple[type, ...]] = {
    InputType.STRING: (str,),
    InputType.INTEGER: (int,),
    InputType.NUMBER: (int, float),
    InputType.BOOLEAN: (bool,),
    InputType.ARRAY: (list,),
    InputType.OBJECT: (dict,),
}
_TYPE_NAMES = {
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
}


def is_of_type(type_: InputType, value: Any) -> bool:
    """Return whether a JSON value is of this type. A boolean is not a number, and 3.0 is not an integer."""
    if type_ is InputType.ANY:
        return True
    return isinstance(value, _TYPES[type_]) and (type_ is InputType.BOOLEAN or not isinstance(value, bool))


def parse_inputs(definition: WorkflowDefinition, given: Any) -> dict[str, Any]:
    """Return all inputs of a run, with defaults.

    Raises MultipleInvalid with the inputs that are missing, unknown or of the wrong type.
    """
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        raise InvalidInput("The input must be an object of input names and values.", "input")
    faults = [*_find_faults(definition, given), *_find_value_faults(given)]
    if faults:
        raise MultipleInvalid(faults)
    return {name: given.get(name, spec.default) for name, spec in definition.inputs.items()}


async def parse_inputs_in_thread(definition: WorkflowDefinition, given: Any) -> dict[str, Any]:
    """Run `parse_inputs` in a thread: the input may have up to a million parts."""
    return parse_inputs(definition, given) if not given else await asyncio.to_thread(parse_inputs, definition, given)


def inputs_to_json(inputs: Mapping[str, Any]) -> str:
    """Return the inputs of a run in their stored form. Raises InvalidInput if they are too large."""
    text = json.dumps(inputs, ensure_ascii=False, separators=(",", ":"))
    if len(text) > MAX_INPUT_LENGTH:
        raise InvalidInput(
            f"The input has {len(text)} characters as JSON; at most {MAX_INPUT_LENGTH} are allowed.", "input"
        )
    return text


def _find_faults(definition: WorkflowDefinition, given: Mapping[str, Any]) -> Iterator[InvalidInput]:
    for name, spec in definition.inputs.items():
        if name not in given:
            if spec.is_required:
                yield InvalidInput(f"The input {name} ({spec.type.value}) is missing.", "input", name)
        elif not is_of_type(spec.type, given[name]):
            kind = _TYPE_NAMES.get(type(given[name]), "null")
            yield InvalidInput(f"The input {name} must be of the type {spec.type.value}; it is {kind}.", "input", name)
    unknown = (name for name in given if name not in definition.inputs)
    for index, name in enumerate(islice(unknown, _MAX_UNKNOWN)):
        short = escape_unprintable(str(name)[:_MAX_NAME_LENGTH])
        suggestion = _suggest_name(short, definition) if index < _MAX_SUGGESTIONS else ""
        yield InvalidInput(f"The workflow has no input {short}.{suggestion}", "input", short)


def _find_value_faults(given: Mapping[str, Any]) -> Iterator[InvalidInput]:
    """Yield the faults of values that could not be stored, or read back by an expression."""
    for path, message in islice(find_value_faults(given, _BOUNDS), _MAX_UNKNOWN):
        yield InvalidInput(message, "input", *(str(part)[:_MAX_NAME_LENGTH] for part in path))


def _suggest_name(name: Any, definition: WorkflowDefinition) -> str:
    near = difflib.get_close_matches(str(name), definition.inputs, 1)
    if near:
        return f" Did you mean {near[0]}?"
    known = ", ".join(definition.inputs)
    return f" There are: {known}." if known else " It has none."
