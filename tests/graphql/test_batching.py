"""What a list costs in database commands does not grow with the objects in it, whatever is selected of them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from graphql import GraphQLObjectType, GraphQLSchema, get_named_type, is_leaf_type, is_list_type, is_required_argument

from tests.commands import CommandLog, logged
from tests.graphql.conftest import T0, Api, run_document, served_api, task_document
from tests.notifications.incidents.samples import incident, subject
from tocsin import clock
from tocsin.clock import MILLISECOND
from tocsin.config import Settings
from tocsin.documents import Database, new_id
from tocsin.graphql import ids
from tocsin.graphql.schema import schema
from tocsin.workflows.engine.states import StepRunRef
from tocsin.workflows.versions import version_id

FEW, MANY = 5, 20
"""Sizes of lists. There are five runs, of a task and a workflow run, with the same due time."""
ONE_BY_ONE = {
    "Task.runs", "Workflow.versions", "NotificationChannel.deliveries", "Incident.subjects", "Queue.depth",
    "Queue.oldestQueuedAt", "User.usage", "Workflow.runs", "StepRun.runsConnection", "Secret.tasks", "Secret.workflows",
}  # fmt: skip
"""Fields with queries for each object: pages of the runs of each task, workflow and step, of each workflow's versions,
of each channel's deliveries and of each incident's subjects, of which the operation pays the cost, the range of each
queue in an index, the quotas of each user, for administrators, and what uses each secret."""
_APART = 3
"""Queries of one kind that may be separate, as their loads wait for different answers."""
_SCHEMA: GraphQLSchema = schema._schema
WORKFLOW_RUN: Any = _SCHEMA.type_map["WorkflowRun"]
APPROVAL = {"status": "WAITING", "asks": "admins", "message": "?"}


def select(type_: GraphQLObjectType, path: tuple[str, ...] = ()) -> str:
    """Return a selection of all fields, and of those of their objects, each type only once in a path."""
    return " ".join(["__typename", *_select_fields(type_, (*path, type_.name))])


def _select_fields(type_: GraphQLObjectType, path: tuple[str, ...]) -> Iterator[str]:
    for name, field in type_.fields.items():
        named = get_named_type(field.type)
        if f"{type_.name}.{name}" in ONE_BY_ONE or any(map(is_required_argument, field.args.values())):
            continue
        if is_leaf_type(named):
            yield name
        elif not isinstance(named, GraphQLObjectType):
            yield f"{name} {{ __typename }}"
        elif named.name not in path and not named.name.endswith("Edge"):
            yield f"{name} {{ {select(named, path)} }}"


_BOUNDED = {"mailAddresses", "workflowErrors"}
"""Lists of at most one object for each of a few purposes, and of errors in a text."""


def list_queries() -> dict[str, str]:
    """Return a query for each list of objects among the root fields, with `$n` as the size of pages."""
    assert _SCHEMA.query_type is not None
    found: dict[str, str] = {}
    for name, field in _SCHEMA.query_type.fields.items():
        if name in _BOUNDED:
            continue
        named = get_named_type(field.type)
        is_paged = named.name.endswith("Connection")
        if isinstance(named, GraphQLObjectType) and (is_paged or is_list_type(getattr(field.type, "of_type", None))):
            arguments = "(first: $n)" if is_paged else ""
            found[name] = f"query({'$n: Int' if is_paged else ''}) {{ {name}{arguments} {{ {select(named)} }} }}"
            found[name] = found[name].replace("query() ", "")
    return found


class Seeds:
    """Stored objects of one owner, each of which refers to objects of its own."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database, self._owner, self._count = database, owner, 0

    async def add(self, count: int, items: int = 3) -> None:
        """Store so many more of each type. A step of each workflow run has this number of items."""
        for _ in range(count):
            self._count += 1
            await self._add_one(self._count, T0 + self._count * MILLISECOND, items)

    async def _add_one(self, number: int, at: Any, items: int) -> None:
        owner, database = self._owner, self._database
        replay, run = new_id(owner), await self._add_task(at, number)
        await database.replays.insert_one(_replay(owner, replay, run, at))
        await database.runs.update_one({"_id": run}, {"$set": {"replays": [{"replay": replay, "at": at, "round": 1}]}})
        await self._add_workflow(number, at, items)
        queue: Any = {"_id": f"q{number}", "description": "", "concurrency": None, "rate": None, "priority": 0}
        await database.queues.insert_one(queue | {"paused": False})
        await database.circuits.insert_one(
            {"_id": f"{owner}:{number}", "owner": owner, "host": f"h{number}:80", "state": "OPEN", "failures": 5}
            | {"seconds": 60.0, "cause": "no", "opened_at": at, "retry_at": at}  # type: ignore[arg-type]
        )
        await database.users.insert_one(
            {"_id": new_id("u").replace("/", ""), "email": f"u{number}@example.test", "password": "-"}
            | {"is_admin": False, "is_active": True, "created_at": at}  # type: ignore[arg-type]
        )
        await database.audit_entries.insert_one(
            {"_id": f"{number}", "at": at, "action": "LOGGED_IN", "actor": owner, "actor_name": "c", "user": owner}
            | {"email": "c@example.test", "detail": None, "address": "", "user_agent": ""}  # type: ignore[arg-type]
        )
        later = clock.now() + timedelta(days=1)
        await database.sessions.insert_one(
            {"_id": new_id(owner), "owner": owner, "family": f"f{number}", "secret": "-", "previous": None}
            | {"rotated_at": at, "created_at": at, "expires_at": later, "address": "", "user_agent": ""}  # type: ignore[arg-type]
        )
        await database.api_tokens.insert_one(
            {"_id": new_id(owner), "owner": owner, "name": "t", "digest": f"d{number}", "hint": "abcd", "scopes": []}
            | {"created_at": at, "expires_at": None, "last_used_at": None}  # type: ignore[arg-type]
        )

        await database.notifications.insert_one(
            {"_id": f"{owner}/n{number}", "owner": owner, "kind": "FAILED_FOR_GOOD", "at": at, "stored_at": at}
            | {"subject": "s", "text": "t", "page": None, "run": run, "about": None, "data": {}}
            | {"acknowledged": False, "acknowledged_at": None}  # type: ignore[arg-type]
        )
        key = f"{owner}/task-{number}"
        task = subject(run=run) | {"subject": run.partition(":")[0]}
        await database.incidents.insert_one(
            incident(_id=f"{key}:1", cause_key=key, cause="TASK", owner=owner, opened_at=at, subjects=[task])
        )
        await database.named_secrets.insert_one(
            {"_id": f"{owner}/s{number}", "owner": owner, "name": f"s{number}", "sealed": "-", "allowed_hosts": ["a.b"]}
            | {"revision": 1, "created_at": at, "updated_at": at, "value_set_at": at}  # type: ignore[arg-type]
        )
        channel = new_id(owner)
        for delivery in (f"{owner}/n{number}", f"{owner}/n{number}@{channel}"):
            await database.deliveries.insert_one(
                {"_id": delivery, "owner": owner, "kind": "FAILED_FOR_GOOD", "run": run, "subject": "s", "text": "t"}
                | {"status": "DELIVERED", "queued_at": at, "next_try_at": at, "attempts": [{"at": at, "error": None}]}
                | ({"channel": channel} if "@" in delivery else {})  # type: ignore[arg-type]
            )
        await database.notification_preferences.insert_one(
            {"_id": run.partition(":")[0], "owner": owner, "subject_type": "Task", "created_at": at}
            | {"channels": [channel]}  # type: ignore[arg-type]
        )
        await database.notification_channels.insert_one(
            {"_id": channel, "owner": owner, "kind": "slack", "name": "c", "settings": {}, "sealed": {}}
            | {"shown": {"url": "***"}, "events": None, "is_enabled": True, "revision": 1, "created_at": at}  # type: ignore[arg-type]
        )

    async def _add_task(self, at: Any, number: int) -> str:
        task = task_document(self._owner, at)
        run = run_document(task["_id"], at, attempts=[_attempt(at)], status="FAILED", dead=True, finished_at=at)
        run |= {"error": {"kind": "TIMEOUT", "message": "no", "hint": None}, "queue": f"q{number}"}
        await self._database.tasks.insert_one(task | {"last_run": run["_id"]})
        await self._database.runs.insert_one(run)
        await self._database.response_bodies.insert_one({"_id": f"{run['_id']}#1", "text": "body"})
        return str(run["_id"])

    async def _add_workflow(self, number: int, at: Any, items: int) -> None:
        workflow, run_id = new_id(self._owner), f"{self._owner}/w{number}"
        await self._database.workflows.insert_one(_workflow(self._owner, workflow, number, at))
        definition = '{"name":"w","steps":[{"key":"a","job":"http","params":{"url":"https://example.com/"}}]}'
        version: Any = {"_id": version_id(workflow, 1), "owner": self._owner, "workflow": workflow, "version": 1}
        await self._database.workflow_versions.insert_one(
            version | {"definition": definition, "secrets": {}, "created_at": at}
        )
        await self._database.workflow_runs.insert_one(_workflow_run(self._owner, run_id, workflow, at, items))
        asking: Any = {"_id": f"{run_id}:ask@0", "owner": self._owner, "run": run_id, "step": "ask", "since": at}
        await self._database.pending_approvals.insert_one(asking)
        refs = [StepRunRef("a"), *(StepRunRef("each", index) for index in range(items))]
        runs = [ref.run_id(run_id) for ref in refs]
        given = {"attempts": [_attempt(at)], "trigger": "WORKFLOW", "result": "1"}
        await self._database.runs.insert_many([run_document(run_id, at, _id=run, **given) for run in runs])
        await self._database.response_bodies.insert_many([{"_id": f"{run}#1", "text": "body"} for run in runs])


