"""Texts and objects are read as sources of workflows, or refused at a place."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.language.invalid_workflows import OK
from tests.workflows.language.test_validation import JSON, checked, saved
from tests.workflows.samples import deep
from tocsin.documents import Database
from tocsin.jobs import registry
from tocsin.value_bounds import find_value_faults
from tocsin.workflows.language.source import WorkflowInvalid, WorkflowSource
from tocsin.workflows.language.validation import parse_definition
from tocsin.workflows.language.yaml_reader import parse_object, parse_yaml


@pytest.mark.parametrize("value", ["x" * 300_000, ["x"] * 60_000, {"a": float("nan")}, {"\ud800": 1}, deep(5_000)])
def test_an_object_has_the_bounds_that_a_text_has(value: Any) -> None:
    with pytest.raises(WorkflowInvalid):
        parse_object({"name": "w", "output": value})


@given(st.text(max_size=300) | st.text(alphabet="abc:-[]{}&*!'\"#|> \n,?%@", max_size=120))
def test_any_text_is_read_as_yaml_or_refused(text: str) -> None:
    with suppress(WorkflowInvalid):
        assert isinstance(parse_yaml(text), WorkflowSource)


@given(JSON)
def test_what_a_json_encoder_writes_is_the_same_value_in_yaml(value: Any) -> None:
    if not list(find_value_faults(value)):
        for indent in (None, 2, "\t"):
            for is_ascii in (True, False):
                assert parse_yaml(json.dumps(value, indent=indent, ensure_ascii=is_ascii)).data == value


@given(JSON)
def test_any_object_is_read_or_refused(value: Any) -> None:
    with suppress(WorkflowInvalid):
        parse_definition(
            parse_object({"name": "w", "output": value, "steps": [{"key": "a", "wait": "PT1S"}]}),
            registry.RegisteredJobs(),
        )


@pytest.mark.parametrize("bracket", ["[", "{", "[{a: ", "{[", "? [", "[? "])
@pytest.mark.parametrize("rest", ["", "'"], ids=["alone", "before what is never scanned"])
def test_the_first_bracket_too_many_ends_the_reading(bracket: str, rest: str) -> None:
    """The time of the scanner grows with the square of the open brackets: 4,000 of them took a second."""
    text = bracket * 4_000
    with pytest.raises(WorkflowInvalid) as raised:
        parse_yaml(text + rest)
    (fault,) = raised.value.faults
    places = [index for index, letter in enumerate(text) if letter in "[{"]
    assert fault.message == "The text is nested more than 50 levels deep."
    assert (fault.line, fault.column) == (1, places[51] + 1)


def _surrogates() -> Iterator[tuple[str, str, list[str]]]:
    half = "The string has a lone surrogate (U+D83D), which is not a character."
    yield "in a description", r'description: "done \ud83d!"', [f"line 2, column 14, description: {half}"]
    yield "in params", r'output: {a: [1, "\ud83d"]}', [f"line 2, column 17, output.a[1]: {half}"]
    yield "in a name", r'output: {"a\ud83d": 1}', [f"line 2, column 10, output: {half}"]
    yield "in a name of the workflow", r'"\ud83d": 1', [f"line 2, column 1: {half}"]
    yield (
        "in what is no text",
        r'output: !!int "\ud83d"',
        [r"line 2, column 9, output: '\ud83d' is not a value of the type !!int."],
    )
    yield (
        "the halves in the wrong order",
        r'output: "\ude44\ud83d"',
        [f"line 2, column 9, output: {half.replace('D83D', 'DE44')}"],
    )
    beyond = "This is not valid YAML: an escape names a character beyond U+10FFFF."
    yield "beyond the last character", r'output: "\U00110000"', [f"line 2, column 12: {beyond}"]
    yield "far beyond", r'output: "\UFFFFFFFF"', [f"line 2, column 12: {beyond}"]
    yield (
        "a NUL as it is",
        "output: \0",
        ["line 2, column 9: This is not valid YAML: the character U+0000 must be escaped."],
    )


@pytest.mark.parametrize(
    ("text", "message"), [pytest.param(text, message, id=name) for name, text, message in _surrogates()]
)
def test_a_lone_surrogate_is_reported_with_its_place(text: str, message: list[str]) -> None:
    assert checked(f"name: w\n{text}\nsteps: [{OK}]") == message


async def test_a_surrogate_pair_is_one_character(database: Database) -> None:
    text = json.dumps(
        {"name": "w", "description": "done 🙄", "output": {"🙄": ["🙄"]}, "steps": [{"key": "a", "wait": "PT1S"}]}
    )
    assert r"\ud83d\ude44" in text
    definition = await saved(database, text, "a" * 24)
    assert (definition.description, definition.output) == ("done 🙄", {"🙄": ["🙄"]})


def test_what_grows_without_end_is_refused() -> None:
    laughs = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for before, name in zip("abcdef", "bcdefg", strict=True):
        laughs += f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for text, message in (
        (laughs, "more than 50000 parts"),
        ("[" * 90 + "]" * 90, "more than 50 levels"),
        ("x" * 300_000, "300000 bytes"),
    ):
        with pytest.raises(WorkflowInvalid) as caught:
            parse_definition(parse_yaml(text), registry.RegisteredJobs())
        assert message in str(caught.value.faults[0])
