"""The notifications of workflow runs that have ended, for the owners who asked for them: told after the end is stored.

Before it is stored, a record says that it is to be told, so that a repair finds it after a crash. The event has the
same ID, however often it is told. What nobody wishes to know costs two queries by owner, now and then.
"""

import time
from collections.abc import Collection

from tocsin.documents import (
    Changes,
    Database,
    Trigger,
    UntoldEndDocument,
    WorkflowRunDocument,
    WorkflowRunStatus,
)
from tocsin.notifications.channel_store import find_takers
from tocsin.notifications.channels import DEFAULT_CHANNEL
from tocsin.notifications.deliveries import notify
from tocsin.notifications.events import EventKind
from tocsin.notifications.outcome_events import WorkflowEnded
from tocsin.notifications.preferences.store import find_choices
from tocsin.workflows.engine.incidents import find_failed_steps

GOOD_SECONDS = 5.0
"""Time for which it is remembered whether an owner wishes to know of the completed runs of a workflow."""
_MAX_REMEMBERED = 10_000
_BATCH = 500


class EndNotices:
    """Tells owners of the ends of their workflow runs: `record` before the end is stored, `tell` afterwards.

    `repair` tells what was left out by a process that died in between.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wishes: dict[tuple[str, str], tuple[float, bool]] = {}

    async def record(self, document: WorkflowRunDocument, changes: Changes) -> UntoldEndDocument | None:
        """Record that the end of a workflow run by these changes is to be told, and return that; None if it is not."""
        status = changes.get("status")
        if status == WorkflowRunStatus.COMPLETED:
            is_wanted = await self._wants(document["owner"], document["workflow"])
        else:
            is_incident = document["trigger"] == Trigger.SCHEDULE and document["round"] == 0
            is_wanted = status == WorkflowRunStatus.FAILED and not is_incident
        if status is None or not is_wanted:
            return None
        event = WorkflowEnded.from_run({**document, **changes}, ())  # type: ignore[typeddict-item]  # of the same type
        end: UntoldEndDocument = {
            "_id": event.id, "run": document["_id"], "round": document["round"], "status": WorkflowRunStatus(status)
        }  # fmt: skip
        fields = {name: end[name] for name in ("run", "round", "status")}
        await self._database.untold_ends.update_one({"_id": event.id}, {"$set": fields}, upsert=True)
        return end

    async def tell(self, ends: Collection[UntoldEndDocument]) -> None:
        """Tell of those of these ends that are stored, and forget all but those that may still come."""
        if not ends:
            return
        ids = sorted({end["run"] for end in ends})
        runs = {run["_id"]: run async for run in self._database.workflow_runs.find({"_id": {"$in": ids}})}
        ended = [run for end in ends if (run := runs.get(end["run"])) is not None and _has_ended(run, end)]
        await notify(self._database, [WorkflowEnded.from_run(run, find_failed_steps(run)) for run in ended])
        done = [end["_id"] for end in ends if not _may_come(runs.get(end["run"]), end)]
        await self._database.untold_ends.delete_many({"_id": {"$in": done}})

    async def repair(self) -> None:
        """Tell of the ends that were not told because a process died. There are hardly ever any records."""
        last = ""
        while ends := await self._database.untold_ends.find({"_id": {"$gt": last}}).sort("_id", 1).to_list(_BATCH):
            await self.tell(ends)
            last = ends[-1]["_id"]

    async def _wants(self, owner: str, workflow: str) -> bool:
        """Return whether the owner may wish to know that a run of a workflow was completed, as of a moment ago."""
        known = self._wishes.get((owner, workflow))
        if known is not None and time.monotonic() - known[0] < GOOD_SECONDS:
            return known[1]
        if len(self._wishes) >= _MAX_REMEMBERED:
            self._wishes.clear()
        read_at = time.monotonic()
        is_wanted = await self._read_wish(owner, workflow)
        self._wishes[owner, workflow] = read_at, is_wanted
        return is_wanted

    async def _read_wish(self, owner: str, workflow: str) -> bool:
        kind = EventKind.WORKFLOW_FINISHED
        channels = (await find_takers(self._database, [owner])).get(owner, ())
        if any(kind in (channel["events"] or ()) for channel in channels):
            return True
        choices = (await find_choices(self._database, [(owner, workflow)])).about(owner, workflow)
        return choices.find_objection(kind, DEFAULT_CHANNEL) is None


def _has_ended(run: WorkflowRunDocument, end: UntoldEndDocument) -> bool:
    return not run["open"] and run["round"] == end["round"] and run["status"] == end["status"]


def _may_come(run: WorkflowRunDocument | None, end: UntoldEndDocument) -> bool:
    return run is not None and run["open"] and run["round"] == end["round"]
