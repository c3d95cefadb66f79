"""The events of what has ended as its owner wished to know: workflow runs, reports and replays. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from tocsin.documents import (
    ReplayDocument,
    ReplayStatus,
    RunDocument,
    WorkflowRunDocument,
    WorkflowRunStatus,
    is_workflow_run_id,
)
from tocsin.notifications.events import Event, EventKind, about_latest
from tocsin.notifications.excerpts import ErrorExcerpt, excerpt_message, excerpt_name
from tocsin.notifications.pages import REPLAYS_PAGE_PATH, run_page_path


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowEnded(Event):
    """A workflow run was completed (WORKFLOW_FINISHED), or one that is no incident has failed (WORKFLOW_FAILED).

    `steps` are the failed ones, `error` is None if it was completed.
    """

    run: str
    workflow: str
    workflow_name: str
    due_at: datetime
    steps: Sequence[str] = ()
    error: ErrorExcerpt | None = None
    reason: str | None = None

    @classmethod
    def from_run(cls, run: WorkflowRunDocument, failed_steps: Sequence[str]) -> Self:
        """Return the event of a run that has ended. Each round of it has its own."""
        is_completed = run["status"] == WorkflowRunStatus.COMPLETED
        return cls(
            kind=EventKind.WORKFLOW_FINISHED if is_completed else EventKind.WORKFLOW_FAILED,
            id=f"{run['_id']}:{run['round']}:{'finished' if is_completed else 'failed'}",
            owner=run["owner"],
            at=run["finished_at"] or run["due_at"],
            run=run["_id"],
            about=about_latest("WorkflowRuns", run["workflow"], run["due_at"], workflow=run["workflow"]),
            page=run_page_path(run["_id"]),
            workflow=run["workflow"],
            workflow_name=excerpt_name(run["name"]),
            due_at=run["due_at"],
            steps=() if is_completed else failed_steps,
            error=None if is_completed else ErrorExcerpt.from_document(run["error"]),
            reason=run["reason"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportReady(Event):
    """A report was written to a file of `size` bytes, which its run links to."""

    kind: EventKind = EventKind.REPORT_READY
    run: str
    task_name: str
    file_name: str
    size: int
    rows: int
    due_at: datetime

    @classmethod
    def from_run(cls, run: RunDocument, result: dict[str, Any], workflow: str | None = None) -> Self:
        """Return the event of a completed run with the result of the job. Raises KeyError for that of another job.

        `workflow` is the ID of the workflow of which it is a step.
        """
        file, is_step = result["file"], is_workflow_run_id(run["task"])
        task = None if is_step else run["task"]
        return cls(
            id=f"{run['_id']}:{run['round']}:report",
            owner=run["owner"],
            at=run.get("finished_at") or run["due_at"],
            run=run["_id"],
            about=about_latest("Reports", run["task"], run["due_at"], task=task, workflow=workflow),
            page=run_page_path(run["_id"]),
            task_name=excerpt_name(run["task_name"]),
            file_name=excerpt_name(file["name"]),
            size=file["size"],
            rows=result["rows"],
            due_at=run["due_at"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayEnded(Event):
    """A replay has sent its dead letters and all of their runs have ended, or its canary has failed (`reason`)."""

    kind: EventKind = EventKind.REPLAY_FINISHED
    replay: str
    status: ReplayStatus
    selected: int
    sent: int
    succeeded: int
    failed: int
    skipped: int
    reason: str | None

    @classmethod
    def from_replay(cls, replay: ReplayDocument, at: datetime) -> Self:
        """Return the event of a replay, with its final status and counts."""
        return cls(
            id=f"{replay['_id']}:replayed",
            owner=replay["owner"],
            at=at,
            about=about_latest("Replays", replay["owner"], at),
            page=REPLAYS_PAGE_PATH,
            replay=replay["_id"],
            status=ReplayStatus(replay["status"]),
            selected=replay["selected"],
            sent=replay["sent"],
            succeeded=replay["succeeded"],
            failed=replay["failed"],
            skipped=sum(replay["skips"].values()),
            reason=excerpt_message(replay["reason"]) if replay["reason"] else None,
        )
