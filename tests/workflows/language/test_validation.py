# ruff: noqa: E501  # tables read best in rows
"""Validating and saving agree: both accept a text or value, or both reject it with the same faults."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.harness import SECRETS
from tests.workflows.language.invalid_workflows import OK, YAML
from tocsin import clock
from tocsin.documents import Database, connect
from tocsin.jobs import registry
from tocsin.outbound.recipient_rules import RecipientRules
from tocsin.workflows import saving
from tocsin.workflows.language.definition import Step, WorkflowDefinition
from tocsin.workflows.language.source import WorkflowInvalid, WorkflowSource
from tocsin.workflows.language.validation import parse_definition
from tocsin.workflows.language.yaml_reader import parse_yaml
from tocsin.workflows.language.yaml_writer import to_yaml
from tocsin.workflows.versions import VersionCache

NOT_JSON = (
    r'"\ud83d"', r'"\ude44\ud83d"', r'"\U00110000"', r'"\UFFFFFFFF"', r'"\0"', ".nan", "-.inf", "1e999", "9" * 401, "0x" + "f" * 400,
    "!!int 5_0", "!!binary aGk=", "2027-01-01", "!!timestamp 2027-01-01", "{? [a] : 1}", "{<<: {}}", "[" * 60 + "]" * 60, "&a [*a]", "*a",
    '{"$secret": "a.token"}', "'${{ inputs.x'", "'${{ steps.zz.result }}'", "'***'", "9" * 300, "-0", "~", "''", "\x7f", "{a: 1, a: 2}",
)  # fmt: skip
"""Values, some of which are not valid in JSON or in a workflow."""
PLACES = (
    "{{name: w, description: {0}, steps: [{{key: a, wait: PT1S}}]}}",
    "{{name: w, output: {0}, steps: [{{key: a, wait: PT1S}}]}}",
    "{{name: w, output: {{{0}: 1}}, steps: [{{key: a, wait: PT1S}}]}}",
    "{{name: w, {0}: 1, steps: [{{key: a, wait: PT1S}}]}}",
    "{{name: w, inputs: {{x: {{default: {0}}}}}, steps: [{{key: a, wait: PT1S}}]}}",
    "{{name: w, inputs: {{{0}: {{}}}}, steps: [{{key: a, wait: PT1S}}]}}",
    "{{name: w, steps: [{{key: {0}, wait: PT1S}}]}}",
    "{{name: w, steps: [{{key: a, wait: {0}}}]}}",
    "{{name: w, steps: [{{key: a, approval: {{by: admins, message: {0}}}}}]}}",
    "{{name: w, steps: [{{key: a, job: {0}}}]}}",
    "{{name: w, steps: [{{key: a, job: http, params: {{url: 'https://example.com', method: POST, body: {0}}}}}]}}",
    "{{name: w, steps: [{{key: a, job: http, params: {{url: 'https://example.com', token: {0}}}}}]}}",
    "{{name: w, steps: [{{key: a, job: http, params: {{url: 'https://example.com', headers: {{Authorization: {0}}}}}}}]}}",
    "{{name: w, steps: [{{key: a, job: http, params: {{url: 'https://example.com', headers: {{{0}: x}}}}}}]}}",
    "{{name: w, steps: [{{key: a, job: http, params: {{url: 'https://example.com', secretHeaders: {0}}}}}]}}",
    "{{name: w, steps: [{{key: a, job: email, params: {{to: x@example.com, subject: s, body: b, attachments: [{{name: n, json: {0}}}]}}}}]}}",
    "{{name: w, steps: [{{key: a, job: polygonArea, params: {{geojson: {0}}}}}]}}",
    "{{name: w, steps: [{{key: a, job: http, params: {{url: 'https://example.com'}}, retry: {0}}}]}}",
    "{{name: w, steps: [{{key: a, job: http, params: {{url: 'https://example.com'}}, compensation: {{job: http, params: {0}}}}}]}}",
    "{{name: w, timeout: {0}, concurrency: {0}, overlap: {0}, schedule: {{every: {{interval: PT1H, end: {0}}}}}, steps: [{{key: a, wait: PT1S}}]}}",
    "{{name: w, schedule: {{at: {0}}}, steps: [{{key: a, wait: PT1S, dependsOn: [{0}], priority: {0}}}]}}",
    "{0}",
)  # fmt: skip


def checked(text: str) -> Any:
    """Return what `tocsin workflows validate` finds: the definition, or the faults."""
    try:
        return parse_definition(parse_yaml(text), registry.RegisteredJobs(), clock.now())
    except WorkflowInvalid as invalid:
        return [str(fault) for fault in invalid.faults]


async def saved(database: Database, text: str, owner: str) -> Any:
    """Return the result of saving: the definition as loaded for a run, or the faults."""
    try:
        workflow = await saving.save_workflow(database, SECRETS, owner, parse_yaml(text), clock.now())
    except WorkflowInvalid as invalid:
        if all("*** keeps a stored secret" in fault.message for fault in invalid.faults):
            return None  # only the database knows whether there is one
        return [str(fault) for fault in invalid.faults]
    version = await VersionCache(database, SECRETS, UNUSED_SETTINGS).get(workflow["_id"], workflow["version"])
    assert parse_yaml(to_yaml(version.masked_definition)).data == version.masked_definition
    return version.definition


UNUSED_SETTINGS: Any = None


async def agree(database: Database, text: str) -> None:
    found, owner = checked(text), uuid4().hex[:24]
    if isinstance(found, list):
        json.dumps(found, ensure_ascii=False).encode()
        assert 1 <= len(found) <= 51
        assert await saved(database, text, owner) == found
        assert await database.workflows.count_documents({"owner": owner}) == 0
    else:
        definition = await saved(database, text, owner)
        assert definition is None or definition.name == found.name


@pytest.mark.parametrize("place", PLACES)
async def test_what_is_right_is_saved_and_what_is_wrong_is_not_whatever_stands_where(
    database: Database, place: str
) -> None:
    for value in NOT_JSON:
        await agree(database, place.format(value))


async def test_all_that_is_wrong_is_not_saved(database: Database) -> None:
    for text in YAML.values():
        await agree(database, text)


TEXTS = st.one_of(
    st.text(max_size=200),
    st.text(alphabet="abc:-[]{}&*!'\"#|> \n\t,?%@\\uUdD8003e4\0\x85\u2028\ufeff", max_size=120),
    st.binary(max_size=200).map(lambda data: data.decode("utf-8", "surrogateescape")),
    st.tuples(st.sampled_from(PLACES), st.sampled_from(NOT_JSON) | st.text(max_size=20)).map(lambda pair: pair[0].format(pair[1])),
)  # fmt: skip


@example("%YAML " + "1" * 5_000 + ".1\n---\nname: w")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(text=TEXTS)
def test_any_text_is_read_or_refused_at_a_place(text: str) -> None:
    found = checked(text)
    if isinstance(found, list):
        json.dumps(found, ensure_ascii=False).encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**410), 10**410) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


VALUES = JSON | st.sampled_from([
    "PT1S", "http", "email", "polygonArea", "${{ inputs.x }}", "${{ steps.a.result }}", "${{ item }}", "***", "2027-01-01T00:00:00Z",
    {"url": "https://example.com"}, {"url": "https://example.com", "token": "t", "headers": {"Authorization": 1}}, ["a"], [], {},
    {"offsets": ["PT1S"]}, {"backoff": {"initial": "PT1S", "factor": 1e300}}, {"by": "admins"}, {"every": {"interval": "PT1H"}},
    {"cron": {"expression": "* * * * *", "timeZone": "UTC"}}, {"at": "2027-01-01T00:00:00Z"}, {"items": [1], "maxItems": 2},
    {"job": "http", "params": {"url": "https://example.com"}}, {"x": {"type": "integer", "default": 1}},
])  # fmt: skip
STEPS = st.dictionaries(
    st.sampled_from([*(field.alias or name for name, field in Step.model_fields.items()), "for_each", "xyzzy"]), VALUES, max_size=6
).flatmap(lambda step: st.sampled_from([step, {"key": "a", **step}, {"key": "b", "wait": "PT1S", **step}]))  # fmt: skip
WORKFLOWS = st.dictionaries(
    st.sampled_from([*WorkflowDefinition.model_fields, "xyzzy"]), VALUES, max_size=5
).flatmap(lambda whole: st.lists(STEPS, max_size=4).map(lambda steps: {"name": "w", **whole, "steps": steps}))  # fmt: skip


def test_whatever_is_written_is_saved_or_refused_as_it_was_checked(mongodb_uri: str) -> None:
    with asyncio.Runner() as runner:
        database = runner.run(connect(mongodb_uri, f"test_{uuid4().hex[:12]}"))

        @example({"name": "w", "steps": [{"key": "a", "job": "http", "params": {"url": "https://example.com"}}]})
        @settings(max_examples=150)
        @given(WORKFLOWS | TEXTS)
        def compare(written: Any) -> None:
            text = written if isinstance(written, str) else json.dumps(written)
            runner.run(agree(database, text))

        compare()
        runner.run(database.client.drop_database(database.name))
        runner.run(database.close())


MANY = """
name: w
name: v
inputs: {n: {type: integer, default: five}}
timeout: 5
schedule: {cron: {expression: "* * * *", timeZone: Mars}}
output: "${{ steps.zz.result }}"
steps:
  - {key: a, job: htpp, retry: {tries: 1, maxRetry: 3}, priority: 99}
  - {key: B-b, wait: PT1S, params: {}, dependsOn: [c, B-b]}
  - {key: d, job: http, params: {url: "${{ inputs.x }}", methud: 1}, when: "${{ steps.a.result }}", dependsOn: []}
  - {job: http, params: {url: "https://example.com", body: .nan}}
  - {key: e, wait: PT1S, when: "${{ steps.d.result }}"}
