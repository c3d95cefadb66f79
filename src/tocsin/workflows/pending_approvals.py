"""The list of the approval steps that wait for a decision. What the workflow runs say is what counts."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from pymongo import UpdateOne

from tocsin.clock import EPOCH
from tocsin.documents import Changes, Database, PendingApprovalDocument, StepDocument, StepStatus, WorkflowRunDocument
from tocsin.documents.keyset import CursorPosition, KeysetQuery
from tocsin.documents.walks import Walk

_MAX_REMEMBERED = 10_000
_BATCH = 500
"""Entries that one repair looks through. The next repair goes on behind them."""
REPAIR_INTERVAL = timedelta(minutes=1)
_SETTLED_AFTER = timedelta(minutes=1)
"""Time after which a process that has added an entry has stored that its step waits, if it lives."""
Steps = Mapping[str, StepDocument]


class PendingApprovals:
    """Keeps the list: `add` before a step waits, and `remove_decided` once it does not any more.

    `repair` removes what was left by a process that died in between. What is missing, as after an update of Tocsin, is
    added by the next advance, which there is for each open workflow run from time to time.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._added: OrderedDict[str, None] = OrderedDict()
        self._repaired: CursorPosition | None = None
        self._repaired_at = EPOCH

    async def add(self, document: WorkflowRunDocument, steps: Steps) -> list[str]:
        """Add the steps of a workflow run that wait in the state that is about to be stored, unless they are known.

        Return the new entries, for `remember`.
        """
        new = [entry for entry in find_waiting(document, steps) if entry["_id"] not in self._added]
        if new:
            updates = [UpdateOne({"_id": entry["_id"]}, {"$setOnInsert": _fields(entry)}, upsert=True) for entry in new]
            await self._database.pending_approvals.bulk_write(updates, ordered=False)
        return [entry["_id"] for entry in new]

    def remember(self, added: Iterable[str]) -> None:
        """Add these entries not again: that their steps wait is stored now, so nothing but a decision removes them."""
        for entry_id in added:
            self._added[entry_id] = None
        while len(self._added) > _MAX_REMEMBERED:
            self._added.popitem(last=False)

    async def repair(self, now: datetime) -> None:
        """Remove entries of steps that do not wait, of the next part of all entries, once in a while."""
        if abs(now - self._repaired_at) < REPAIR_INTERVAL:
            return
        self._repaired_at = now
        entries = await self._next_entries(now)
        if not entries:
            return
        fields = {"open": 1} | {f"steps.{entry['step']}": 1 for entry in entries}
        run_ids = sorted({entry["run"] for entry in entries})
        runs = {run["_id"]: run async for run in self._database.workflow_runs.find({"_id": {"$in": run_ids}}, fields)}
        over = [entry["_id"] for entry in entries if not is_waiting_for(runs.get(entry["run"]), entry)]
        if over:
            await self._database.pending_approvals.delete_many({"_id": {"$in": over}})

    async def _next_entries(self, now: datetime) -> list[PendingApprovalDocument]:
        """Return the next entries, oldest first, but for those whose steps may be about to wait."""
        settled = now - _SETTLED_AFTER
        query = KeysetQuery(
            self._database.pending_approvals, "pending_approval_repair", "since", False, {},
            max_key=settled, key_range_hint=(EPOCH, settled),
        )  # fmt: skip
        entries, _ = await Walk(query, down=False, start=self._repaired).take(_BATCH, _BATCH)
        is_last = len(entries) < _BATCH
        self._repaired = None if is_last else CursorPosition(entries[-1]["since"], entries[-1]["_id"])
        return entries


async def remove_decided(database: Database, before: WorkflowRunDocument, changes: Changes) -> None:
    """Remove the steps that do not wait any more by these changes, which are stored now."""
    waiting = find_waiting(before, before["steps"])
    if not waiting or "steps" not in changes:
        return
    left = {entry["_id"] for entry in find_waiting(before, {**before["steps"], **changes["steps"]})}
    over = [entry["_id"] for entry in waiting if entry["_id"] not in left]
    if over:
        await database.pending_approvals.delete_many({"_id": {"$in": over}})


def find_waiting(document: WorkflowRunDocument, steps: Steps) -> list[PendingApprovalDocument]:
    """Return the entries of the steps that wait for a decision in this state of a workflow run."""
    run_id, owner = document["_id"], document["owner"]
    found = [(find_entry_id(run_id, key, step), key, step.get("started_at", EPOCH)) for key, step in steps.items()]
    return [
        {"_id": entry_id, "owner": owner, "run": run_id, "step": key, "since": since}
        for entry_id, key, since in found
        if entry_id is not None
    ]


def find_entry_id(run_id: str, key: str, step: StepDocument) -> str | None:
    """Return the ID of the entry of a step that waits for a decision; None if it does not."""
    if step["status"] != StepStatus.WAITING or step.get("asks") is None:
        return None
    return f"{run_id}:{key}@{step.get('round', 0)}"


def is_waiting_for(run: WorkflowRunDocument | None, entry: PendingApprovalDocument) -> bool:
    """Return whether the workflow run waits for this decision. A step may wait again, in a later round."""
    if run is None or not run["open"]:
        return False
    step = run.get("steps", {}).get(entry["step"])
    return step is not None and find_entry_id(entry["run"], entry["step"], step) == entry["_id"]


def _fields(entry: PendingApprovalDocument) -> dict[str, object]:
    return {"owner": entry["owner"], "run": entry["run"], "step": entry["step"], "since": entry["since"]}
