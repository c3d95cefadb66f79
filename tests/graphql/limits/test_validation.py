# ruff: noqa: E501  # tables read best in rows
"""Refusing a document of one kilobyte is cheap. Cost is measured in function calls, which do not depend on the load of the
machine; a million of them takes 0.15 to 0.3 seconds on machines of 2026.
"""

import gc
import sys
from typing import Any

import pytest
from graphql import GraphQLError, Node, OperationDefinitionNode, ValidationContext, Visitor, parse
from hypothesis import HealthCheck, given, settings, target

from tests.graphql.documents import KILOBYTE, TYPE_NAMES, expensive_documents
from tocsin.config import Settings
from tocsin.graphql.errors import mask_error
from tocsin.graphql.limits import validation
from tocsin.graphql.limits.document_cache import parse_document
from tocsin.graphql.limits.document_limits import find_excess
from tocsin.graphql.limits.query_cost import measure_cost
from tocsin.graphql.schema import schema

MOST_CALLS = 130_000
SETTINGS = Settings(_env_file=None)


def refuse(query: str) -> list[dict[str, Any]]:
    """Process a document as the extensions do, from its text to the errors of the response."""
    try:
        document = parse_document(query, SETTINGS.max_document_tokens)
        operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        fault = (
            find_excess(document, measure_cost(schema._schema, document, operations[0], {}), SETTINGS)
            if operations
            else None
        )
        faults = [fault] if fault else validation.validate_document(schema._schema, document, suggest=True)
    except GraphQLError as error:
        faults = [error]
    return [dict(mask_error(fault, executing=False, request_id="").formatted) for fault in faults]


def calls(query: str) -> int:
    """Return the number of function calls that refusing the document takes."""
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    previous = sys.getprofile()
    sys.setprofile(note)
    try:
        refuse(query)
    finally:
        sys.setprofile(previous)
    return count


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(expensive_documents())
def test_a_kilobyte_is_cheap_to_refuse(query: str) -> None:
    assert len(query) <= KILOBYTE
    counted = calls(query)
    target(counted)
    assert counted <= MOST_CALLS, query


def filled(head: str, unit: str, tail: str, between: str = " ") -> str:
    return head + between.join([unit] * ((KILOBYTE - len(head + tail)) // len(unit + between))) + tail


WORST = {
    "each unknown input field prints the whole object": filled("{tasks(filter:{", "a:1", "}){nodes{id}}}", ","),
    "fields of one name are compared with each other": filled("{task(id:1){lastRun{", "task{id}", "}}}"),
    "arguments of fields of one name too": filled("{viewer{", 'a(a:"")', "}}"),
    "fragments that use each other": "{...f0}" + "".join((
        f"fragment f{n} on Query{{...f{n + 1}...f{n + 1}}}"
    ) for n in range(29)),
    "fragments beside each other": "{" + "...a " * 18 + "}" + filled("", "fragment a on Query{viewer{id}}", "", ""),
    "unknown types are compared with all types": filled("{", "...on CreateTaskPayloadXYZ{a}", "}"),
    "lists within lists": "{tasks(first:" + "[" * 190 + "]" * 190 + "){a}}",
    "directives": filled("{viewer", "@a", "{id}}", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", WORST)
def test_known_traps(name: str) -> None:
    assert calls(WORST[name]) <= MOST_CALLS


@pytest.mark.parametrize("suggest", [True, False])
def test_suggestions_are_made_on_request(suggest: bool) -> None:
    query = "query($a: Taskk) { viewr { id } tasks(frst: 1, filter: {nam: 1, status: [PENDIN]}) { nodes { idd } } }"
    found = [fault.message for fault in validation.validate_document(schema._schema, parse(query), suggest=suggest)]
    assert len(found) == 6
    assert any("Did you mean" in message for message in found) is suggest


def test_a_misspelt_type_is_still_found() -> None:
    for name in TYPE_NAMES:
        for wrong in (name[:-1] + name[-1] * 2, name.lower()):
            if wrong not in TYPE_NAMES:
                (fault, *_) = validation.validate_document(
                    schema._schema, parse(f"{{ ...on {wrong} {{ a }} }}"), suggest=True
                )
                assert f"'{name}'" in fault.message


def test_an_oversized_document_is_reported_as_such() -> None:
    (fault,) = refuse(WORST["fields of one name are compared with each other"])
    assert fault["extensions"] == {"code": "TOO_COMPLEX"}
    assert "fields with the same name" in fault["message"]


def test_messages_are_short_however_long_the_invalid_value_is() -> None:
    for fault in refuse('{ tasks(filter: {name: [{a: "' + "x" * 5000 + '"}]}) { nodes { id } } }'):
        assert len(fault["message"]) <= 501


@pytest.mark.parametrize("name", WORST)
def test_no_document_is_left_to_the_garbage_collector(name: str) -> None:
    document = parse_document(WORST[name], 2_000)
    validation.validate_document(schema._schema, document, suggest=False)
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        validation.validate_document(schema._schema, document, suggest=False)
        gc.collect()
        assert not [thing for thing in gc.garbage if isinstance(thing, Node | Visitor | ValidationContext)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
