"""Workflow runs that wait to be moved on: owners take turns, and of each the first comes first."""

from collections.abc import Collection

from tocsin.documents import owner_of


class OwnerTurns:
    """Each run waits once. `share` is how many runs of one owner may be under way at once."""

    def __init__(self, share: int) -> None:
        self._share = share
        self._waiting: dict[str, dict[str, None]] = {}
        self._under_way: dict[str, int] = {}

    def put(self, workflow_run: str) -> None:
        """Have this run wait for its turn."""
        self._waiting.setdefault(owner_of(workflow_run), {})[workflow_run] = None

    def take(self, busy: Collection[str]) -> str | None:
        """The next run, but none of those that are busy; None if there is none. Give it back by `end`."""
        for owner, runs in self._waiting.items():
            if self._under_way.get(owner, 0) >= self._share:
                continue
            workflow_run = next((run for run in runs if run not in busy), None)
            if workflow_run is not None:
                self._begin(owner, workflow_run)
                return workflow_run
        return None

    def end(self, workflow_run: str) -> None:
        """The run was moved."""
        owner = owner_of(workflow_run)
        self._under_way[owner] -= 1
        if not self._under_way[owner]:
            del self._under_way[owner]

    def _begin(self, owner: str, workflow_run: str) -> None:
        runs = self._waiting.pop(owner)
        del runs[workflow_run]
        if runs:
            self._waiting[owner] = runs  # behind all others
        self._under_way[owner] = self._under_way.get(owner, 0) + 1
