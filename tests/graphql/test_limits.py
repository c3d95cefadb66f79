# ruff: noqa: E501  # tables read best in rows
from graphql import get_introspection_query, parse

from tests.graphql.conftest import Api
from tocsin.graphql.limits import excess

TOO_MUCH = [
    "{" + "task(id: 1) { runs { nodes {" * 7 + " id " + "} } }" * 7 + "}",
    "{" + " ".join(f"a{n}: viewer {{ id }}" for n in range(51)) + "}",
    "{ tasks(first: 100) { nodes { runs(first: 100) { nodes { id status dueAt trigger createdAt } } } } }",
    "query($n: Int) { tasks(first: $n) { nodes { runs(last: 100) { nodes { id status dueAt trigger createdAt } } } } }",
    "{ tasks(first: 100) { nodes { runs(first: 100) { nodes { attempts { responseBody } } } } } }",
    "{ tasks(first: 10) { nodes { runs(first: 100) { nodes { attempts { responseHeaders { value } } } } } } }",
    "{ viewer { " + "id " * 101 + "} }",
    "{ ...f0 } " + " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(80)) + " fragment f80 on Query { __typename }",
    "{ viewer { id " + " ".join(f'a(b: "{n}")' for n in range(2000)) + "} }",
]  # fmt: skip


async def test_too_much_is_refused(api: Api) -> None:
    for query in TOO_MUCH:
        answer = await api.alice.post(query)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["TOO_COMPLEX"], query[:80]


def test_fragments_that_use_each_other_are_weighed_once() -> None:
    fragments = " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(50))
    document = parse("{ ...f0 } " + fragments + " fragment f50 on Query { viewer { id } }")
    fault = excess(document)  # 2 ** 50 visits would not end
    assert fault is not None
    assert fault.extensions == {"code": "TOO_COMPLEX"}


async def test_what_is_usual_is_answered(api: Api) -> None:
    answer = await api.nobody.ask(get_introspection_query())
    assert answer["__schema"]["queryType"]["name"] == "Query"
    await api.alice.ask(
        "{ tasks(first: 100) { nodes { id name lastRun { id attempts { number error { message } } } } } }"
    )


async def test_a_circle_of_fragments_is_refused(api: Api) -> None:
    answer = await api.nobody.post("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }")
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"GRAPHQL_VALIDATION_FAILED"}
