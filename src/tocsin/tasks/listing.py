"""Queries for lists of tasks and runs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from tocsin import clock
from tocsin.documents import Database, Hold, RunDocument, RunStatus, TaskDocument, TaskStatus, Trigger, User
from tocsin.documents.paging import Condition, KeysetQuery, contains_text, key_range
from tocsin.errors import InvalidInput

RUN_PROJECTION: Mapping[str, int] = {"job": 0, "retry": 0}
"""Projection of runs without the copy of the task's job and its sealed secrets, which no reader of a list needs."""
_DUE_KEY = "_due"
_ALWAYS = datetime(1, 1, 2, tzinfo=UTC)
_NEVER = datetime(9999, 12, 30, tzinfo=UTC)
_MAX_TAGS = 20


class TaskOrderField(StrEnum):
    """A field to sort tasks by."""

    CREATED_AT = "created_at"
    NEXT_RUN_AT = "next_run_at"


class RunOrderField(StrEnum):
    """A field to sort runs by."""

    CREATED_AT = "created_at"
    DUE_AT = "due_at"


@dataclass(frozen=True, slots=True)
class TaskCriteria:
    """Conditions on listed tasks, combined with AND. `due_from` and `due_to` are inclusive."""

    statuses: Collection[TaskStatus] | None = None
    name: str | None = None
    tags: Collection[str] = ()
    due_from: datetime | None = None
    due_to: datetime | None = None

    def to_query(self) -> Condition:
        """Return the conditions for the database. Raises InvalidInput."""
        query: Condition = {"hold": {"$ne": Hold.DELETED}}
        if self.statuses is not None:
            query["status"] = {"$in": list(self.statuses)}
        if self.name:
            query["name"] = contains_text(self.name, "name")
        if len(self.tags) > _MAX_TAGS:
            raise InvalidInput(f"Set at most {_MAX_TAGS} tags; there are {len(self.tags)}.", "tags")
        if self.tags:
            query["tags"] = {"$all": list(self.tags)}
        return query | key_range("next_run_at", self.due_from, self.due_to)


@dataclass(frozen=True, slots=True)
class RunCriteria:
    """Conditions on listed runs, combined with AND. `due_from` and `due_to` are inclusive."""

    task: str | None = None
    statuses: Collection[RunStatus] | None = None
    trigger: Trigger | None = None
    task_name: str | None = None
    due_from: datetime | None = None
    due_to: datetime | None = None

    def to_query(self) -> Condition:
        """Return the conditions for the database, except those on the task and the due time. Raises InvalidInput."""
        query: Condition = {} if self.statuses is None else _has_public_status(self.statuses)
        if self.trigger:
            query["trigger"] = self.trigger
        if self.task_name:
            query["task_name"] = contains_text(self.task_name, "taskName")
        return query


def query_tasks(
    database: Database, owner: User, criteria: TaskCriteria, order_by: TaskOrderField, *, descending: bool
) -> KeysetQuery[TaskDocument]:
    """Build the query for tasks of the owner. Tasks without a next due time come last. Raises InvalidInput."""
    by_due = order_by is TaskOrderField.NEXT_RUN_AT
    direction = "desc" if descending else "asc"
    return KeysetQuery(
        collection=database.tasks,
        order_name=f"task_{order_by}_{direction}" if by_due else f"task_{order_by}",
        key=_DUE_KEY if by_due else order_by,
        descending=descending,
        indexed_filter={"owner": owner.id},
        extra_filter=criteria.to_query(),
        key_range_hint=None if by_due else (owner.created_at, clock.now()),
        computed_key={"$ifNull": ["$next_run_at", _ALWAYS if descending else _NEVER]} if by_due else None,
    )


def query_runs(
    database: Database, owner: User, criteria: RunCriteria, order_by: RunOrderField, *, descending: bool
) -> KeysetQuery[RunDocument]:
    """Build the query for runs of the owner, or of the owner's task in `criteria`. Raises InvalidInput.

    It uses one of the indexes (task, due), (owner, due) and (owner, created).
    """
    indexed: Condition = {"owner": owner.id}
    extra = criteria.to_query()
    by_due = order_by is RunOrderField.DUE_AT
    if criteria.task is not None and by_due:
        indexed = {"task": criteria.task}
    elif criteria.task is not None:
        extra["task"] = criteria.task
    if not by_due:
        extra |= key_range("due_at", criteria.due_from, criteria.due_to)
    return KeysetQuery(
        collection=database.runs,
        order_name=f"run_{order_by}",
        key=order_by,
        descending=descending,
        indexed_filter=indexed,
        extra_filter=extra,
        projection=dict(RUN_PROJECTION),
        min_key=criteria.due_from if by_due else None,
        max_key=criteria.due_to if by_due else None,
        key_range_hint=(owner.created_at, clock.now()),
    )


def _has_public_status(statuses: Collection[RunStatus]) -> Condition:
    """Return the condition on stored runs whose public status is one of these.

    A claimed run whose attempt has not begun is stored as RUNNING and shown as QUEUED.
    """
    stored: Condition = {"status": {"$in": list(statuses)}}
    claimed: Condition = {"status": RunStatus.RUNNING, "begun": False}
    queued, running = RunStatus.QUEUED in statuses, RunStatus.RUNNING in statuses
    if queued == running:
        return stored
    return stored | {"$nor": [claimed]} if running else {"$or": [stored, claimed]}
