# ruff: noqa: E501  # tables read best in rows
"""Limits of documents, over the API and by settings."""

import asyncio
from typing import Any

import pytest
from graphql import ExecutionResult, OperationDefinitionNode, execute_sync, get_introspection_query, parse

from tests.graphql.conftest import Api
from tocsin.config import Settings
from tocsin.graphql.limits.query_cost import OperationCost, measure_cost
from tocsin.graphql.schema import schema

SMALL = {
    "max_document_tokens": 500, "max_depth": 6, "max_aliases": 5, "max_root_fields": 4, "max_cost": 5000,
}  # fmt: skip


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update=SMALL)


def cost(query: str, **variables: Any) -> int:
    return operation_cost(query, **variables).cost


def operation_cost(query: str, **variables: Any) -> OperationCost:
    document = parse(query)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return measure_cost(schema._schema, document, operation, variables)


def count_fields(value: Any) -> int:
    """Count the fields of a response."""
    if isinstance(value, dict):
        return sum(1 + count_fields(inner) for inner in value.values())
    return sum(map(count_fields, value)) if isinstance(value, list) else 0


def test_a_subscription_counts_some_of_its_events() -> None:
    assert cost("subscription { taskEvents { task { runs(first: 50) { nodes { id status } } } } }") == 50 * 153


PAGE = "query($n: Int, $m: Int = 7) {{ tasks({}) {{ nodes {{ id }} }} }}"


@pytest.mark.parametrize(
    ("arguments", "variables", "items"),
    [
        ("first: 3", {}, 3), ("", {}, 20), ("first: null", {}, 20), ("first: $n", {}, 20), ("first: $n", {"n": None}, 20),
        ("first: $n", {"n": 5}, 5), ("first: $m", {}, 7), ("first: $m", {"m": 9}, 9), ("last: $m", {"m": None}, 20),
        ("first: 0", {}, 1), ("first: -5", {}, 1), ("first: 4000000000", {}, 100), ("first: $n", {"n": 10**30}, 100),
        ("first: $n", {"n": 1e300}, 100), ("first: $n", {"n": [1]}, 100), ("first: $unknown", {}, 20), ("first: 3, last: 30", {}, 30),
    ],
)  # fmt: skip
def test_how_many_items_a_page_counts(arguments: str, variables: dict[str, Any], items: int) -> None:
    assert cost(PAGE.format(f"filter: {{}} {arguments}"), **variables) == 1 + 2 * items


def test_what_a_list_counts() -> None:
    assert cost("{ viewer { id email } }") == 3
    assert cost("{ tasks(first: 10) { totalCount pageInfo { endCursor } nodes { id } } }") == 1 + 3 + 10 * 2
    assert cost("{ tasks(first: 10) { edges { cursor node { id } } } }") == 1 + 10 * 4
    assert cost("{ run(id: 1) { attempts { number } } }") == 1 + 1 + 5
    assert cost("{ task(id: 1) { tags } }") == 2
    assert cost("query($c: Int!) { schedulePreview(schedule: {now: true}, count: $c) }", c=60) == 61
    assert cost("mutation { deleteTask(input: {id: 1}) { deletedTaskId userErrors { code } } }") == 101 + 1 + 1 + 10
    assert operation_cost("query($n: Int) { tasks(first: $n) { nodes { id } } }").variables == ("n",)
    assert operation_cost("query($n: ID!) { task(id: $n) { id } }").variables == ()


def test_fragments_that_use_each_other_are_measured_once() -> None:
    fragments = " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(100))
    found = operation_cost(
        "{ ...f0 } " + fragments + " fragment f100 on Query { viewer { id } }"
    )  # 2 ** 100 visits would not end
    assert found.cost == found.selection.width == 10**12


def test_introspection_counts_about_what_it_answers() -> None:
    found = operation_cost(get_introspection_query())
    assert found.selection.introspects
    assert found.selection.depth == 0
    answer = execute_sync(schema._schema, parse(get_introspection_query()))
    assert isinstance(answer, ExecutionResult)
    assert 0.5 < found.cost / count_fields(answer.data) < 3


async def test_what_is_usual_is_answered(api: Api) -> None:
    answer = await api.nobody.http.post("/graphql", json={"query": get_introspection_query()})
    assert answer.json()["errors"][0]["extensions"]["code"] == "TOO_COMPLEX"  # these limits are small
    usual = "{ tasks(first: 50) { nodes { id name lastRun { id attempts { number error { message } } } } } }"
    await api.alice.ask(usual)


async def test_a_circle_of_fragments_is_refused(api: Api) -> None:
    answer = await api.nobody.post("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }")
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"GRAPHQL_VALIDATION_FAILED"}


async def test_nesting_through_fragments_ends_nothing(api: Api) -> None:
    chain = " ".join(f"fragment f{n} on Query {{ {'... {' * 60} ...f{n + 1} {'}' * 60} }}" for n in range(4))
    query = "{ ...f0 } " + chain + " fragment f4 on Query { __typename }"
    await asyncio.to_thread(parse, query)
    with pytest.raises(Exception, match="nested more than 150 levels deep"):
        operation_cost(query)
