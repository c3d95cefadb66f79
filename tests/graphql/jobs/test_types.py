"""Jobs of kinds other than HTTP, as input and as output."""

from typing import Any

import pytest

from tests.graphql.conftest import Api

CREATE = """mutation($job: JobInput!) {
  createTask(input: {name: "t", job: $job, schedule: {at: "2999-01-01T00:00:00Z"}}) {
    task { job {
      kind
      ... on EmailJob { to subject text attachments }
      ... on CustomJob { params }
      ... on HttpJob { url hasToken }
    } }
    userErrors { field message }
  }
}"""
MAIL = {"to": ["alice@example.test"], "subject": "S", "body": "B"}


async def create(api: Api, job: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = (await api.alice.ask(CREATE, job=job))["createTask"]
    return answer


async def test_an_http_job_given_as_a_custom_job_has_sealed_secrets(api: Api) -> None:
    params = {"url": "https://example.com", "token": "s3cret"}
    answer = await create(api, {"custom": {"type": "http", "params": params}})
    assert answer["task"]["job"] == {"kind": "http", "url": "https://example.com", "hasToken": True}
    assert "s3cret" not in str(await api.database.tasks.find_one({}))


@pytest.mark.parametrize(
    ("job", "field", "message"),
    [
        ({"report": {"title": "x", "format": "CSV"}}, ["job", "report"], "A report needs data or runs."),
        (
            {"report": {"title": "x", "format": "CSV", "runs": {"period": "P1D", "taskId": "x"}}},
            ["job", "report", "runs"],
            "taskId must be the id of a task, as returned by the API.",
        ),
        ({"email": {**MAIL, "to": ["a@b@c"]}}, ["job", "email", "to", "0"], None),
        ({"custom": {"type": "email", "params": {**MAIL, "to": "x"}}}, ["job", "custom", "params", "to", "0"], None),
        ({"email": {**MAIL, "subject": ""}}, ["job", "email", "subject"], None),
        ({"custom": {"type": "email", "params": {**MAIL, "cc": []}}}, ["job", "custom", "params", "cc"], None),
        ({"custom": {"type": "nothing", "params": {}}}, ["job", "custom", "type"], None),
    ],
)
async def test_a_wrong_job_is_reported_at_its_path(
    api: Api, job: dict[str, Any], field: list[str], message: str | None
) -> None:
    answer = await create(api, job)
    (fault,) = answer["userErrors"]
    assert (answer["task"], fault["field"]) == (None, field)
    assert message in (None, fault["message"])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([{"id": 2**63}], "This whole number does not fit in 64 bits. Write it as a string."),
        ({"a\0b": 1}, "A name must not contain the character U+0000."),
    ],
)
async def test_parameters_that_the_database_cannot_hold_are_reported_at_their_path(
    api: Api, data: Any, message: str
) -> None:
    answer = await create(api, {"report": {"title": "T", "format": "JSON", "data": data}})
    (error,) = answer["userErrors"]
    assert error["message"] == message
    assert error["field"][:3] == ["job", "report", "data"]
