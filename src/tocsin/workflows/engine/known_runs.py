"""Workflow runs as this process last wrote them, so that the next advance need not read them."""

from collections import OrderedDict

from tocsin.documents import WorkflowRunDocument

_MAX_KNOWN = 500
_MAX_KNOWN_SIZE = 4 * 1024 * 1024
"""Maximum total size of known workflow runs, in characters. Each takes up to tens of bytes in memory."""
_STEP_SIZE = 300
"""Approximate size of the state of a step without its items."""


class KnownRuns:
    """The last written workflow runs of this process that are open.

    Another process or a person may have changed them since. Each of them can be taken once: whoever carries out an
    advance as planned puts back what it has written.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[WorkflowRunDocument, int]] = OrderedDict()
        self._size = 0

    def put(self, document: WorkflowRunDocument, size: int) -> None:
        """Keep a workflow run as written, whose inputs and items have this size. Forgets the oldest ones if needed."""
        self.take(document["_id"])
        size += _STEP_SIZE * len(document["steps"])
        self._known[document["_id"]] = document, size
        self._size += size
        while self._size > _MAX_KNOWN_SIZE or len(self._known) > _MAX_KNOWN:
            self.take(next(iter(self._known)))

    def take(self, workflow_run: str) -> WorkflowRunDocument | None:
        """Remove and return a workflow run. None if it is not known."""
        if workflow_run not in self._known:
            return None
        document, size = self._known.pop(workflow_run)
        self._size -= size
        return document

    def __contains__(self, workflow_run: str) -> bool:
        return workflow_run in self._known
