"""The cache of documents, and the check of new ones."""

from typing import Any

import pytest
from graphql import GraphQLError

from tests.harness import make_settings
from tocsin.graphql.limits import document_cache
from tocsin.graphql.limits.document_cache import (
    CachedDocument,
    CheckedDocument,
    DocumentCache,
    DocumentRefused,
    check_document,
    find_operation,
    measure_operation,
    parse_document,
    refuse_excess,
)
from tocsin.graphql.schema import schema

SCHEMA = schema._schema
QUERY = "query A { viewer { id } } query B($n: Int) { tasks(first: $n) { nodes { id } } }"


def cached(query: str = "{ __typename }") -> CachedDocument:
    return CachedDocument(parse_document(query, 1000))


async def check(query: str, name: str | None = None, *, suggest: bool = False, **settings: Any) -> CheckedDocument:
    return await check_document(SCHEMA, query, name, {}, make_settings(**settings), suggest=suggest)


def test_the_documents_used_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_cache, "_MAX_DOCUMENTS", 2)
    cache, document = DocumentCache(), cached()
    cache.put("a", 10, document)
    cache.put("b", 10, document)
    assert cache.get("a", 10) is document
    cache.put("c", 10, document)
    assert [cache.get(query, 10) for query in ("a", "b", "c")] == [document, None, document]


def test_a_document_is_cached_for_one_limit_of_tokens() -> None:
    cache = DocumentCache()
    cache.put("a", 10, cached())
    assert cache.get("a", 11) is None


@pytest.mark.parametrize(("length", "kept"), [(5_000, True), (5_001, False)])
def test_a_long_document_is_not_cached(length: int, kept: bool) -> None:
    cache = DocumentCache()
    cache.put("x" * length, 10, cached())
    assert (cache.get("x" * length, 10) is not None) is kept


def test_the_tokens_of_a_document_are_not_linked() -> None:
    document = parse_document("{ a b }", 1000)
    (operation,) = document.definitions
    for node in (document, operation):
        assert node.loc is not None
        for token in (node.loc.start_token, node.loc.end_token):
            assert (token.prev, token.next) == (None, None)


def test_more_tokens_than_allowed_are_refused() -> None:
    parse_document("{ a }", 3)
    with pytest.raises(GraphQLError, match="tokens"):
        parse_document("{ a b }", 3)


async def test_a_valid_document_has_a_cost_and_no_errors() -> None:
    checked = await check(QUERY, "A")
    assert checked.errors == []
    assert checked.cost is not None
    assert checked.cost.variables == ()
    other = await check(QUERY, "B")
    assert other.cost is not None
    assert other.cost.variables == ("n",)


async def test_a_document_that_cannot_be_parsed_has_errors_only() -> None:
    checked = await check("{")
    assert (checked.document, checked.cost, len(checked.errors)) == (None, None, 1)
    assert checked.errors[0].__traceback__ is None


async def test_a_document_without_the_operation_has_neither_cost_nor_errors() -> None:
    checked = await check(QUERY, "C")
    assert checked.document is not None
    assert (checked.cost, checked.errors) == (None, [])


async def test_a_document_beyond_a_limit_is_not_validated() -> None:
    checked = await check("{ viewer { nothing } }", max_depth=1)
    (error,) = checked.errors
    assert (error.extensions or {})["code"] == "TOO_COMPLEX"


@pytest.mark.parametrize("suggest", [True, False])
async def test_suggestions_are_made_on_request(suggest: bool) -> None:
    (error,) = (await check("{ viewr { id } }", suggest=suggest)).errors
    assert ("viewer" in error.message) is suggest


def keep(document: CachedDocument, variables: dict[str, Any]) -> None:
    """Measure the operation B with these variables, and remember its cost."""
    document.keep_cost("B", variables, measure_operation(SCHEMA, document.document, "B", variables))


@pytest.mark.parametrize("variables", [{"n": 5}, {"n": None}, {}, {"n": 5, "other": {"a": 1}}])
def test_a_cost_is_known_for_the_same_sizes(variables: dict[str, Any]) -> None:
    document = cached(QUERY)
    assert document.find_cost("B", variables) is None
    keep(document, {"n": 7})
    assert document.find_cost("B", variables) is None
    keep(document, variables)
    known = document.find_cost("B", variables)
    assert known == measure_operation(SCHEMA, document.document, "B", variables)
    assert document.find_cost("A", variables) is None


@pytest.mark.parametrize("size", [True, 5.0, "5", [5], 10**30])
def test_a_cost_is_not_remembered_for_what_is_no_size(size: object) -> None:
    document = cached(QUERY)
    keep(document, {"n": 5})
    keep(document, {"n": size})
    assert document.find_cost("B", {"n": size}) is None


def test_few_costs_are_remembered_for_a_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_cache, "_MAX_COSTS", 2)
    document = cached(QUERY)
    for size in (1, 2, 3):
        keep(document, {"n": size})
    assert [document.find_cost("B", {"n": size}) is not None for size in (1, 2, 3)] == [False, False, True]


def test_an_operation_is_measured_with_its_variables() -> None:
    document = parse_document(QUERY, 1000)
    few = measure_operation(SCHEMA, document, "B", {"n": 1})
    many = measure_operation(SCHEMA, document, "B", {"n": 100})
    assert few.cost < many.cost
    settings = make_settings().model_copy(update={"max_cost": few.cost})
    refuse_excess(document, few, settings)
    with pytest.raises(DocumentRefused) as caught:
        refuse_excess(document, many, settings)
    assert (caught.value.errors[0].extensions or {})["code"] == "TOO_COMPLEX"


async def test_an_operation_is_found_by_its_name_in_a_document_that_need_not_be_valid() -> None:
    found = await find_operation("query A { nothing } mutation B { nothing }", "B", 100)
    assert found is not None
    assert found.operation.value == "mutation"
    for query, name, max_tokens in (("{", None, 100), ("query A { a } query B { b }", None, 100), ("{ a }", None, 2)):
        assert await find_operation(query, name, max_tokens) is None
