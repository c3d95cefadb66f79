"""Which changes somebody subscribes to. Pure."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from tocsin.documents import Change, ChangeKind, RunStatus

STREAM_KINDS = frozenset({ChangeKind.SNAPSHOT, ChangeKind.RESYNC})
"""The kinds that tell of the stream and not of a change: whoever gets one reads the current state."""
TASK_KINDS = frozenset({ChangeKind.TASK_CREATED, ChangeKind.TASK_UPDATED, ChangeKind.TASK_DELETED})
WORKFLOW_KINDS = frozenset({ChangeKind.WORKFLOW_CREATED, ChangeKind.WORKFLOW_UPDATED, ChangeKind.WORKFLOW_DELETED})
_INITIAL = frozenset({None, RunStatus.QUEUED, RunStatus.SKIPPED, RunStatus.MISSED})


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """The changes that somebody subscribes to: of an owner's tasks and runs, or of workflow runs, or of one of them.

    `task_ids`, `kinds` and `run_statuses` narrow them further, if they are not None: only the named tasks and kinds,
    and of runs only what gives them one of these statuses. `workflow` leaves only the runs of one workflow. With
    `notifications`, they are those that tell of stored notifications, and no others; with `definitions`, those of
    workflows themselves, or of one `workflow`.
    """

    owner: str
    task_id: str | None = None
    workflows: bool = False
    workflow_run_id: str | None = None
    notifications: bool = False
    task_ids: frozenset[str] | None = None
    kinds: frozenset[ChangeKind] | None = None
    run_statuses: frozenset[RunStatus] | None = None
    workflow: str | None = None
    definitions: bool = False

    def matches(self, change: Change) -> bool:
        """Tell whether a change of the owner belongs to it."""
        if self.notifications:
            return change.notified is not None
        if self.definitions:
            is_definition = change.kind in WORKFLOW_KINDS
            return is_definition and self.workflow in (None, change.workflow) and self._has_kind(change)
        if self.workflows:
            is_one = change.workflow_run_id is not None and self.workflow_run_id in (None, change.workflow_run_id)
            return is_one and self.workflow in (None, change.workflow) and self._has_kind(change)
        return (
            change.task_id is not None
            and self.task_id in (None, change.task_id)
            and (self.task_ids is None or change.task_id in self.task_ids)
            and self._has_kind(change)
            and (self.run_statuses is None or change.run_id is None or change.run_status in self.run_statuses)
        )

    def select(self, changes: list[Change]) -> list[Change]:
        """Return the changes that belong to it."""
        if self.kinds is None or ChangeKind.RUN_CREATED in self.kinds or ChangeKind.RUN_UPDATED not in self.kinds:
            return [change for change in changes if self.matches(change)]
        return [self._as_update(change) for change in changes if self.matches(change)]

    def wants(self, *kinds: ChangeKind) -> bool:
        """Tell whether changes of one of these kinds can belong to it."""
        return self.kinds is None or not self.kinds.isdisjoint(kinds)

    def snapshot(self, now: datetime) -> Change:
        """Return the change with which a subscription starts: the subscriber reads the current state."""
        workflow = self.workflow if self.definitions else None
        return Change(ChangeKind.SNAPSHOT, now, self.task_id, workflow_run_id=self.workflow_run_id, workflow=workflow)

    def resync(self, now: datetime) -> Change:
        """Return the change that tells that changes were dropped: the subscriber reads the current state again."""
        return self.snapshot(now)._replace(kind=ChangeKind.RESYNC)

    @property
    def named_tasks(self) -> frozenset[str] | None:
        """The tasks that it is limited to; None for all."""
        one = None if self.task_id is None else frozenset({self.task_id})
        return one if self.task_ids is None else self.task_ids if one is None else self.task_ids & one

    @property
    def digest(self) -> str:
        """A short name of the filter, for cursors."""
        parts = (
            self.owner, self.task_id, self.workflows, self.workflow_run_id, self.workflow, *([1] * self.definitions),
            *(None if each is None else sorted(each) for each in (self.task_ids, self.run_statuses)),
            None if self.kinds is None else sorted(kind.value for kind in self.kinds),
        )  # fmt: skip
        return hashlib.blake2b(repr(parts).encode(), digest_size=4).hexdigest()

    def _has_kind(self, change: Change) -> bool:
        return self.kinds is None or change.kind in self.kinds or self._hides_an_update(change)

    def _hides_an_update(self, change: Change) -> bool:
        """Tell whether a creation has been merged with an update, for somebody who wants only updates."""
        if change.kind is not ChangeKind.RUN_CREATED or self.kinds is None or ChangeKind.RUN_UPDATED not in self.kinds:
            return False
        return bool(change.steps) if self.workflows else change.run_status not in _INITIAL

    def _as_update(self, change: Change) -> Change:
        return change._replace(kind=ChangeKind.RUN_UPDATED) if change.kind is ChangeKind.RUN_CREATED else change
