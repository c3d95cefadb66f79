"""Requests whose errors count, and settings that change while the API runs."""

from typing import Any

from tests.graphql.conftest import Api, Caller

SLOW = "{ schedulePreview(schedule: {now: true}) }"
"""A query that takes as long as the fixture `gate` is closed."""


def change_settings(api: Api, **values: Any) -> None:
    """Replace settings of the running API."""
    object.__setattr__(api.services, "settings", api.services.settings.model_copy(update=values))


async def post(caller: Caller, query: str, **variables: Any) -> dict[str, Any]:
    """Return the whole response over HTTP."""
    headers = {"Authorization": f"Bearer {caller.token}"} if caller.token else {}
    answer = await caller.http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
    found: dict[str, Any] = answer.json()
    return found


def codes(answer: dict[str, Any]) -> list[str]:
    """Return the codes of the errors of a response."""
    return [error["extensions"]["code"] for error in answer.get("errors", [])]