"""


def test_all_faults_are_reported_at_once_in_the_order_of_the_text() -> None:
    faults = checked(MANY)
    assert [fault.partition(": ")[0] for fault in faults] == [
        "line 3, column 1, name",
        "line 4, column 29, inputs.n.default",
        "line 5, column 1, timeout",
        "line 6, column 1, schedule",
        "line 7, column 1, output",
        "line 9, column 14, steps[0].job",
        "line 9, column 25, steps[0].retry",
        "line 9, column 25, steps[0].retry",
        "line 9, column 57, steps[0].priority",
        "line 10, column 5, steps[1]",
        "line 10, column 6, steps[1].key",
        "line 10, column 52, steps[1].dependsOn[0]",
        "line 10, column 55, steps[1].dependsOn[1]",
        "line 11, column 25, steps[2].params",
        "line 11, column 58, steps[2].params.methud",
        "line 11, column 70, steps[2].when",
        "line 12, column 5, steps[3].key",
        "line 12, column 60, steps[3].params.body",
    ]


def test_the_same_faults_of_an_object_are_reported_in_the_order_of_the_object() -> None:
    data = parse_yaml(MANY).data
    with pytest.raises(WorkflowInvalid) as caught:
        parse_definition(WorkflowSource(data), registry.RegisteredJobs(), clock.now())
    lines = [str(fault).partition(": ")[0] for fault in caught.value.faults]
    assert lines[:4] == ["inputs.n.default", "timeout", "schedule", "output"]
    assert lines[-3:] == ["steps[2].params.methud", "steps[2].when", "steps[3].key"]


def test_no_more_faults_are_reported_than_anyone_reads() -> None:
    faults = checked("name: w\nsteps:\n" + "".join(f"  - {{key: k{n}, job: nope}}\n" for n in range(120)))
    assert (len(faults), faults[-1]) == (51, "And 70 more faults.")
    long = checked(f"name: w\n{'x' * 100_000}: 1\nsteps: [{OK}]")
    assert len(long) == 1
    assert len(long[0]) < 1_000


def test_an_end_that_lies_behind_is_found_before_it_is_saved() -> None:
    text = f"name: w\nschedule: {{every: {{interval: PT1H, end: '1990-01-01T00:00:00Z'}}}}\nsteps: [{OK}]"
    assert checked(text) == [
        "line 2, column 1, schedule: every.end: The end is before the start. It must be the same time or later."
    ]


def test_recipients_that_the_settings_forbid_are_faults_of_a_workflow() -> None:
    text = """
name: w
inputs: {to: {default: "x@y.test"}}
steps:
  - {key: a, job: email, params: {to: [alice@example.com, eve@example.org, "${{ inputs.to }}"], subject: s, body: b}}
  - {key: b, job: report, params: {title: t, format: CSV, data: [], recipients: [eve@example.org]}}
"""
    jobs = registry.RegisteredJobs(recipients=RecipientRules("owner", "alice@example.com"))
    with pytest.raises(WorkflowInvalid) as caught:
        parse_definition(parse_yaml(text), jobs)
    places = [fault.path for fault in caught.value.faults]
    assert places == [("steps", 0, "params", "to", 1), ("steps", 1, "params", "recipients", 0)]
    assert "TOCSIN_EMAIL_RECIPIENTS" in caught.value.faults[0].message