def _attempt(at: Any) -> Any:
    return {"number": 1, "started_at": at, "finished_at": at, "worker": "w", "outcome": "COMPLETED", "has_body": True}


def _replay(owner: str, replay: str, run: str, at: Any) -> Any:
    return {
        "_id": replay, "owner": owner, "filter": {}, "settings": "ORIGINAL", "canary": True, "canary_run": run,
        "per_minute": 1, "status": "RUNNING", "reason": None, "selected": 1, "sent": 1, "succeeded": 0, "failed": 0,
        "skips": {"TASK_DELETED": 1}, "until": at, "cursor_at": None, "cursor_id": None, "recent": [], "open": True,
        "next_at": at, "claim": None, "lease_until": at, "created_at": at, "updated_at": at, "finished_at": None,
    }  # fmt: skip


def _workflow(owner: str, workflow: str, number: int, at: Any) -> Any:
    return {
        "_id": workflow, "owner": owner, "name": f"w{number}", "name_key": f"{owner}/w{number}", "description": "",
        "version": 1, "digest": "", "overlap": "ALLOW", "schedule": None, "next_run_at": None, "last_due_at": None,
        "deleted": False, "created_at": at, "updated_at": at,
    }  # fmt: skip


def _workflow_run(owner: str, run_id: str, workflow: str, at: Any, items: int) -> Any:
    each = {"status": "COMPLETED", "items": "C" * items, "values": ["1"] * items}
    return {
        "_id": run_id, "owner": owner, "workflow": workflow, "name": "w", "version": 1, "trigger": "MANUAL",
        "status": "RUNNING", "open": True, "reason": None, "due_at": at, "created_at": at, "started_at": at,
        "finished_at": None, "cancel_requested_at": None, "missed_until": None, "missed_count": None, "inputs": "{}",
        "output": None, "error": None, "round": 0, "stopping": None, "deadline_at": None, "wake_at": None, "rev": 1,
        "total": 3, "done": 2, "steps": {"a": {"status": "COMPLETED"}, "each": each, "ask": APPROVAL},
    }  # fmt: skip


