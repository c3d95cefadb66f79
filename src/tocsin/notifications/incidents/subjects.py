"""The tasks and workflows behind alerts: how many failures of a task alert, and whether they can fail or recover."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from tocsin.documents import (
    AlertDocument,
    AlertEnding,
    AlertSubject,
    Database,
    Hold,
    TaskDocument,
    WorkflowDocument,
    owner_of,
)

_TASK_FIELDS = {"hold": 1, "next_run_at": 1, "active": 1, "alert_after": 1}
_WORKFLOW_FIELDS = {"deleted": 1, "paused_at": 1, "next_run_at": 1}
_HOLDS: Mapping[str | None, AlertEnding] = MappingProxyType(
    {
        Hold.DELETED: AlertEnding.DELETED,
        Hold.PAUSED: AlertEnding.PAUSED,
        Hold.CANCELLED: AlertEnding.CANCELLED,
    }
)
FINISHED_PERIOD = timedelta(days=1)
"""Time for which what failed last and has no further due time counts as failing: its run can be retried."""


@dataclass(frozen=True, slots=True)
class SubjectState:
    """The state of a task or workflow. `ending` is why it does not run any more; None if it does."""

    ending: AlertEnding | None = None
    alert_after: int = 1
    next_due: datetime | None = None


DELETED = SubjectState(AlertEnding.DELETED)


def task_state(task: TaskDocument) -> SubjectState:
    """Return the state of a stored task, of which these fields were read."""
    fields: dict[str, Any] = {**task}
    ending = _HOLDS.get(fields.get("hold"))
    if ending is None and fields.get("next_run_at") is None and not fields.get("active"):
        ending = AlertEnding.FINISHED
    return SubjectState(ending, fields.get("alert_after") or 1, fields.get("next_run_at"))


def workflow_state(workflow: WorkflowDocument, *, has_open_run: bool) -> SubjectState:
    """Return the state of a stored workflow, of which these fields were read."""
    fields: dict[str, Any] = {**workflow}
    if fields.get("deleted"):
        return DELETED
    if fields.get("paused_at") is not None:
        return SubjectState(AlertEnding.PAUSED)
    is_finished = fields.get("next_run_at") is None and not has_open_run
    return SubjectState(AlertEnding.FINISHED if is_finished else None)


def find_ending(alert: AlertDocument, state: SubjectState, now: datetime, *, has_recovered: bool) -> AlertEnding | None:
    """Return why an alert whose incident was told ends now; None if it goes on.

    What has merely finished does not keep an incident open in which something else `has_recovered`.
    """
    is_fresh = now < alert["last_failure_at"] + FINISHED_PERIOD
    return None if state.ending is AlertEnding.FINISHED and is_fresh and not has_recovered else state.ending


async def find_subject_states(database: Database, alerts: Iterable[AlertDocument]) -> dict[str, SubjectState]:
    """Return the states of the subjects of these alerts, by their IDs."""
    types = {alert["subject"]: alert["subject_type"] for alert in alerts}
    states = dict.fromkeys(types, DELETED)
    tasks = [subject for subject, type_ in types.items() if type_ == AlertSubject.TASK]
    if tasks:
        async for task in database.tasks.find({"_id": {"$in": tasks}}, _TASK_FIELDS):
            states[task["_id"]] = task_state(task)
    states |= await _find_workflow_states(database, sorted(types.keys() - set(tasks)))
    inactive = await _find_inactive(database, {owner_of(subject) for subject in types})
    return {subject: _stop(state) if owner_of(subject) in inactive else state for subject, state in states.items()}


def _stop(state: SubjectState) -> SubjectState:
    """Return the state of what belongs to a deactivated owner: it does not run before that is active again."""
    return replace(state, ending=AlertEnding.PAUSED) if state.ending in (None, AlertEnding.FINISHED) else state


async def _find_inactive(database: Database, owners: Collection[str]) -> set[str]:
    """Return those of these owners whose account is deactivated."""
    found = await database.users.find({"_id": {"$in": sorted(owners)}}, {"is_active": 1}).to_list()
    return {user["_id"] for user in found if not user["is_active"]}


async def _find_workflow_states(database: Database, ids: list[str]) -> dict[str, SubjectState]:
    if not ids:
        return {}
    workflows = await database.workflows.find({"_id": {"$in": ids}}, _WORKFLOW_FIELDS).to_list()
    return {
        each["_id"]: workflow_state(
            each, has_open_run=each["next_run_at"] is None and await _has_open_run(database, each["_id"])
        )
        for each in workflows
    }


async def _has_open_run(database: Database, workflow: str) -> bool:
    return await database.workflow_runs.find_one({"workflow": workflow, "open": True}, {"_id": 1}) is not None
