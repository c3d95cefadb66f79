"""The requests in the documentation of notifications: valid, and the first one works as it is."""

import re
from pathlib import Path

import pytest
from graphql import parse, validate

from tests.graphql.conftest import Api
from tocsin.graphql.schema import schema
from tocsin.notifications.notices import TOLD_EVENTS

DOCS = Path(__file__).parents[3] / "docs"
TEXT, PREFERENCES = ((DOCS / f"{name}.md").read_text() for name in ("notifications", "notification-preferences"))
REQUESTS, CHOICES = (re.findall(r"```graphql\n(.*?)```", text, re.S) for text in (TEXT, PREFERENCES))


@pytest.mark.parametrize("request_", REQUESTS + CHOICES)
def test_a_documented_request_is_valid(request_: str) -> None:
    assert validate(schema._schema, parse(request_)) == []


def test_all_events_are_documented() -> None:
    table = TEXT.split("## Events\n")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.M)) == TOLD_EVENTS


async def test_a_channel_is_created_and_listed_as_documented(api: Api) -> None:
    create, _, list_, _ = REQUESTS
    made = (await api.alice.ask(create))["createNotificationChannel"]
    assert made["userErrors"] == []
    assert made["signingKey"].startswith("whsec_")
    (channel,) = (await api.alice.ask(list_))["notificationChannels"]
    assert (channel["name"], channel["kind"], channel["isEnabled"]) == ("On-call", "WEBHOOK", True)
    assert {"name": "url", "value": "https://hooks.example.org/***"} in channel["settings"]


async def test_preferences_and_a_muted_task_are_as_documented(api: Api) -> None:
    choose, mute = CHOICES
    changed = (await api.alice.ask(choose))["updateNotificationPreferences"]
    assert changed["userErrors"] == []
    assert changed["notificationPreferences"]["digest"]["hour"] == 8
    muted = (await api.alice.ask(mute, id=await api.alice.create()))["updateNotificationRule"]
    assert muted["notificationRule"]["isMuted"]
