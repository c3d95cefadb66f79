"""Inputs of workflow runs: checked against their types, with defaults."""

import pytest

from tests.harness import Stack
from tests.workflows.language.invalid_workflows import INPUT_SPEC, INPUTS
from tocsin.errors import InvalidInput
from tocsin.jobs import registry
from tocsin.workflows.language.inputs import parse_inputs
from tocsin.workflows.language.validation import parse_definition
from tocsin.workflows.language.yaml_reader import parse_yaml

INPUT_MESSAGES: dict[str, tuple[str, str]] = {
    "no object": ("input", "The input must be an object of input names and values."),
    "a text": ("input", "The input must be an object of input names and values."),
    "an unknown one": ("input.citty", "The workflow has no input citty. Did you mean city?"),
    "one is missing": ("input.city", "The input city (string) is missing."),
    "a text for a number": ("input.n", "The input n must be of the type integer; it is a string."),
    "a boolean for a number": ("input.n", "The input n must be of the type integer; it is a boolean."),
    "half of an integer": ("input.n", "The input n must be of the type integer; it is a number."),
    "null for a text": ("input.city", "The input city must be of the type string; it is null."),
    "a list for an object": ("input.o", "The input o must be of the type object; it is an array."),
}  # fmt: skip


DEFINITION = parse_definition(parse_yaml(INPUT_SPEC), registry.RegisteredJobs())


@pytest.mark.parametrize("name", INPUTS)
def test_an_invalid_input_is_reported(name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_inputs(DEFINITION, INPUTS[name])
    assert (".".join(caught.value.path), caught.value.message) == INPUT_MESSAGES[name]


def test_inputs_have_defaults() -> None:
    assert parse_inputs(DEFINITION, {"city": "Bern"}) == {"city": "Bern", "n": 1, "o": {}}


INPUT = "{name: w, inputs: {city: {type: string}, n: {type: integer}, o: {default: {}}}, steps: [{key: a, wait: PT1S}]}"


async def test_all_invalid_inputs_are_reported_at_once(stack: Stack) -> None:
    await stack.save_workflow(INPUT)
    with pytest.raises(InvalidInput) as caught:
        await stack.execute("w", {"n": "1", "citty": 1, "o": [float("inf"), "\ud83d", 10**500]})
    assert [(".".join(fault.path), fault.message) for fault in caught.value.all_errors] == [
        ("input.city", "The input city (string) is missing."),
        ("input.n", "The input n must be of the type integer; it is a string."),
        ("input.citty", "The workflow has no input citty. Did you mean city?"),
        ("input.o.0", "inf is not a JSON number."),
        ("input.o.1", "The string has a lone surrogate (U+D83D), which is not a character."),
        ("input.o.2", "This number has more than 308 digits."),
    ]


async def test_a_crowd_of_unknown_inputs_is_not_compared_with_all_that_there_are(stack: Stack) -> None:
    await stack.save_workflow(INPUT)
    with pytest.raises(InvalidInput) as caught:
        await stack.execute("w", {"city": "", "n": 1} | {f"citty{number}": 1 for number in range(200)})
    messages = [fault.message for fault in caught.value.all_errors]
    assert len(messages) == 100
    assert ["Did you mean" in message for message in messages] == [True] * 3 + [False] * 97
