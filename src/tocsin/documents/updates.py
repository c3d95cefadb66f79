"""Conditional updates as pipelines on `_id`: the database tests the condition and applies the change atomically.

A pipeline filtered by `_id` alone is fast on MongoDB and on the embedded database, which would scan the collection for
a filter on `_id` and another field. Values from users are wrapped in `$literal`, because a text that starts with `$`
would be read as a field path. IDs and statuses need no wrapping; shorter pipelines are parsed faster.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from pymongo import UpdateMany, UpdateOne

from tocsin.documents.run_documents import RunChanges
from tocsin.documents.states import (
    MOVES,
    OPEN_STATUSES,
    PROJECT_TASK_STATUS,
    SETTLED_STATUSES,
    TASK_STATUS_OF_OPEN_RUN,
    RunStatus,
    TaskStatus,
)
from tocsin.documents.task_documents import TaskChanges

Expression = dict[str, Any]
Pipeline = list[Expression]
RunIdOrExpression = str | Expression
CHANGED_NOW: Expression = {"changed_at": "$$NOW"}
"""The computed change that stamps a workflow run. The database does, because clocks of writers differ."""
_SETTLED_NOW: Expression = {"settled_late_at": "$$NOW"}
"""The computed change that stamps a settled run with the time of the write, which can be long after its end."""


def has_value(field: str, value: Any) -> Expression:
    """Return a condition: the field has this value. Use `is_null` for null, which includes a missing field."""
    return {"$eq": [f"${field}", {"$literal": value} if isinstance(value, str) else value]}


def is_null(field: str) -> Expression:
    """Return a condition: the field is null or missing."""
    return {"$eq": [{"$ifNull": [f"${field}", None]}, None]}


def is_one_of(field: str, values: Iterable[str]) -> Expression:
    """Return a condition: the field has one of these values, which must not come from users."""
    return {"$in": [f"${field}", list(values)]}


def all_of(*conditions: Expression) -> Expression:
    """Return a condition: all of these hold."""
    return {"$and": list(conditions)}


def change_when(
    condition: Expression,
    changes: Mapping[str, Any],
    computed: Mapping[str, Expression] | None = None,
    more: Iterable[Expression] = (),
) -> Expression:
    """Return a stage that merges `changes` and `computed` (expressions) into a document if `condition` holds.

    `more` are expressions of further documents to be merged, such as changes that depend on another condition.
    """
    merged: list[Any] = ["$$ROOT"]
    if changes:
        merged.append({"$literal": dict(changes)})
    if computed:
        merged.append(dict(computed))
    merged += more
    return {"$replaceWith": {"$cond": [condition, {"$mergeObjects": merged}, "$$ROOT"]}}


def move_run(
    run_id: str,
    sources: Iterable[RunStatus],
    target: RunStatus,
    changes: RunChanges,
    *,
    computed: Mapping[str, Expression] | None = None,
    where: Expression | None = None,
) -> UpdateOne:
    """Return the update that moves a run to `target` if its status is one of `sources` and `where` holds.

    Raises ValueError for a move that is not in `MOVES`, which is a programming error.
    """
    return UpdateOne({"_id": run_id}, move_run_pipeline(sources, target, changes, computed=computed, where=where))


def move_run_pipeline(
    sources: Iterable[RunStatus],
    target: RunStatus,
    changes: RunChanges,
    *,
    computed: Mapping[str, Expression] | None = None,
    where: Expression | None = None,
) -> Pipeline:
    """Return the pipeline of `move_run`, for one run or many."""
    sources = list(sources)
    wrong = [source.name for source in sources if target not in MOVES[source]]
    if wrong:
        raise ValueError(f"no run moves from {', '.join(wrong)} to {target.name}")
    condition = has_value("status", sources[0]) if len(sources) == 1 else is_one_of("status", sources)
    if where is not None:
        condition = all_of(condition, where)
    full = {**changes, "status": target, "open": target in OPEN_STATUSES}
    if target in SETTLED_STATUSES and "finished_at" in full:  # whoever knows that it is soon after the creation says so
        computed = computed if "settled_late_at" in full else {**_SETTLED_NOW, **(computed or {})}
    return [change_when(condition, full, computed)]


def update_by_ids(ids: Sequence[str], pipeline: Pipeline) -> UpdateMany:
    """Return one update that applies the pipeline to all documents with these IDs."""
    return UpdateMany({"_id": {"$in": list(ids)}}, pipeline)


def change_task(
    task_id: str,
    condition: Expression,
    changes: TaskChanges,
    computed: Mapping[str, Expression] | None = None,
) -> UpdateOne:
    """Return an update of a task that applies if `condition` holds, and derives its status again."""
    return UpdateOne({"_id": task_id}, change_task_pipeline(condition, changes, computed))


def change_task_pipeline(
    condition: Expression,
    changes: TaskChanges,
    computed: Mapping[str, Expression] | None = None,
    more: Iterable[Expression] = (),
) -> Pipeline:
    """Return the pipeline of `change_task`. `more` is that of `change_when`."""
    return [change_when(condition, changes, computed, more), PROJECT_TASK_STATUS]


def is_active_run(run: RunIdOrExpression) -> Expression:
    """Return a condition: the task lists this run as active."""
    return {"$in": [run, {"$map": {"input": "$active", "in": "$$this.run"}}]}


def remove_active_runs(runs: Sequence[RunIdOrExpression]) -> Expression:
    """Return an expression: the task's active runs without these."""
    if len(runs) == 1:
        keep: Expression = {"$ne": ["$$this.run", runs[0]]}
    else:
        keep = {"$not": [{"$in": ["$$this.run", list(runs)]}]}
    return {"$filter": {"input": "$active", "cond": keep}}


def put_active_runs(runs: Sequence[tuple[RunIdOrExpression, RunStatus]]) -> Expression:
    """Return an expression: the task's active runs with these added or replaced."""
    entries = [{"run": run, "shows": TASK_STATUS_OF_OPEN_RUN.get(status, TaskStatus.PENDING)} for run, status in runs]
    return {"$concatArrays": [remove_active_runs([run for run, _ in runs]), entries]}


def run_id_expression(suffix: str) -> Expression:
    """Return an expression: the ID of the task's run with this suffix. It allows one pipeline for many tasks."""
    return {"$concat": ["$_id", suffix]}


class TaskChange(Hashable, Protocol):
    """A change that can be applied to many tasks at once. Equal objects are the same change."""

    def build_pipeline(self) -> Pipeline:
        """Return the pipeline of the change."""
        ...


def group_updates(steps: Iterable[tuple[str, TaskChange]]) -> list[UpdateOne | UpdateMany]:
    """Return the updates that apply these changes to tasks (by ID), with equal changes combined.

    Tasks that are due together mostly change alike, and one update of many tasks costs a third of single updates.
    """
    groups: dict[TaskChange, list[str]] = {}
    for task_id, step in steps:
        groups.setdefault(step, []).append(task_id)
    return [_update(task_ids, step.build_pipeline()) for step, task_ids in groups.items()]


def _update(task_ids: list[str], pipeline: Pipeline) -> UpdateOne | UpdateMany:
    if len(task_ids) == 1:
        return UpdateOne({"_id": task_ids[0]}, pipeline)
    return UpdateMany({"_id": {"$in": task_ids}}, pipeline)
