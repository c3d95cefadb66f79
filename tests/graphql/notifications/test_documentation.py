"""The requests in the documentation of notifications: valid, and the first one works as it is."""

import re
from pathlib import Path

import pytest
from graphql import parse, validate

from tests.graphql.conftest import Api
from tocsin.graphql.schema import schema
from tocsin.notifications.notices import TOLD_EVENTS

TEXT = (Path(__file__).parents[3] / "docs" / "notifications.md").read_text()
REQUESTS = re.findall(r"```graphql\n(.*?)```", TEXT, re.S)


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_documented_request_is_valid(request_: str) -> None:
    assert validate(schema._schema, parse(request_)) == []


def test_all_events_are_documented() -> None:
    table = TEXT.split("## Events\n")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.M)) == TOLD_EVENTS


async def test_a_channel_is_created_and_listed_as_documented(api: Api) -> None:
    create, _, list_ = REQUESTS
    made = (await api.alice.ask(create))["createNotificationChannel"]
    assert made["userErrors"] == []
    assert made["signingKey"].startswith("whsec_")
    (channel,) = (await api.alice.ask(list_))["notificationChannels"]
    assert (channel["name"], channel["kind"], channel["isEnabled"]) == ("On-call", "WEBHOOK", True)
    assert {"name": "url", "value": "https://hooks.example.org/***"} in channel["settings"]
