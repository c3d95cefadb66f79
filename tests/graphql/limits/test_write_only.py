"""A token with WRITE but not READ can select only what its mutation changed; a mutation that selects more does not run.

The tables are compared with the schema: a new field of a changed object fails without a row here.
"""

from collections.abc import Iterator

import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    build_schema,
    get_named_type,
    is_composite_type,
    parse,
)

from tests.graphql.accounts.calls import create_program
from tests.graphql.conftest import T0, Api, run_document
from tocsin.graphql import ids
from tocsin.graphql.limits.write_only import READ_ONLY_FIELDS, find_read_errors, is_changed_part, is_changed_type
from tocsin.graphql.schema import schema

CORE = schema._schema
# What leads from one thing to another, or tells what became of others.
REFUSED = {
    "Task.lastRun", "Task.runs", "Run.task", "Run.workflowRun", "Run.attempts", "Run.result", "RunReplay.replay",
    "Replay.canaryRun", "WorkflowRun.result", "StepRun.result", "StepRun.runs", "Queue.depth", "Queue.running",
    "Queue.oldestQueuedAt", "Queue.throughputPerMinute", "User.usage", "NotificationChannel.deliveries",
    "Task.notificationRule", "Workflow.notificationRule", "Task.incident", "Workflow.incident", "Incident.subjects",
    "Incident.notifications", "StepRun.runsConnection", "WorkflowRun.workflow", "Workflow.runs", "Task.assignedQueue",
    "Run.assignedQueue", "Task.progress", "Run.progress", "StepRun.progress",
    "Workflow.versions", "Workflow.savedVersion", "WorkflowRun.savedVersion",
    "Task.recentOutcomes", "Queue.lastHour", "Task.publicLinks", "Workflow.publicLinks", "Secret.tasks",
    "Secret.workflows",
    "NotificationDelivery.attempts", "NotificationDelivery.channel",
}  # fmt: skip
# What has fields of its own, and is a part of what was changed.
ALLOWED = {
    "Task.job", "Task.schedule", "Task.misfire", "Task.retry", "RetryPolicy.backoff", "HttpJob.headers", "Run.error",
    "Run.replays", "Replay.counts", "Replay.skips", "Workflow.schedule", "WorkflowRun.progress", "WorkflowRun.error",
    "WorkflowRun.steps", "WorkflowRun.step", "StepRun.items", "StepRun.approval", "StepRun.error",
    "NotificationChannel.settings", "HttpJob.expectCallback", "ReportJob.runs",
}  # fmt: skip


def _concrete(kind: GraphQLNamedType) -> list[GraphQLObjectType]:
    if isinstance(kind, GraphQLInterfaceType):
        return list(CORE.get_possible_types(kind))
    return [kind] if isinstance(kind, GraphQLObjectType) else []


def _fields_below(kind: GraphQLNamedType, seen: set[str], *, inside: bool) -> Iterator[tuple[str, bool]]:
    """Yield the fields reachable from a mutation's payload and whether they are refused, not descending into refused
    ones.
    """
    for concrete in _concrete(kind):
        if concrete.name in seen:
            continue
        seen.add(concrete.name)
        for name, field in concrete.fields.items():
            place, inner = f"{concrete.name}.{name}", get_named_type(field.type)
            refused = place in READ_ONLY_FIELDS or (inside and is_composite_type(inner) and not is_changed_part(inner))
            if inside and (refused or is_composite_type(inner)):
                yield place, refused
            if not refused:
                yield from _fields_below(inner, seen, inside=inside or is_changed_type(inner))


def test_every_field_below_what_mutations_change_is_refused_or_a_part_of_it() -> None:
    assert CORE.mutation_type is not None
    found = dict(_fields_below(CORE.mutation_type, set(), inside=False))
    assert {place for place, refused in found.items() if refused} == REFUSED
    assert {place for place, refused in found.items() if not refused} == ALLOWED


READING = {
    "lastRun": "... on Task { lastRun { id } }",
    "runs": "runs { nodes { result } }",
    "aliased": "mine: lastRun { id }",
    "fragment": "...F",
}


