"""The streak of a task's failed scheduled runs: what a run's end adds to it, and the pause that it leads to. Pure.

A task pauses in the update that counts the failure, so that both happen or neither. The update also sets `reconcile`:
whoever finds that (`failure_pauses`) stops the open runs and notifies the owner, after a crash as well.
"""

from tocsin.documents import Hold, PauseReason, RunStatus
from tocsin.documents.updates import Expression, RunIdOrExpression, all_of, is_null

_ADD = "$add"
_NEVER = 2**31 - 1


def count_in_streak(status: RunStatus, count: int | Expression, *, is_rerun: bool) -> dict[str, Expression]:
    """Return the changes of the streak by `count` ends. A success ends it and the incident; a failure adds to it.

    A failure of a run that a user repeated adds nothing.
    """
    if status is RunStatus.COMPLETED:
        return {"consecutive_failures": {"$literal": 0}, "incident": {_ADD: ["$incident", count]}}
    if status is RunStatus.FAILED and not is_rerun:
        return {"consecutive_failures": _lengthen(count)}
    return {}


def pause_if_reached(
    status: RunStatus,
    count: int | Expression,
    run: RunIdOrExpression,
    *,
    is_rerun: bool = False,
    is_due_later: Expression | None = None,
) -> tuple[Expression, ...]:
    """Return the changes that pause the task if the streak reaches its `pause_after`; `run` is counted last.

    A task without a due time ahead stays as it is: there is nothing to pause. `is_due_later` tells whether it has one,
    if not by the stored document.
    """
    if status is not RunStatus.FAILED or is_rerun:
        return ()
    failures, is_due = _lengthen(count), is_due_later or {"$not": [is_null("next_run_at")]}
    reached = {"$gte": [failures, {"$ifNull": ["$pause_after", _NEVER]}]}
    return ({"$cond": [all_of(reached, is_null("hold"), is_due), _paused(failures, run), {"$literal": {}}]},)


def _lengthen(count: int | Expression) -> Expression:
    return {_ADD: ["$consecutive_failures", count]}


def _paused(failures: Expression, run: RunIdOrExpression) -> Expression:
    return {
        "hold": Hold.PAUSED,
        "pause_reason": PauseReason.CONSECUTIVE_FAILURES,
        "self_pause": {"run": run, "failures": failures, "at": "$$NOW", "is_told": {"$literal": False}},
        "next_run_at": {"$literal": None},
        "version": {_ADD: ["$version", 1]},
        "updated_at": "$$NOW",
        "reconcile": {"$literal": True},
    }
