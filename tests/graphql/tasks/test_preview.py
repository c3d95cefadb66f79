"""The preview of a task that is being written."""

from typing import Any

import pytest

from tests.graphql.conftest import Api, served_api
from tocsin.config import Settings
from tocsin.documents import Database

QUERY = (
    "query($s: ScheduleInput!, $r: RetryInput, $c: Int) { taskPreview(schedule: $s, retry: $r, count: $c) "
    "{ summary dueTimes retry { maxRetries isDefault backoff { initial } } retryWaits } }"
)
HOURLY = {"every": {"interval": "PT1H", "start": "2999-01-01T00:00:00Z"}}


async def preview(api: Api, schedule: Any, retry: Any = None, count: int = 2) -> Any:
    return (await api.alice.ask(QUERY, s=schedule, r=retry, c=count))["taskPreview"]


async def test_a_schedule_is_shown_in_words_and_with_the_offsets_of_its_zone(api: Api) -> None:
    cron = {"cron": {"expression": "0 9 * * 1-5", "timeZone": "Asia/Kathmandu"}}
    shown = await preview(api, cron, count=3)
    assert "09:00" in shown["summary"]
    assert [due[10:] for due in shown["dueTimes"]] == ["T09:00:00+05:45"] * 3


async def test_the_waits_of_a_policy_are_computed(api: Api) -> None:
    shown = await preview(api, HOURLY, {"offsets": ["PT5M", "PT1H"], "maxRetries": 4})
    assert shown["retryWaits"] == ["PT5M", "PT1H", "PT1H", "PT1H"]
    assert shown["dueTimes"] == ["2999-01-01T00:00:00Z", "2999-01-01T01:00:00Z"]
    grown = await preview(api, HOURLY, {"backoff": {"initial": "PT1S", "factor": 10, "jitter": 1}, "maxRetries": 3})
    assert grown["retryWaits"] == ["PT1S", "PT10S", "PT1M40S"]
    assert (grown["retry"]["isDefault"], shown["retry"]["isDefault"]) == (False, False)


async def test_without_a_policy_the_waits_of_the_server_are_shown(database: Database, settings: Settings) -> None:
    async with served_api(database, settings.model_copy(update={"max_retries": 2})) as api:
        shown = await preview(api, {"every": {"interval": "PT10S"}})
    assert shown["retry"]["isDefault"] is True
    assert len(shown["retryWaits"]) == 2
    seconds = [float(wait.removeprefix("PT").removesuffix("S")) for wait in shown["retryWaits"]]
    assert sum(seconds) <= 5  # half of the interval


@pytest.mark.parametrize(
    ("variables", "field"),
    [
        ({"s": {"cron": {"expression": "61 * * * *"}}}, ["schedule", "cron", "expression"]),
        ({"s": {"cron": {"expression": "* * * * *", "timeZone": "Mars/Phobos"}}}, ["schedule", "cron", "timeZone"]),
        ({"s": {"every": {"interval": "PT0.1S"}}}, ["schedule", "every", "interval"]),
        ({"s": HOURLY, "r": {"maxRetries": 100}}, ["retry", "maxRetries"]),
        ({"s": HOURLY, "r": {"offsets": ["PT1S"], "backoff": {"initial": "PT1S"}}}, ["retry", "backoff"]),
        ({"s": HOURLY, "c": 0}, ["count"]),
    ],
)
async def test_what_is_wrong_is_told_at_its_field(api: Api, variables: Any, field: list[str]) -> None:
    answer = await api.alice.post(QUERY, {"c": 1, **variables})
    (error,) = answer["errors"]
    assert (error["extensions"]["code"], error["extensions"]["field"]) == ("BAD_USER_INPUT", field)


async def test_a_task_tells_whether_its_policy_and_timeout_are_those_of_the_server(api: Api) -> None:
    query = "query($id: ID!) { task(id: $id) { timeoutIsDefault retry { isDefault } } }"
    plain = await api.alice.create()
    assert await api.alice.ask(query, id=plain) == {"task": {"timeoutIsDefault": True, "retry": {"isDefault": True}}}
    own = await api.alice.create(timeout="PT5S", retry={"maxRetries": 1})
    assert await api.alice.ask(query, id=own) == {"task": {"timeoutIsDefault": False, "retry": {"isDefault": False}}}