async def count_commands(api: Api, log: CommandLog, query: str, size: int) -> dict[str, int]:
    """Return the commands of a query by name, without help of cached objects, but knowing how dense each list is."""
    variables = {"n": size} if "$n" in query else {}
    await api.carol.ask(query, **variables)
    api.services.versions._cached.clear()
    api.services.refusals._cached.clear()
    log.commands.clear()
    (found,) = (await api.carol.ask(query, **variables)).values()
    rows = len(found["nodes"] if isinstance(found, dict) else found)
    assert rows == size or ("$n" not in query and rows in {1, size, size + 1}), "one cause, and what the API has made"
    return {name: count for name, count in log.count().items() if "rate_buckets" not in name}


async def test_no_list_loads_its_objects_one_by_one(database: Database, settings: Settings) -> None:
    log, wide = CommandLog(), {"max_cost": 10**10, "cost_limit": 10**11, "max_document_tokens": 10_000}
    async with logged(database, log) as connection, served_api(connection, settings.model_copy(update=wide)) as api:
        assert api.carol.user is not None
        seeds = Seeds(database, api.carol.user.id)
        queries, few = list_queries(), dict[str, Any]()
        await seeds.add(FEW)
        for name in [name for name, query in queries.items() if "$n" not in query]:
            few[name] = await count_commands(api, log, queries[name], FEW)
        await seeds.add(MANY - FEW)
        many = {name: await count_commands(api, log, query, MANY) for name, query in queries.items() if name in few}
        await seeds.add(1)  # so that no page is the last one
        for name in queries.keys() - few.keys():
            few[name], many[name] = [await count_commands(api, log, queries[name], size) for size in (FEW, MANY)]
    assert len(many) == 19
    assert {name: grown for name in many if (grown := _grown(few[name], many[name]))} == {}


