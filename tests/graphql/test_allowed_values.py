# ruff: noqa: E501  # tables read best in rows
"""Error messages for invalid enum values and `@oneOf` inputs, and the error codes of tokens."""

import json
from typing import Any

import pytest

from tests.graphql.conftest import Api
from tocsin import clock
from tocsin.accounts import COMMAND_LINE
from tocsin.documents import Scope

EVERY = {"every": {"interval": "PT1H"}}
CREATE = "mutation($i: CreateTaskInput!) { createTask(input: $i) { userErrors { message } } }"
MEMBERS = "http, email, report, polygonArea, countryLookup, custom"
METHODS = "It has: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS."
URL = "https://example.com"


def at(place: str, fault: str) -> str:
    return f"Variable '$i' has invalid value at {place}: {fault}"


VARIABLES: list[tuple[dict[str, Any], list[str]]] = [
    ({"job": {}}, [at(".job", f"Give exactly one of {MEMBERS}; you gave none.")]),
    ({"job": {"http": {"url": URL}, "email": {"to": ["a@example.com"], "subject": "s", "body": "b"}}}, [at(".job", f"Give exactly one of {MEMBERS}; you gave http and email.")]),
    ({"job": {"http": {"url": URL}, "email": None}}, [at(".job", f"Give exactly one of {MEMBERS}; you gave http and email as null.")]),
    ({"job": {"http": None}}, [at(".job.http", f"Give exactly one of {MEMBERS}; you gave http as null.")]),
    ({"job": {"http": {"url": URL}}, "schedule": {}}, [at(".schedule", "Give exactly one of now, at, every, cron; you gave none.")]),
    ({"job": {"http": {"url": URL, "method": "FETCH"}}}, [at(".job.http.method", f"Value 'FETCH' does not exist in 'HttpMethod' enum. Did you mean the enum value 'PATCH' or 'GET'? {METHODS}")]),
    ({"job": {"http": {"url": URL, "method": 5}}}, [at(".job.http.method", f"Enum 'HttpMethod' cannot represent non-string value: 5. {METHODS}")]),
    ({"job": {"http": {"url": URL}}, "overlap": "xyzzy"}, [at(".overlap", "Value 'xyzzy' does not exist in 'OverlapPolicy' enum. It has: SKIP, QUEUE, ALLOW.")]),
    ({"job": {}, "overlap": "xyzzy"}, [at(".job", f"Give exactly one of {MEMBERS}; you gave none."), at(".overlap", "Value 'xyzzy' does not exist in 'OverlapPolicy' enum. It has: SKIP, QUEUE, ALLOW.")]),
]  # fmt: skip
LITERALS: list[tuple[str, str]] = [
    ("{}", f"Give exactly one of {MEMBERS}; you gave none."),
    ('{http: {url: "https://example.com"}, custom: {type: "http", params: {}}}', f"Give exactly one of {MEMBERS}; you gave http and custom."),
    ("{http: null}", f"Give exactly one of {MEMBERS}; you gave http as null."),
    ('{http: {url: "https://example.com", method: FETCH}}', f"Value 'FETCH' does not exist in 'HttpMethod' enum. Did you mean the enum value 'PATCH' or 'GET'? {METHODS}"),
    ('{http: {url: "https://example.com", method: "GET"}}', f"Enum 'HttpMethod' cannot represent non-enum value: \"GET\". Did you mean the enum value 'GET'? {METHODS}"),
]  # fmt: skip


def _messages(answer: dict[str, Any]) -> list[str]:
    return [error["message"] for error in answer["errors"]]


async def test_valid_choices_are_named_for_variables(api: Api) -> None:
    for given, expected in VARIABLES:
        assert _messages(await api.alice.post(CREATE, {"i": {"name": "a", "schedule": EVERY, **given}})) == expected


