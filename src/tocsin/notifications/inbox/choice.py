"""Which notifications a reader wants: of which kinds, and about which tasks or workflow run. Pure."""

from collections.abc import Collection
from dataclasses import dataclass

from tocsin.documents import NotificationDocument, to_global_id
from tocsin.documents.keyset import Condition
from tocsin.notifications.events import EventKind


@dataclass(frozen=True, slots=True)
class NotificationChoice:
    """The notifications that a reader wants. `kinds`, `tasks` and `workflow_run` (by ID) are None for all.

    What a notification is about is what its data names: one about several tasks names none.
    """

    kinds: Collection[EventKind] | None = None
    unacknowledged_only: bool = False
    tasks: frozenset[str] | None = None
    workflow_run: str | None = None

    def includes(self, notification: NotificationDocument) -> bool:
        """Tell whether a notification is wanted."""
        if self.unacknowledged_only and notification["acknowledged"]:
            return False
        if self.kinds is not None and notification["kind"] not in self.kinds:
            return False
        data = notification["data"]
        return all(data.get(name) in ids for name, ids in self._subjects().items())

    def condition(self) -> Condition:
        """Return the condition of a query, beside `unacknowledged_only`, which an index has."""
        found: Condition = {} if self.kinds is None else {"kind": {"$in": [kind.value for kind in self.kinds]}}
        return found | {f"data.{name}": {"$in": ids} for name, ids in self._subjects().items()}

    def _subjects(self) -> dict[str, list[str]]:
        """Return the wanted IDs of the API by the name in the data that has them."""
        subjects: dict[str, list[str]] = {}
        if self.tasks is not None:
            subjects["taskId"] = [to_global_id("Task", task) for task in sorted(self.tasks)]
        if self.workflow_run is not None:
            subjects["workflowRunId"] = [to_global_id("WorkflowRun", self.workflow_run)]
        return subjects
