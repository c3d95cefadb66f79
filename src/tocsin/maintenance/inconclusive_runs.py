"""Runs that failed by our own network: marked, and run again when it is back.

Each step is conditional on the claim of the attempt that failed (its fence), so it can be repeated by any process.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pymongo import UpdateOne

from tocsin import clock, telemetry
from tocsin.documents import (
    NEW_RETRY_BUDGET,
    Database,
    NetworkFailureDocument,
    NetworkFailureState,
    PauseReason,
    RunChanges,
    RunDocument,
    RunReason,
    RunStatus,
    TaskDocument,
    Trigger,
    is_inconclusive,
    is_repeated,
    new_round,
    owner_of,
    record_stored_runs,
)
from tocsin.documents.keyset import CursorPosition, KeysetQuery
from tocsin.documents.updates import (
    Expression,
    all_of,
    change_task,
    change_when,
    has_value,
    is_null,
    is_one_of,
    move_run,
)
from tocsin.documents.walks import Walk
from tocsin.maintenance.inconclusive_plan import MARKED_REASONS, FailureStep, plan_mark, plan_retry
from tocsin.tasks import lifecycle
from tocsin.tasks import runs as task_runs
from tocsin.tasks.ranking import queued_fields
from tocsin.tasks.reconciliation import current_settings

BATCH = 200
TURN = 10
"""Runs of one owner that are tried again of each part of the list: others follow soon, however many they are."""
_MAX_UNCOUNTED = 200
Step = FailureStep
MarkListener = Callable[[list[RunDocument]], Awaitable[None]]
log = telemetry.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Case:
    """A recorded failure with its run and task, if they exist. `is_deferred`: they were not all written before."""

    failure: NetworkFailureDocument
    run: RunDocument | None
    task: TaskDocument | None
    is_deferred: bool

    def plan_mark(self) -> FailureStep:
        """Return what to do if the failure was our own."""
        return plan_mark(self.failure, self.run, self.task, is_deferred=self.is_deferred)

    def plan_retry(self, now: datetime) -> FailureStep:
        """Return what to do when the network is back."""
        return plan_retry(self.failure, self.run, self.task, now, is_deferred=self.is_deferred)


async def find_suspected(database: Database, until: datetime) -> list[NetworkFailureDocument]:
    """Return the unexplained failures of attempts that ended up to that time: those of a few seconds."""
    suspected = {"state": NetworkFailureState.SUSPECTED, "at": {"$lte": until}}
    return await database.network_failures.find(suspected).to_list()


async def forget_failures(database: Database, failures: Iterable[NetworkFailureDocument]) -> None:
    """Forget failures that are explained."""
    ids = [each["_id"] for each in failures]
    for start in range(0, len(ids), BATCH):
        await database.network_failures.delete_many({"_id": {"$in": ids[start : start + BATCH]}})


async def mark_inconclusive(
    database: Database, failures: Sequence[NetworkFailureDocument], on_marked: MarkListener
) -> int:
    """Give the runs of these failures the reason INCONCLUSIVE, and take them out of the streaks of their tasks.

    Returns the number of those that cannot be marked yet. `on_marked` is given the marked runs, perhaps again.
    """
    waiting = 0
    for start in range(0, len(failures), BATCH):
        waiting += await _mark_batch(database, failures[start : start + BATCH], on_marked)
    return waiting


async def _mark_batch(database: Database, failures: Sequence[NetworkFailureDocument], on_marked: MarkListener) -> int:
    cases = await _load_cases(database, failures)
    steps = [(case.failure, case.run, case.plan_mark()) for case in cases]
    runs = await _mark_runs(database, [run for _, run, step in steps if run is not None and step is Step.MARK])
    if runs:
        await _uncount(database, runs)
        await on_marked(runs)
        log.info("runs failed by our own network", runs=len(runs))
    ended = {run["_id"] for run in runs if run["status"] == RunStatus.FAILED}
    await _await_network(database, [each for each, _, step in steps if step is Step.MARK and each["run"] in ended])
    # A run that waits for its retry goes on by itself.
    await forget_failures(
        database, [each for each, _, step in steps if step is not Step.WAIT and each["run"] not in ended]
    )
    return sum(step is Step.WAIT for *_, step in steps)


async def _mark_runs(database: Database, runs: Sequence[RunDocument]) -> list[RunDocument]:
    """Mark runs, and return those that are marked as they are stored: not those that were repeated meanwhile."""
    if not runs:
        return []
    await database.runs.bulk_write([_mark_update(run) for run in runs], ordered=False)
    fences = {run["_id"]: run["fence"] for run in runs}
    await record_stored_runs(database, fences)
    stored = await database.runs.find({"_id": {"$in": list(fences)}}).to_list()
    return [run for run in stored if is_inconclusive(run) and run["fence"] == fences[run["_id"]]]


def _mark_update(run: RunDocument) -> UpdateOne:
    is_same = all_of(
        has_value("fence", run["fence"]),
        has_value("status", run["status"]),
        {"$or": [is_null("reason"), is_one_of("reason", MARKED_REASONS)]},
    )
    # Clients that were away find what became of a settled run by this time.
    found_by = {"$cond": ["$open", {"$ifNull": ["$settled_late_at", None]}, "$$NOW"]}
    last = {"$mergeObjects": [{"$arrayElemAt": ["$attempts", -1]}, {"is_inconclusive": True}]}
    others = {"$filter": {"input": "$attempts", "cond": {"$ne": ["$$this.number", "$$last.number"]}}}
    attempts: Expression = {"$let": {"vars": {"last": last}, "in": {"$concatArrays": [others, ["$$last"]]}}}
    marked = RunChanges(reason=RunReason.INCONCLUSIVE)
    return UpdateOne(
        {"_id": run["_id"]}, [change_when(is_same, marked, {"attempts": attempts, "settled_late_at": found_by})]
    )


async def _uncount(database: Database, runs: Iterable[RunDocument]) -> None:
    """Take failed runs out of the streaks of their tasks, each once, unless a success has ended the streak."""
    streaks: dict[tuple[str, int], list[str]] = {}
    for run in runs:
        is_counted = run["status"] == RunStatus.FAILED and run["trigger"] == Trigger.SCHEDULE and not is_repeated(run)
        if is_counted and (incident := run["incident"]) is not None:
            streaks.setdefault((run["task"], incident), []).append(run["_id"])
    updates = [
        change_task(task, has_value("incident", incident), {}, _uncount_expressions(run_ids))
        for (task, incident), run_ids in streaks.items()
    ]
    if updates:
        await database.tasks.bulk_write(updates, ordered=False)
        database.changes.tasks_derived(task for task, _ in streaks)
    await _undo_pauses(database, list(streaks))


async def _undo_pauses(database: Database, streaks: Iterable[tuple[str, int]]) -> None:
    """Resume those of these tasks that have paused themselves because of these runs, of each incident number."""
    incidents = dict(streaks)
    found = database.tasks.find({"_id": {"$in": sorted(incidents)}}, {"pause_reason": 1})
    paused = [task["_id"] async for task in found if task.get("pause_reason") == PauseReason.CONSECUTIVE_FAILURES]
    for task in paused:
        await lifecycle.undo_self_pause(database, owner_of(task), task, incidents[task], clock.now())


def _uncount_expressions(run_ids: list[str]) -> dict[str, Expression]:
    before: Expression = {"$ifNull": ["$uncounted", []]}
    fresh: Expression = {"$filter": {"input": {"$literal": run_ids}, "cond": {"$not": [{"$in": ["$$this", before]}]}}}
    return {
        "consecutive_failures": {"$max": [0, {"$subtract": ["$consecutive_failures", {"$size": fresh}]}]},
        "uncounted": {"$slice": [{"$concatArrays": [before, fresh]}, -_MAX_UNCOUNTED]},
    }


async def _await_network(database: Database, failures: Iterable[NetworkFailureDocument]) -> None:
    """Have the runs of these failures tried again when the network is back."""
    ids = [each["_id"] for each in failures]
    if ids:
        state = {"$set": {"state": NetworkFailureState.INCONCLUSIVE}}
        await database.network_failures.update_many({"_id": {"$in": ids}}, state)


# --- again ------------------------------------------------------------------------------------------------------------


async def list_inconclusive(
    database: Database, since: datetime, until: datetime, after: CursorPosition | None, limit: int
) -> list[NetworkFailureDocument]:
    """Return the next failures after this position whose runs are to be tried again. Most are between these times."""
    query = KeysetQuery(
        collection=database.network_failures,
        order_name="inconclusive" if after is None else "inconclusive_after",  # with widths of their own
        key="at",
        descending=False,
        indexed_filter={"state": NetworkFailureState.INCONCLUSIVE},
        key_range_hint=(since, until),
    )
    return (await Walk(query, down=False, start=after).take(limit, limit))[0]


async def retry_inconclusive(
    database: Database, failures: Sequence[NetworkFailureDocument], now: datetime, most: int
) -> tuple[int, int]:
    """Run up to `most` of these runs again, owners alike. Return how many are done with, and how many of them run.

    Those that a later due time has replaced are only forgotten: a long outage leaves many of them.
    """
    cases = await _load_cases(database, failures)
    steps = [(case, case.plan_retry(now)) for case in cases]
    again = _select_fairly([case for case, step in steps if step is Step.RETRY], most)
    sent = await _requeue(database, [(case.run, case.task) for case in again if case.run and case.task], now)
    done = [case.failure for case in again] + [case.failure for case, step in steps if step is Step.FORGET]
    await forget_failures(database, done)
    return len(done), sent


def _select_fairly(cases: Sequence[_Case], most: int) -> list[_Case]:
    """Return up to `most` of these cases, and not more than a turn of any owner."""
    turns = Counter[str]()
    chosen: list[_Case] = []
    for case in cases:
        owner = case.failure["owner"]
        if turns[owner] < TURN and len(chosen) < most:
            turns[owner] += 1
            chosen.append(case)
    return chosen


async def _requeue(database: Database, again: Sequence[tuple[RunDocument, TaskDocument]], now: datetime) -> int:
    """Begin another round of these runs.

    Their tasks list them first: then the end of a run is counted, even if this process dies right after it was queued.
    """
    ids = [run["_id"] for run, _ in again]
    if not ids:
        return 0
    await task_runs.list_as_active(database, ids)
    updates = [_requeue_update(run, task, now) for run, task in again]
    sent = (await database.runs.bulk_write(updates, ordered=False)).modified_count
    await record_stored_runs(database, ids)
    await task_runs.show_reopened(database, ids)
    return sent


def _requeue_update(run: RunDocument, task: TaskDocument, now: datetime) -> UpdateOne:
    changes: RunChanges = new_round(run["round"] + 1, queued_fields(now, task.get("priority") or 0))
    if not run.get("pinned"):
        changes |= current_settings(task, now)
    rounds: Expression = {"$add": [{"$ifNull": ["$inconclusive_rounds", 0]}, 1]}
    computed = {**NEW_RETRY_BUDGET, "inconclusive_rounds": rounds}
    where = all_of(has_value("fence", run["fence"]), has_value("reason", RunReason.INCONCLUSIVE))
    return move_run(run["_id"], [RunStatus.FAILED], RunStatus.QUEUED, changes, computed=computed, where=where)


async def _load_cases(database: Database, failures: Collection[NetworkFailureDocument]) -> list[_Case]:
    if not failures:
        return []
    deferred = {each["run"] for each in failures if database.deferred.get(each["run"]) is not None}  # before reading
    runs = {run["_id"]: run async for run in database.runs.find({"_id": {"$in": [each["run"] for each in failures]}})}
    wanted = list({run["task"] for run in runs.values()})
    tasks = {task["_id"]: task async for task in database.tasks.find({"_id": {"$in": wanted}})}
    found = [(each, runs.get(each["run"])) for each in failures]
    return [
        _Case(each, run, tasks.get(run["task"]) if run else None, is_deferred=each["run"] in deferred)
        for each, run in found
    ]
