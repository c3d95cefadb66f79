"""Queries for lists of tasks and runs."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin import clock
from tocsin.documents import Database, ErrorKind, Hold, RunDocument, RunStatus, TaskDocument, TaskStatus, Trigger, User
from tocsin.documents.keyset import Branch, Condition, KeysetQuery, contains_text, key_range
from tocsin.documents.name_pages import NameQuery
from tocsin.errors import InvalidInput

RUN_PROJECTION: Mapping[str, int] = {"job": 0, "retry": 0}
"""Projection of runs without the copy of the task's job and its sealed secrets, which no reader of a list needs."""
_MAX_TAGS = 20
_FARTHEST, _NEAR = timedelta(days=36_500), timedelta(days=1)
"""How far due times can lie ahead, and how far most do."""
_DELETED = Branch({"status": TaskStatus.CANCELLED}, {"hold": Hold.DELETED})
"""Tasks that are hidden until their runs are settled."""


class TaskOrderField(StrEnum):
    """A field to sort tasks by."""

    CREATED_AT = "created_at"
    NEXT_RUN_AT = "next_run_at"
    NAME = "name"


class RunOrderField(StrEnum):
    """A field to sort runs by."""

    CREATED_AT = "created_at"
    DUE_AT = "due_at"


@dataclass(frozen=True, slots=True)
class TaskCriteria:
    """Conditions on listed tasks, combined with AND. `due_from` and `due_to` are inclusive."""

    statuses: Collection[TaskStatus] | None = None
    name: str | None = None
    text: str | None = None
    tags: Collection[str] = ()
    due_from: datetime | None = None
    due_to: datetime | None = None

    def to_query(self) -> Condition:
        """Return the conditions for the database, except those on the status and the due time. Raises InvalidInput."""
        query: Condition = {}
        if self.name:
            query |= contains_text("name", self.name, "name")
        if self.text:
            in_fields = [contains_text(field, self.text, "text") for field in ("name", "description")]
            query["$or"] = in_fields
        if len(self.tags) > _MAX_TAGS:
            raise InvalidInput(f"Set at most {_MAX_TAGS} tags; there are {len(self.tags)}.", "tags")
        if self.tags:
            query["tags"] = {"$all": list(self.tags)}
        return query


@dataclass(frozen=True, slots=True)
class RunCriteria:
    """Conditions on listed runs, combined with AND. `due_from` and `due_to` are inclusive."""

    task: str | None = None
    statuses: Collection[RunStatus] | None = None
    trigger: Trigger | None = None
    error_kinds: Collection[ErrorKind] | None = None
    task_name: str | None = None
    due_from: datetime | None = None
    due_to: datetime | None = None

    def to_query(self) -> Condition:
        """Return the conditions for the database, except on task, status and due time. Raises InvalidInput."""
        query: Condition = {}
        if self.trigger:
            query["trigger"] = self.trigger
        if self.error_kinds is not None:
            query["error.kind"] = {"$in": list(self.error_kinds)}
        if self.task_name:
            query |= contains_text("task_name", self.task_name, "taskName")
        return query


def query_tasks(
    database: Database,
    owner: User,
    criteria: TaskCriteria,
    order_by: TaskOrderField,
    *,
    descending: bool,
    omitted: Iterable[str] = (),
) -> KeysetQuery[TaskDocument]:
    """Build the query for tasks of the owner, without the omitted fields. Tasks without a next due time come last.

    Raises InvalidInput.
    """
    projection = dict.fromkeys(omitted, 0)
    by_creation = replace(_query_by_creation(database, owner, criteria, descending=descending), projection=projection)
    if order_by is TaskOrderField.CREATED_AT:
        return by_creation
    due = replace(_query_due(database, owner, criteria, descending=descending), projection=projection)
    if criteria.due_from is not None or criteria.due_to is not None:
        return due
    rest = replace(
        by_creation,
        order_name=due.order_name.replace("next_run_at", "not_due"),
        indexed_filter={**by_creation.indexed_filter, "next_run_at": None},
        extra_filter=due.extra_filter,
        branches=(Branch(),),
        hidden=_DELETED,
    )
    return replace(due, next_section=rest, counted_as=by_creation)


def query_tasks_by_name(
    database: Database, owner: User, criteria: TaskCriteria, *, descending: bool, omitted: Iterable[str] = ()
) -> NameQuery[TaskDocument]:
    """Build the query for tasks of the owner by name, without the omitted fields. Raises InvalidInput."""
    of_status = {} if criteria.statuses is None else {"status": {"$in": list(criteria.statuses)}}
    due = key_range("next_run_at", criteria.due_from, criteria.due_to)
    conditions = (criteria.to_query(), of_status, due)
    return NameQuery(
        collection=database.tasks,
        owner=owner.id,
        descending=descending,
        filters=tuple(condition for condition in conditions if condition),
        hidden=_DELETED.extra,
        projection=dict.fromkeys(omitted, 0),
    )


