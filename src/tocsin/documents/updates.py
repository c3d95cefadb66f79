"""Conditional updates as pipelines on `_id`: the condition is tested and the change made in one step by the database.

A pipeline filtered by `_id` alone is quick on MongoDB and on the embedded database, which would scan the collection
for a filter of `_id` and another field. Values come from users, so all of them are wrapped in `$literal`: a text that
starts with `$` would otherwise be read as a field path. Ids and states are words of our own and need no wrapping; the
shorter a pipeline is, the quicker it is read.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from pymongo import UpdateMany, UpdateOne

from tocsin.documents.states import (
    MOVES,
    OPEN_STATUSES,
    PROJECT_TASK_STATUS,
    TASK_STATUS_OF_OPEN_RUN,
    RunStatus,
    TaskStatus,
)

Expression = dict[str, Any]
Pipeline = list[Expression]
RunIdOrExpression = str | Expression


def has_value(field: str, value: Any) -> Expression:
    """The field has this value. A field that may be missing is not None: see `is_null`."""
    return {"$eq": [f"${field}", {"$literal": value} if isinstance(value, str) else value]}


def is_null(field: str) -> Expression:
    """The field is null or missing."""
    return {"$eq": [{"$ifNull": [f"${field}", None]}, None]}


def is_one_of(field: str, values: Iterable[str]) -> Expression:
    """The field has one of these values, which are words of our own."""
    return {"$in": [f"${field}", list(values)]}


def all_of(*conditions: Expression) -> Expression:
    """All conditions hold."""
    return {"$and": list(conditions)}


def change_when(
    condition: Expression, changes: Mapping[str, Any], computed: Mapping[str, Expression] | None = None
) -> Expression:
    """A stage that merges `changes` (constants) and `computed` (expressions) into a document if `condition` holds."""
    merged: list[Any] = ["$$ROOT"]
    if changes:
        merged.append({"$literal": dict(changes)})
    if computed:
        merged.append(dict(computed))
    return {"$replaceWith": {"$cond": [condition, {"$mergeObjects": merged}, "$$ROOT"]}}


def move_run(
    run_id: str,
    sources: Iterable[RunStatus],
    target: RunStatus,
    changes: Mapping[str, Any],
    *,
    computed: Mapping[str, Expression] | None = None,
    where: Expression | None = None,
) -> UpdateOne:
    """The update that moves a run to `target` if it is in one of `sources` and `where` holds.

    Raises ValueError for a move that the state machine does not have: that is a fault of the program.
    """
    return UpdateOne({"_id": run_id}, move_run_pipeline(sources, target, changes, computed=computed, where=where))


def move_run_pipeline(
    sources: Iterable[RunStatus],
    target: RunStatus,
    changes: Mapping[str, Any],
    *,
    computed: Mapping[str, Expression] | None = None,
    where: Expression | None = None,
) -> Pipeline:
    """The change that `move_run` makes, for one run or for many."""
    sources = list(sources)
    wrong = [source.name for source in sources if target not in MOVES[source]]
    if wrong:
        raise ValueError(f"no run moves from {', '.join(wrong)} to {target.name}")
    condition = has_value("status", sources[0]) if len(sources) == 1 else is_one_of("status", sources)
    if where is not None:
        condition = all_of(condition, where)
    full = {**changes, "status": target, "open": target in OPEN_STATUSES}
    return [change_when(condition, full, computed)]


def update_by_ids(ids: Sequence[str], pipeline: Pipeline) -> UpdateMany:
    """The update that makes the same change to all documents of these ids: one, however many they are."""
    return UpdateMany({"_id": {"$in": list(ids)}}, pipeline)


def change_task(
    task_id: str,
    condition: Expression,
    changes: Mapping[str, Any],
    computed: Mapping[str, Expression] | None = None,
) -> UpdateOne:
    """The update of a task where `condition` holds, its status projected anew."""
    return UpdateOne({"_id": task_id}, change_task_pipeline(condition, changes, computed))


def change_task_pipeline(
    condition: Expression, changes: Mapping[str, Any], computed: Mapping[str, Expression] | None = None
) -> Pipeline:
    """The change of a task where `condition` holds, its status projected anew."""
    return [change_when(condition, changes, computed), PROJECT_TASK_STATUS]


def is_active_run(run: RunIdOrExpression) -> Expression:
    """The task names this run among its active ones."""
    return {"$in": [run, {"$map": {"input": "$active", "in": "$$this.run"}}]}


def remove_active_runs(runs: Sequence[RunIdOrExpression]) -> Expression:
    """The task's active runs less these."""
    if len(runs) == 1:
        keep: Expression = {"$ne": ["$$this.run", runs[0]]}
    else:
        keep = {"$not": [{"$in": ["$$this.run", list(runs)]}]}
    return {"$filter": {"input": "$active", "cond": keep}}


def put_active_runs(runs: Sequence[tuple[RunIdOrExpression, RunStatus]]) -> Expression:
    """The task's active runs and these, each once, in its latest state."""
    entries = [{"run": run, "shows": TASK_STATUS_OF_OPEN_RUN.get(status, TaskStatus.PENDING)} for run, status in runs]
    return {"$concatArrays": [remove_active_runs([run for run, _ in runs]), entries]}


def run_id_expression(suffix: str) -> Expression:
    """The id of the run of the task itself whose id ends so: like changes of many tasks are then the same text."""
    return {"$concat": ["$_id", suffix]}


class TaskChange(Hashable, Protocol):
    """A change of a task that can be made to many tasks at once: equal steps are the same change."""

    def build_pipeline(self) -> Pipeline:
        """The change."""
        ...


def group_updates(steps: Iterable[tuple[str, TaskChange]]) -> list[UpdateOne | UpdateMany]:
    """The updates that make these changes of tasks (by id), equal ones together.

    What is due together mostly changes alike, and one update of many tasks costs a third of many updates of one.
    """
    groups: dict[TaskChange, list[str]] = {}
    for task_id, step in steps:
        groups.setdefault(step, []).append(task_id)
    return [_update(task_ids, step.build_pipeline()) for step, task_ids in groups.items()]


def _update(task_ids: list[str], pipeline: Pipeline) -> UpdateOne | UpdateMany:
    if len(task_ids) == 1:
        return UpdateOne({"_id": task_ids[0]}, pipeline)
    return UpdateMany({"_id": {"$in": task_ids}}, pipeline)
