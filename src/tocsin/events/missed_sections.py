"""The sections in which the database is read for what changed since a time: each an index range, oldest first.

No index orders things by their last change, because each run would pay for it. So runs that settled are found by their
creation, if they settled soon after it, or else by `settled_late_at`; open ones by their status; tasks by their edits
and by their runs. What is found is what changed since the time, and some things that changed shortly before it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from tocsin.clock import EPOCH
from tocsin.documents import (
    OPEN_STATUSES,
    SETTLED_SOON,
    VISIBLE_WITHIN,
    Change,
    ChangeKind,
    Database,
    Hold,
    RunStatus,
    TaskStatus,
    Trigger,
    WorkflowRunStatus,
    public_status,
)
from tocsin.documents.keyset import Branch, Condition, CursorPosition, KeysetQuery
from tocsin.events.change_filter import ChangeFilter

Row: TypeAlias = Mapping[str, Any]
_K = ChangeKind
_OF_RUNS = (_K.RUN_CREATED, _K.RUN_UPDATED)
_OF_TASKS = (_K.TASK_CREATED, _K.TASK_UPDATED, *_OF_RUNS)
_MOVES = (
    "created_at", "queued_at", "started_at", "cancel_requested_at",
    "attempts.started_at", "attempts.accepted_at", "attempts.finished_at",
    "progress.at",
)  # fmt: skip
"""The times of an open run, of which its last move or progress set one. A move to WAITING for a callback that has come
sets its end to the present instead (`callback_by`)."""
_RUN_FIELDS = dict.fromkeys(
    ("task", "status", "begun", "due_at", "created_at", "queued_at", "started_at", "finished_at", "settled_late_at"), 1
)
_TASK_FIELDS = dict.fromkeys(("status", "created_at", "updated_at"), 1)
_WORKFLOW_FIELDS = dict.fromkeys(("deleted", "created_at", "updated_at"), 1)
_WORKFLOW_RUN_FIELDS = dict.fromkeys(("workflow", "status", "created_at", "changed_at"), 1)


@dataclass(frozen=True, slots=True)
class Section:
    """A list of rows, some of which changed since a time, and the change that each row stands for."""

    query: KeysetQuery[Any]
    convert: Callable[[Row], Change]

    @property
    def name(self) -> str:
        """The name of the section in cursors."""
        return self.query.order_name

    def position_of(self, row: Row) -> CursorPosition:
        """Return the position of a row."""
        return CursorPosition(row[self.query.key], row["_id"])


@dataclass(frozen=True, slots=True)
class Period:
    """The time since when something changed, when the reading began, and since when the owner has had anything."""

    since: datetime
    began_at: datetime
    first: datetime = EPOCH

    @property
    def visible_since(self) -> datetime:
        """The earliest stamp of a write that may have become visible after `since`."""
        return self.since - VISIBLE_WITHIN

    @property
    def created_since(self) -> datetime:
        """The earliest creation of a run that settled soon after it, and became visible after `since`."""
        return self.visible_since - SETTLED_SOON

    def kind_of(self, row: Row, created: ChangeKind, updated: ChangeKind) -> ChangeKind:
        """Return whether a row was created in the period or only updated."""
        return created if row["created_at"] >= self.visible_since else updated


def list_sections(database: Database, filter_: ChangeFilter, period: Period) -> list[Section]:
    """Return the sections for these changes. Tasks come first and deletions last, as in live events."""
    if filter_.definitions:
        return [_changed_workflows(database, filter_, period)]
    if filter_.workflows:
        return [_changed_workflow_runs(database, filter_, period)]
    sections: list[Section] = []
    if filter_.wants(_K.TASK_CREATED, _K.TASK_UPDATED):
        sections.append(_edited_tasks(database, filter_, period))
    if filter_.wants(*_OF_RUNS, _K.TASK_UPDATED):
        sections += [read(database, filter_, period) for read in (_settled_runs, _late_runs, _open_runs)]
    if filter_.wants(_K.TASK_DELETED):
        sections.append(_deleted_tasks(database, filter_, period))
    return sections


def _edited_tasks(database: Database, filter_: ChangeFilter, period: Period) -> Section:
    def convert(row: Row) -> Change:
        kind = period.kind_of(row, _K.TASK_CREATED, _K.TASK_UPDATED)
        return Change(kind, row["updated_at"], row["_id"], task_status=TaskStatus(row["status"]))

    changed: Condition = {"updated_at": {"$gte": period.visible_since}, "hold": {"$ne": Hold.DELETED}}
    query = KeysetQuery(
        database.tasks, "missed_tasks", "created_at", False, {"owner": filter_.owner}, changed | _ids_of_tasks(filter_),
        projection=_TASK_FIELDS, key_range_hint=(period.first, period.began_at),
    )  # fmt: skip
    return Section(query, convert)


def _settled_runs(database: Database, filter_: ChangeFilter, period: Period) -> Section:
    extra: Condition = {"open": False, "settled_late_at": None}
    query = KeysetQuery(
        database.runs, "missed_settled", "created_at", False, {"owner": filter_.owner}, extra | _of_tasks(filter_),
        projection=_RUN_FIELDS, min_key=period.created_since,
        key_range_hint=(period.created_since, period.began_at),
    )  # fmt: skip
    return Section(query, lambda row: _run_change(row, period))


def _late_runs(database: Database, filter_: ChangeFilter, period: Period) -> Section:
    query = KeysetQuery(
        database.runs, "missed_late", "settled_late_at", False, {"owner": filter_.owner}, _of_tasks(filter_),
        projection=_RUN_FIELDS, min_key=period.visible_since,
        key_range_hint=(period.visible_since, period.began_at),
    )  # fmt: skip
    return Section(query, lambda row: _run_change(row, period))


def _open_runs(database: Database, filter_: ChangeFilter, period: Period) -> Section:
    due: Condition = {"callback_by": {"$gte": period.created_since, "$lte": period.began_at + VISIBLE_WITHIN}}
    moved: Condition = {"$or": [*({name: {"$gte": period.created_since}} for name in _MOVES), due]}
    query = KeysetQuery(
        database.runs, "missed_open", "due_at", False, {"owner": filter_.owner}, moved | _of_tasks(filter_),
        branches=tuple(Branch({"status": status}) for status in RunStatus if status in OPEN_STATUSES),
        projection=_RUN_FIELDS, key_range_hint=(period.first, period.began_at),
    )  # fmt: skip
    return Section(query, lambda row: _run_change(row, period))


def _deleted_tasks(database: Database, filter_: ChangeFilter, period: Period) -> Section:
    query = KeysetQuery(
        database.deleted_tasks, "missed_deleted", "deleted_at", False, {"owner": filter_.owner}, _ids_of_tasks(filter_),
        min_key=period.visible_since, key_range_hint=(period.visible_since, period.began_at),
    )  # fmt: skip
    return Section(query, _deletion)


def _deletion(row: Row) -> Change:
    return Change(_K.TASK_DELETED, row["deleted_at"], row["_id"], task_status=TaskStatus.CANCELLED)


def _changed_workflow_runs(database: Database, filter_: ChangeFilter, period: Period) -> Section:
    """Return the section of workflow runs, whose index has their last change. What changes meanwhile comes live."""
    extra: Condition = {"workflow": filter_.workflow} if filter_.workflow else {}
    if filter_.workflow_run_id:
        extra["_id"] = filter_.workflow_run_id
    query = KeysetQuery(
        database.workflow_runs, "missed_workflow_runs", "changed_at", False, {"owner": filter_.owner}, extra,
        projection=_WORKFLOW_RUN_FIELDS, min_key=period.visible_since, max_key=period.began_at,
        key_range_hint=(period.visible_since, period.began_at),
    )  # fmt: skip

    def convert(row: Row) -> Change:
        return Change(
            period.kind_of(row, _K.RUN_CREATED, _K.RUN_UPDATED), row["changed_at"], workflow_run_id=row["_id"],
            workflow_status=WorkflowRunStatus(row["status"]), workflow=row["workflow"],
        )  # fmt: skip

    return Section(query, convert)


def _changed_workflows(database: Database, filter_: ChangeFilter, period: Period) -> Section:
    """Return the section of workflows, which are few. Deleted ones are kept for their history."""

    def convert(row: Row) -> Change:
        kind = period.kind_of(row, _K.WORKFLOW_CREATED, _K.WORKFLOW_UPDATED)
        return Change(_K.WORKFLOW_DELETED if row["deleted"] else kind, row["updated_at"], workflow=row["_id"])

    changed: Condition = {"updated_at": {"$gte": period.visible_since}}
    if filter_.workflow:
        changed["_id"] = filter_.workflow
    query = KeysetQuery(
        database.workflows, "missed_workflows", "created_at", False, {"owner": filter_.owner}, changed,
        projection=_WORKFLOW_FIELDS, key_range_hint=(period.first, period.began_at),
    )  # fmt: skip
    return Section(query, convert)


def _run_change(row: Any, period: Period) -> Change:
    times = (row["created_at"], row.get("queued_at"), row.get("started_at"), row.get("finished_at"))
    kind = period.kind_of(row, _K.RUN_CREATED, _K.RUN_UPDATED)
    return Change(kind, max(each for each in times if each), row["task"], row["_id"], run_status=public_status(row))


def _ids_of_tasks(filter_: ChangeFilter) -> Condition:
    return {} if filter_.named_tasks is None else {"_id": {"$in": sorted(filter_.named_tasks)}}


def _of_tasks(filter_: ChangeFilter) -> Condition:
    """Return the condition on the task of a run. Runs of steps are told as changes of their workflow run."""
    if filter_.named_tasks is not None:
        return {"task": {"$in": sorted(filter_.named_tasks)}}
    return {"trigger": {"$ne": Trigger.WORKFLOW}}