async def test_valid_choices_are_named_for_literals(api: Api) -> None:
    for job, expected in LITERALS:
        query = f'mutation {{ createTask(input: {{name: "a", schedule: {{now: true}}, job: {job}}}) {{ userErrors {{ message }} }} }}'
        assert _messages(await api.alice.post(query))[0] == expected
        assert "Maybe" not in str(await api.alice.post(query))


async def test_the_position_in_a_list_is_named(api: Api) -> None:
    query = "mutation($i: CreateTasksInput!) { createTasks(input: $i) { userErrors { message } } }"
    right = {"name": "a", "schedule": EVERY, "job": {"http": {"url": URL}}}
    given = {"mode": "EACH", "tasks": [right, {**right, "job": {"http": {"url": URL}, "custom": None}}]}
    expected = at(".tasks[1].job", f"Give exactly one of {MEMBERS}; you gave http and custom as null.")
    assert _messages(await api.alice.post(query, {"i": given})) == [expected]


async def test_a_variable_that_may_be_null_is_no_member(api: Api) -> None:
    query = 'mutation($h: HttpJobInput) { createTask(input: {name: "a", schedule: {now: true}, job: {http: $h}}) { userErrors { message } } }'
    answer = await api.alice.post(query, {"h": {"url": URL}})
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert "must be non-nullable" in answer["errors"][0]["message"]


async def test_valid_choices_are_not_named_to_anonymous_callers(api: Api) -> None:
    for given, _ in VARIABLES:
        answer = str(await api.nobody.post(CREATE, {"i": {"name": "a", "schedule": EVERY, **given}}))
        assert "It has" not in answer
        assert "polygonArea" not in answer


async def test_a_long_wrong_value_leaves_room_for_the_choices(api: Api) -> None:
    given = {"name": "a", "schedule": EVERY, "job": {"http": {"url": URL, "method": "X" * 5_000}}}
    (message,) = _messages(await api.alice.post(CREATE, {"i": given}))
    assert message.endswith(f"XXX… {METHODS}")
    assert len(message) <= 500


async def test_the_schema_marks_inputs_of_which_exactly_one_field_is_set(api: Api) -> None:
    found = await api.alice.ask(
        '{ job: __type(name: "JobInput") { isOneOf } task: __type(name: "CreateTaskInput") { isOneOf } }'
    )
    assert found == {"job": {"isOneOf": True}, "task": {"isOneOf": False}}


@pytest.mark.parametrize("transport", ["json", "events"])
async def test_missing_wrong_and_expired_tokens_have_codes_of_their_own(api: Api, transport: str) -> None:
    assert api.alice.user is not None
    now = clock.now()
    _, api_token = await api.services.accounts.create_api_token(api.alice.user, "a", [Scope.READ], None, COMMAND_LINE)
    await api.database.api_tokens.update_one({"owner": api.alice.user.id}, {"$set": {"expires_at": now}})
    cases = {
        None: "UNAUTHENTICATED",
        "Basic YTpi": "UNAUTHENTICATED",
        "Bearer": "UNAUTHENTICATED",
        "Bearer nonsense": "TOKEN_INVALID",
        f"Bearer {api.alice.token}x": "TOKEN_INVALID",
        "Bearer tocsin_api_nonsense": "TOKEN_INVALID",
        f"Bearer {api.token_for(api.alice.user, -60)}": "TOKEN_EXPIRED",
        f"Bearer {api_token}": "TOKEN_EXPIRED",
        f"Bearer {api.alice.token}": None,
    }
    for header, code in cases.items():
        headers = {"Accept": "text/event-stream" if transport == "events" else "application/json"}
        headers |= {"Authorization": header} if header else {}
        answer = await api.nobody.http.post("/graphql", json={"query": "{ viewer { id } }"}, headers=headers)
        text = answer.text if transport == "json" else answer.text.partition("data: ")[2].partition("\r\n")[0]
        errors = json.loads(text).get("errors", [])
        assert [error["extensions"]["code"] for error in errors] == ([code] if code else []), header