@pytest.mark.parametrize("fields", READING.values(), ids=READING)
async def test_nothing_is_done_whose_answer_reads_more(api: Api, fields: str) -> None:
    program, task = await create_program(api, api.alice, "WRITE"), await api.alice.create()
    document = f'mutation($id: ID!) {{ updateTask(input: {{id: $id, name: "new"}}) {{ task {{ id {fields} }} }} }}'
    if "...F" in fields:
        document += " fragment F on Task { name ...G } fragment G on Node { ... on Task { runs { totalCount } } }"
    for _ in range(2):  # the second time the document is known
        answer = await program.post(document, {"id": task})
        (error,) = answer["errors"]
        assert (error["extensions"]["code"], "data" in answer) == ("FORBIDDEN", False)
        assert "the scope READ, which Task." in error["message"]
    shown = await api.alice.ask("query($id: ID!) { task(id: $id) { name } }", id=task)
    assert shown == {"task": {"name": "ping"}}
    both = await create_program(api, api.alice, "WRITE", "READ")
    assert "errors" not in await both.post(document, {"id": task})


async def test_what_was_changed_is_answered(api: Api) -> None:
    program = await create_program(api, api.alice, "WRITE")
    task = await program.create(job={"http": {"url": "https://example.com/", "headers": {"X-A": "1"}}})
    job = "job { kind ... on HttpJob { url headers { name value } } }"
    shown = f"id name {job} schedule {{ __typename }} retry {{ backoff {{ factor }} }} misfire {{ policy }}"
    payload = await program.do("runTask", {"id": task}, f"task {{ {shown} }} run {{ id status }} userErrors {{ code }}")
    assert payload["task"]["job"] == {
        "kind": "http", "url": "https://example.com/", "headers": [{"name": "X-A", "value": "1"}],
    }  # fmt: skip
    assert payload["run"]["status"] == "QUEUED"


@pytest.mark.parametrize("fields", ["attempts { responseBody }", "result", "task { name }", "workflowRun { result }"])
async def test_a_retried_run_shows_a_write_only_token_nothing_of_before(api: Api, fields: str) -> None:
    program, task = await create_program(api, api.alice, "WRITE"), await api.alice.create()
    document = run_document(ids.decode_id(task, "id")[1], T0, status="FAILED", result='"told before"')
    await api.database.runs.insert_one(document)
    retry = f"mutation($id: ID!) {{ retryRun(input: {{id: $id}}) {{ run {{ {fields} }} }} }}"
    answer = await program.post(retry, {"id": ids.encode_id("Run", document["_id"])})
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert "told before" not in str(answer)
    stored = await api.database.runs.find_one({"_id": document["_id"]})
    assert stored is not None
    assert stored["status"] == "FAILED"


async def test_a_dry_run_changes_nothing_so_it_reads(api: Api) -> None:
    program = await create_program(api, api.alice, "WRITE")
    count = "mutation($dry: Boolean!) { replayDeadLetters(input: {dryRun: $dry}) { count } }"
    answer = await program.post(count, {"dry": True})
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    reader = await create_program(api, api.alice, "WRITE", "READ")
    assert (await reader.ask(count, dry=True))["replayDeadLetters"] == {"count": 0}


async def test_a_program_reads_no_counts_of_queues_by_changing_one(api: Api) -> None:
    program = await create_program(api, api.carol, "WRITE", "ADMIN")
    pause = 'mutation {{ pauseQueue(input: {{name: "default"}}) {{ queue {{ name {} }} }} }}'
    answer = await program.post(pause.format("depth"))
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert (await program.ask(pause.format("paused")))["pauseQueue"]["queue"] == {"name": "default", "paused": True}


def _faults(document: str, name: str | None = None) -> list[str]:
    kinds = (
        "interface Node { id: ID } type Run implements Node { id: ID task: Task } type Task implements Node {id: ID}"
    )
    small = build_schema(f"{kinds} type P {{ task: Task run: Run }} type Query {{ a: Int }} type Mutation {{ do: P }}")
    return [fault.message for fault in find_read_errors(small, parse(document), name)]


def test_only_the_operation_that_is_executed_counts() -> None:
    two = "mutation A { do { task { id } run { id } } } mutation B { do { run { ...F } } }"
    two += " fragment F on Run { task { id } }"
    assert _faults(two, "A") == []
    assert len(_faults(two, "B")) == 1
    assert _faults("{ a }") == _faults("mutation { do { __typename run { __typename } } }") == []
