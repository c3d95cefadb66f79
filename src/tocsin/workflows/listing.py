"""Queries for lists of workflows and workflow runs."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from tocsin import clock
from tocsin.clock import EPOCH
from tocsin.documents import (
    Database,
    PendingApprovalDocument,
    User,
    WorkflowDocument,
    WorkflowRunDocument,
    WorkflowRunStatus,
    WorkflowVersionDocument,
)
from tocsin.documents.keyset import Branch, Condition, KeysetQuery, contains_text, key_range

TimeRange: TypeAlias = tuple[datetime | None, datetime | None]
"""The first and the last millisecond, both inclusive; None for no bound."""


def query_workflows(
    database: Database, owner: User, name: str | None, *, is_paused: bool | None = None
) -> KeysetQuery[WorkflowDocument]:
    """Build the query for workflows of the owner whose name contains this text, newest first.

    With `is_paused`, only those that are paused, or that are not. Raises InvalidInput.
    """
    extra: Condition = contains_text("name", name, "name") if name else {}
    if is_paused is not None:
        extra["paused_at"] = {"$gt": EPOCH} if is_paused else None
    return KeysetQuery(
        collection=database.workflows,
        order_name="workflow_created_at",
        key="created_at",
        descending=True,
        indexed_filter={"owner": owner.id, "deleted": False},
        extra_filter=extra,
        key_range_hint=(owner.created_at, clock.now()),
    )


def query_pending_approvals(database: Database, owner: User) -> KeysetQuery[PendingApprovalDocument]:
    """Build the query for the decisions that workflow runs of the owner wait for, oldest first."""
    return KeysetQuery(
        collection=database.pending_approvals,
        order_name="pending_approval_since",
        key="since",
        descending=False,
        indexed_filter={"owner": owner.id},
        key_range_hint=(owner.created_at, clock.now()),
    )


class WorkflowRunOrderField(StrEnum):
    """A field to sort workflow runs by."""

    CREATED_AT = "created_at"
    DUE_AT = "due_at"


@dataclass(frozen=True, slots=True)
class WorkflowRunCriteria:
    """Conditions on listed workflow runs, combined with AND. Both ends of the ranges are inclusive."""

    workflow: str | None = None
    statuses: Collection[WorkflowRunStatus] | None = None
    created: TimeRange = (None, None)
    due: TimeRange = (None, None)


def query_workflow_runs(
    database: Database,
    owner: User,
    criteria: WorkflowRunCriteria,
    order_by: WorkflowRunOrderField = WorkflowRunOrderField.CREATED_AT,
    *,
    descending: bool = True,
) -> KeysetQuery[WorkflowRunDocument]:
    """Build the query for runs of the owner's workflows, or of the owner's workflow in `criteria`.

    It uses one of the indexes (owner, created), (owner, status, created), (owner, due), (workflow, created) and
    (workflow, status, created).
    """
    by_due = order_by is WorkflowRunOrderField.DUE_AT
    of_workflow = criteria.workflow is not None and not by_due
    low, high = criteria.due if by_due else criteria.created
    extra = key_range("created_at", *criteria.created) if by_due else key_range("due_at", *criteria.due)
    if criteria.workflow is not None and by_due:
        extra["workflow"] = criteria.workflow
    return KeysetQuery(
        collection=database.workflow_runs,
        order_name=f"workflow_run_{order_by}",
        key=order_by,
        descending=descending,
        indexed_filter={"workflow": criteria.workflow} if of_workflow else {"owner": owner.id},
        extra_filter=extra,
        branches=_status_branches(criteria.statuses, indexed=not by_due),
        min_key=low,
        max_key=high,
        key_range_hint=(owner.created_at, clock.now()),
    )


def _status_branches(statuses: Collection[WorkflowRunStatus] | None, *, indexed: bool) -> tuple[Branch, ...]:
    """Return the branches of the runs with these statuses, each for one range of an index if possible."""
    if statuses is None:
        return (Branch(),)
    if not statuses:
        return ()
    if not indexed:
        return (Branch(extra={"status": {"$in": list(statuses)}}),)
    return tuple(Branch({"status": status}) for status in set(statuses))


def query_workflow_versions(database: Database, workflow: WorkflowDocument) -> KeysetQuery[WorkflowVersionDocument]:
    """Build the query for the versions of a workflow, the latest first, without their definitions."""
    return KeysetQuery(
        collection=database.workflow_versions,
        order_name="workflow_version_created_at",
        key="created_at",
        descending=True,
        indexed_filter={"workflow": workflow["_id"]},
        extra_filter={"version": {"$lte": workflow["version"]}},
        projection={"version": 1, "created_at": 1},
        key_range_hint=(workflow["created_at"], clock.now()),
    )