def _query_by_creation(
    database: Database, owner: User, criteria: TaskCriteria, *, descending: bool
) -> KeysetQuery[TaskDocument]:
    """Build the query for tasks by time of creation."""
    statuses = criteria.statuses
    return KeysetQuery(
        collection=database.tasks,
        order_name="task_created_at",
        key="created_at",
        descending=descending,
        indexed_filter={"owner": owner.id},
        extra_filter=criteria.to_query() | key_range("next_run_at", criteria.due_from, criteria.due_to),
        branches=(Branch(),) if statuses is None else tuple(Branch({"status": status}) for status in set(statuses)),
        hidden=_DELETED if statuses is None or TaskStatus.CANCELLED in statuses else None,
        key_range_hint=(owner.created_at, clock.now()),
    )


def _query_due(
    database: Database, owner: User, criteria: TaskCriteria, *, descending: bool
) -> KeysetQuery[TaskDocument]:
    """Build the query for tasks that have a next due time, by that."""
    now, statuses = clock.now(), criteria.statuses
    return KeysetQuery(
        collection=database.tasks,
        order_name=f"task_next_run_at_{'desc' if descending else 'asc'}",
        key="next_run_at",
        descending=descending,
        indexed_filter={"owner": owner.id},
        extra_filter=criteria.to_query() | ({} if statuses is None else {"status": {"$in": list(statuses)}}),
        min_key=criteria.due_from,
        max_key=criteria.due_to,
        key_range_hint=(now, now + (_NEAR if descending else _FARTHEST)),
    )


def query_runs(
    database: Database,
    owner: User,
    criteria: RunCriteria,
    order_by: RunOrderField,
    *,
    descending: bool,
    omitted: Iterable[str] = (),
) -> KeysetQuery[RunDocument]:
    """Build the query for runs of the owner, or of the owner's task in `criteria`, without the omitted fields.

    Raises InvalidInput.

    It uses one of the indexes (task, due), (owner, due), (owner, status, due) and (owner, created).
    """
    by_due = order_by is RunOrderField.DUE_AT
    of_task = criteria.task is not None and by_due
    extra = criteria.to_query()
    if criteria.task is not None and not by_due:
        extra["task"] = criteria.task
    if not by_due:
        extra |= key_range("due_at", criteria.due_from, criteria.due_to)
    return KeysetQuery(
        collection=database.runs,
        order_name=f"run_{order_by}",
        key=order_by,
        descending=descending,
        indexed_filter={"task": criteria.task} if of_task else {"owner": owner.id},
        extra_filter=extra,
        branches=_run_branches(criteria.statuses, indexed=by_due and not of_task),
        projection={**RUN_PROJECTION, **dict.fromkeys(omitted, 0)},
        min_key=criteria.due_from if by_due else None,
        max_key=criteria.due_to if by_due else None,
        key_range_hint=(owner.created_at, clock.now()),
    )


def _run_branches(statuses: Collection[RunStatus] | None, *, indexed: bool) -> tuple[Branch, ...]:
    """Return the branches of the runs whose public status is one of these, each for one range of an index if possible.

    A claimed run whose attempt has not begun is stored as RUNNING and shown as QUEUED.
    """
    if statuses is None:
        return (Branch(),)
    if not statuses:
        return ()
    if not indexed:
        return (Branch(extra=_has_public_status(statuses)),)
    branches = [Branch({"status": status}) for status in RunStatus if status in statuses]
    queued, running = RunStatus.QUEUED in statuses, RunStatus.RUNNING in statuses
    if queued is running:
        return tuple(branches)
    others = [branch for branch in branches if branch.equal["status"] != RunStatus.RUNNING]
    return (*others, Branch({"status": RunStatus.RUNNING}, {"begun": {"$ne": False} if running else False}))


def _has_public_status(statuses: Collection[RunStatus]) -> Condition:
    """Return the condition on stored runs whose public status is one of these."""
    stored: Condition = {"status": {"$in": list(statuses)}}
    claimed: Condition = {"status": RunStatus.RUNNING, "begun": False}
    queued, running = RunStatus.QUEUED in statuses, RunStatus.RUNNING in statuses
    if queued == running:
        return stored
    return stored | {"$nor": [claimed]} if running else {"$or": [stored, claimed]}