def _grown(few: dict[str, int], many: dict[str, int]) -> dict[str, int]:
    """Return the commands of which there are more for more rows.

    Loads of one kind that wait for different answers share a query only if these arrive together: a few are no fault.
    """
    more = {name: count - few.get(name, 0) for name, count in many.items()}
    return {name: count for name, count in more.items() if count > _APART}


@pytest.mark.parametrize("items", [2, 300])
async def test_a_fan_out_is_read_with_queries_whose_number_does_not_grow(
    database: Database, settings: Settings, items: int
) -> None:
    log, wide = CommandLog(), {"max_cost": 10**10, "cost_limit": 10**11, "max_document_tokens": 10_000}
    async with logged(database, log) as connection, served_api(connection, settings.model_copy(update=wide)) as api:
        assert api.carol.user is not None
        await Seeds(database, api.carol.user.id).add(1, items)
        run_id = ids.encode_id("WorkflowRun", f"{api.carol.user.id}/w1")
        query = f"query($id: ID!) {{ workflowRun(id: $id) {{ {select(WORKFLOW_RUN)} }} }}"
        log.commands.clear()
        shown = (await api.carol.ask(query, id=run_id))["workflowRun"]
    _, each, _ = shown["steps"]
    assert (len(each["runs"]), len(each["result"])) == (min(items, 100), items)
    assert each["runs"][-1]["attempts"][0]["responseBody"] == "body"
    found = log.count("workflow_runs", "runs", "response_bodies", "users", "tasks")
    # A list of one is resolved one iteration of the event loop before a longer one.
    twice = {"find response_bodies": 2, "find tasks": 2}
    runs = 1 + 2  # and twice those that are claimed, for the numbers of their queues
    assert found == {"find workflow_runs": 1, "find runs": runs, "find users": 2, "aggregate users": 1, **twice}
