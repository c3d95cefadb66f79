"""Conditional updates as pipelines on `_id`: the condition is tested and the change made in one step by the database.

A pipeline filtered by `_id` alone costs the same on MongoDB and on the embedded database, which would scan the collection
for a filter of `_id` and another field. Values come from users, so all of them are wrapped in `$literal`: a text that
starts with `$` would otherwise be read as a field path.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pymongo import UpdateOne

from tocsin.documents.states import MOVES, OPEN, PROJECT_TASK_STATUS, RunStatus

Expression = dict[str, Any]


def equals(field: str, value: Any) -> Expression:
    """The field has this value; None also stands for a missing one."""
    return {"$eq": [{"$ifNull": [f"${field}", None]}, {"$literal": value}]}


def one_of(field: str, values: Iterable[Any]) -> Expression:
    """The field has one of these values."""
    return {"$in": [f"${field}", {"$literal": list(values)}]}


def both(*conditions: Expression) -> Expression:
    """All conditions hold."""
    return {"$and": list(conditions)}


def change_when(condition: Expression, changes: Mapping[str, Any], computed: Mapping[str, Expression] | None = None) -> Expression:
    """A stage that merges `changes` (constants) and `computed` (expressions) into the document where `condition` holds."""
    merged: list[Any] = ["$$ROOT", {"$literal": dict(changes)}]
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
    sources = list(sources)
    wrong = [source.name for source in sources if target not in MOVES[source]]
    if wrong:
        raise ValueError(f"no run moves from {', '.join(wrong)} to {target.name}")
    condition = one_of("status", [source.value for source in sources])
    if where is not None:
        condition = both(condition, where)
    full = {**changes, "status": target.value, "open": target in OPEN}
    return UpdateOne({"_id": run_id}, [change_when(condition, full, computed)])


def change_task(
    task_id: str,
    condition: Expression,
    changes: Mapping[str, Any],
    computed: Mapping[str, Expression] | None = None,
) -> UpdateOne:
    """The update of a task where `condition` holds, its status projected anew."""
    return UpdateOne({"_id": task_id}, [change_when(condition, changes, computed), PROJECT_TASK_STATUS])


def is_active(run_id: str) -> Expression:
    """The task names this run among its active ones."""
    return {"$in": [{"$literal": run_id}, {"$map": {"input": "$active", "in": "$$this.run"}}]}


def without_active(run_ids: list[str]) -> Expression:
    """The task's active runs less these."""
    keep = {"$not": [{"$in": ["$$this.run", {"$literal": run_ids}]}]}
    return {"$filter": {"input": "$active", "cond": keep}}


def with_active(entries: list[dict[str, str]]) -> Expression:
    """The task's active runs and these, each once, in its latest state."""
    rest = without_active([entry["run"] for entry in entries])
    return {"$concatArrays": [rest, {"$literal": entries}]}


def show_active(task_id: str, run_id: str, status: RunStatus) -> UpdateOne:
    """The update that shows a run's new state on its task, if the task names that run."""
    return change_task(
        task_id, is_active(run_id), {}, {"active": with_active([{"run": run_id, "status": status.value}])}
    )
