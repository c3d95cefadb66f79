"""Limits of one document."""

import pytest

from tests.graphql.conftest import Api
from tests.graphql.limits.test_query_cost import SMALL
from tocsin.config import Settings

TOO_MUCH = [
    ("{ viewer { id " + " ".join(f'a(b: "{n}")' for n in range(100)) + "} }", "more than 500 tokens"),
    ((
        "{ task(id: 1) { runs { nodes { task { runs { nodes { task { id } } } } } } } }"
    ), "The fields are nested 8 deep; at most 6"),
    ((
        "{ ...a } fragment a on Query { task(id: 1) { ...b } } fragment b on Task { runs { nodes { task { runs { nodes "
        "{ id } } } } } }"
    ), "nested 7 deep; at most 6"),
    ("{ tasks { nodes { " + " ".join(f"a{n}: id" for n in range(6)) + " } } }", "has 6 aliases; at most 5"),
    ((
        "{ viewer { ...a ...b ...a } } fragment a on User { ...b ...b } fragment b on User { x: id y: email }"
    ), "has 10 aliases; at most 5"),
    ("{ " + "viewer { id } " * 5 + "}", "has 5 root fields; at most 4"),
    ((
        "{ ...a ...a } fragment a on Query { ...b ... { ...b } } fragment b on Query { __typename viewer { id } }"
    ), "has 8 root fields; at most 4"),
    ((
        "{ tasks(first: 100) { nodes { runs(first: 20) { nodes { id status dueAt } } } } }"
    ), "costs 8,201 points; at most 5,000"),
    ((
        "{ tasks(last: 100) { edges { node { runs { nodes { id status dueAt } } } } } }"
    ), "costs 8,301 points; at most 5,000"),
    ("{ tasks(first: 100) { nodes { lastRun { attempts { responseBody } } } } }", "costs 20,301 points; at most 5,000"),
    ("{ ...f0 } " + " ".join(f"fragment f{n} on Query {{a}}" for n in range(60)), (
        "has 61 operations and fragments; at most 60"
    )),
]  # fmt: skip


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update=SMALL)


@pytest.mark.parametrize(("query", "message"), TOO_MUCH, ids=[message for _, message in TOO_MUCH])
async def test_too_much_is_refused_with_how_much_and_what_is_allowed(api: Api, query: str, message: str) -> None:
    answer = await api.alice.http.post("/graphql", json={"query": query})
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "TOO_COMPLEX"
    assert message in error["message"]


async def test_the_real_value_of_a_variable_counts(api: Api) -> None:
    query = "query($n: Int = 100) { tasks(first: $n) { nodes { runs(first: 100) { nodes { id } } } } }"
    for variables, code in (
        ({"n": 2}, None),
        ({"n": 60}, "TOO_COMPLEX"),
        ({}, "TOO_COMPLEX"),
        ({"n": 2}, None),
        ({"n": "2"}, "TOO_COMPLEX"),
    ):
        answer = await api.alice.post(query, variables)
        codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
        assert codes == ([code] if code else []), variables
