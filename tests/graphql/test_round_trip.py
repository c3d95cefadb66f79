"""What is read can be sent back: the input of a saved thing and its output have the same fields."""

from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, get_named_type

from tests.graphql.conftest import Api
from tocsin.graphql.schema import schema

TYPES = schema._schema.type_map
PAIRS = {
    "UpsertTaskInput": "Task",
    "CreateTaskInput": "Task",
    "UpdateTaskInput": "Task",
    "HttpJobInput": "HttpJob",
    "EmailJobInput": "EmailJob",
    "ReportJobInput": "ReportJob",
    "ReportRunsInput": "ReportRuns",
    "PolygonAreaJobInput": "PolygonAreaJob",
    "CountryLookupJobInput": "CountryLookupJob",
    "CustomJobInput": "CustomJob",
    "ExpectCallbackInput": "CallbackExpectation",
    "RetryInput": "RetryPolicy",
    "BackoffInput": "Backoff",
    "MisfireInput": "Misfire",
    "EveryInput": "IntervalSchedule",
    "CronInput": "CronSchedule",
    "UpdateQueueInput": "Queue",
    "QuietHoursInput": "QuietHours",
    "NotificationDigestInput": "NotificationDigest",
    "UpdateNotificationPreferencesInput": "NotificationPreferences",
    "UpdateNotificationRuleInput": "NotificationRule",
}
"""Inputs of saved things, and the types that these are read as."""
NOT_READ = {
    "idempotencyKey": "of a call",
    "expectedVersion": "of a call, `version` is read",
    "ifPast": "of a call",
    "longitude": "read as a point in `geojson`",
    "latitude": "read as a point in `geojson`",
    "token": "a secret, `hasToken` is read",
}
"""Fields of inputs that are not of the saved thing, or secret, and why."""


@pytest.mark.parametrize(("given", "read"), PAIRS.items(), ids=PAIRS)
def test_each_field_of_an_input_can_be_read_under_its_name(given: str, read: str) -> None:
    input_, output = TYPES[given], TYPES[read]
    assert isinstance(input_, GraphQLInputObjectType)
    assert isinstance(output, GraphQLObjectType)
    fields = {name: field for name, field in output.fields.items() if field.deprecation_reason is None}
    assert input_.fields.keys() - fields.keys() - NOT_READ.keys() == set()


def test_inputs_within_these_are_compared_too() -> None:
    """A new input of a saved thing has to be added to the table."""
    nested = {
        get_named_type(field.type).name
        for name in PAIRS
        for field in TYPES[name].fields.values()  # type: ignore[attr-defined]
        if isinstance(get_named_type(field.type), GraphQLInputObjectType)
    }
    jobs = {get_named_type(field.type).name for field in TYPES["JobInput"].fields.values()}  # type: ignore[attr-defined]
    ways = {"JobInput": "Job", "ScheduleInput": "Schedule"}
    assert (nested | jobs) - PAIRS.keys() - ways.keys() == set()
    assert all(isinstance(TYPES[output], GraphQLInterfaceType) for output in ways.values())


READ = """{ tasks { nodes { name description uniqueName tags overlap timeout queue priority alertAfter alertOnMissed
  pauseAfter misfire { policy grace maxRuns }
  retry { maxRetries offsets backoff { initial factor max jitter } statuses }
  schedule { ... on IntervalSchedule { interval start end } ... on CronSchedule { expression timeZone } }
  job { kind
    ... on HttpJob { url method headers { name value } secretHeaders body bodyText bodyForm connectTimeout
      expectCallback { within } }
    ... on EmailJob { to subject body attachments }
    ... on ReportJob { title format runs { period from to taskId } data columns chart fileName recipients }
    ... on PolygonAreaJob { geojson repair }
    ... on CountryLookupJob { geojson repair } } } } }"""
UPSERT = "mutation($i: UpsertTaskInput!) { upsertTask(input: $i) { userErrors { field message } } }"
SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}
JOBS: list[dict[str, Any]] = [
    {"http": {"url": "https://example.com/", "headers": {"A": "b", "X-Api-Key": "k"}, "secretHeaders": ["S"],
              "token": "t", "body": {"a": [1]}, "connectTimeout": "PT5S", "expectCallback": {"within": "PT1M"}}},
    {"email": {"to": ["alice@example.test"], "subject": "s", "body": "text", "attachments": []}},
    {"report": {"title": "r", "format": "CSV", "runs": {"period": "P7D"}, "chart": False}},
    {"report": {"title": "r", "format": "CSV", "data": [{"a": 1}], "columns": ["a"], "fileName": "f"}},
    {"polygonArea": {"geojson": SQUARE, "repair": True}},
    {"countryLookup": {"geojson": {"type": "Point", "coordinates": [9.5, 51.5]}}},
    {"countryLookup": {"geojson": SQUARE}},
]  # fmt: skip


@pytest.mark.parametrize("job", JOBS, ids=[f"{number} {next(iter(job))}" for number, job in enumerate(JOBS)])
async def test_a_task_is_sent_back_as_it_was_read_and_stays_the_same(api: Api, job: dict[str, Any]) -> None:
    if "http" in job:
        job["http"]["headers"]["S"] = "secret"
    whole = {"name": "t", "job": job, "schedule": {"cron": {"expression": "0 9 * * *"}}, "tags": ["a"]}
    more = {"retry": {"maxRetries": 2, "offsets": ["PT1M"]}, "description": "d", "timeout": "PT10S"}
    answer = await api.alice.ask(UPSERT, i=whole | more)
    assert answer["upsertTask"]["userErrors"] == []
    before = await api.database.tasks.find_one({})
    (read,) = (await api.alice.ask(READ))["tasks"]["nodes"]
    kind = read["job"].pop("kind")
    schedule = {"cron": read.pop("schedule")}
    del read["uniqueName"]
    again = await api.alice.ask(UPSERT, i={**read, "job": {kind: read["job"]}, "schedule": schedule})
    assert again["upsertTask"]["userErrors"] == []
    after = await api.database.tasks.find_one({})
    assert before is not None
    assert after is not None
    changed = {"version", "updated_at", "applied"}
    assert _without_ciphers(after, changed) == _without_ciphers(before, changed)


def _without_ciphers(task: Any, others: set[str]) -> Any:
    """Return a stored task without these fields, and with a mark in place of secrets, which are sealed anew."""
    params = dict(task["job"]["params"])
    if "secret_headers" in params:
        params["secret_headers"] = [{**header, "value": None} for header in params["secret_headers"]]
        params["token"] = params["token"] is not None
    return {name: value for name, value in task.items() if name not in {*others, "job"}} | {"params": params}
