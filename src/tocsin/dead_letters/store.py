"""Dead letters: FAILED runs that nobody has discarded or repeated, unless the failure was inconclusive.

A replayed run leaves FAILED: it is the same run in a new round. If it fails again, it is one dead letter again, never
two.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NotRequired, TypedDict, cast

from tocsin.dead_letters.filter import FAR_FUTURE, DeadLetterFilter, find_url_host
from tocsin.documents import (
    Database,
    ErrorKind,
    Filter,
    RawDocument,
    ReplayEntryDocument,
    RunChanges,
    RunDocument,
    RunReason,
    RunStatus,
    Trigger,
    aggregate,
    is_inconclusive,
    iterate_aggregate,
)
from tocsin.documents.updates import Expression, Pipeline, all_of, change_when, has_value, is_null, update_by_ids

SORT_FIELD = "finished_at"
"""The field that dead letters are sorted by; ties are broken by ID."""
BATCH_SIZE = 500
MAX_CAUSES = 100
_IS_DEAD_LETTER: Expression = all_of(
    has_value("status", RunStatus.FAILED),
    is_null("discarded_at"),
    {"$ne": ["$reason", RunReason.INCONCLUSIVE]},
)


class DeadLetterDocument(TypedDict):
    """The fields of a run that `list_dead_letters` returns. `attempted` is the number of its attempts."""

    _id: str
    task: str
    trigger: Trigger
    round: int
    finished_at: datetime
    replays: NotRequired[list[ReplayEntryDocument]]
    attempted: int


@dataclass(frozen=True, slots=True)
class FailureCause:
    """Dead letters with the same error kind and host. `host` is null without an HTTP job, `kind` without an error."""

    kind: ErrorKind | None
    host: str | None
    count: int
    oldest: datetime
    newest: datetime

    def merge(self, other: "FailureCause") -> "FailureCause":
        """Return the sum of both."""
        oldest, newest = min(self.oldest, other.oldest), max(self.newest, other.newest)
        return replace(self, count=self.count + other.count, oldest=oldest, newest=newest)


@dataclass(frozen=True, slots=True)
class DeadLetterPosition:
    """The position of a dead letter in the sort order."""

    finished_at: datetime
    id: str


def is_dead_letter(run: RunDocument) -> bool:
    """Return whether the run is a dead letter."""
    return run["status"] == RunStatus.FAILED and run.get("discarded_at") is None and not is_inconclusive(run)


def base_query(owner: str) -> Filter:
    """Return the equality conditions that the index of dead letters starts with."""
    return {"owner": owner, "status": RunStatus.FAILED}


async def count_dead_letters(
    database: Database, owner: str, filter_: DeadLetterFilter, until: datetime = FAR_FUTURE
) -> int:
    """Count the matching dead letters that finished up to `until`."""
    stages = [*_stages(owner, filter_, *filter_.time_range(until)), {"$count": "n"}]
    rows = await aggregate(database.runs, stages)
    return int(rows[0]["n"]) if rows else 0


async def list_dead_letters(
    database: Database,
    owner: str,
    filter_: DeadLetterFilter,
    until: datetime,
    after: DeadLetterPosition | None,
    limit: int,
) -> list[DeadLetterDocument]:
    """Return the next matching dead letters after this position, oldest first."""
    low, high = filter_.time_range(until)
    stages = _stages(owner, filter_, max(low, after.finished_at) if after else low, high)
    if after is not None:
        later = {SORT_FIELD: {"$gt": after.finished_at}}
        stages.append({"$match": {"$or": [later, {SORT_FIELD: after.finished_at, "_id": {"$gt": after.id}}]}})
    fields: Expression = dict.fromkeys(("task", "trigger", "round", "replays.replay", SORT_FIELD), 1)
    fields["attempted"] = {"$size": "$attempts"}
    stages += [{"$sort": {SORT_FIELD: 1, "_id": 1}}, {"$limit": limit}, {"$project": fields}]
    return cast("list[DeadLetterDocument]", await aggregate(database.runs, stages))  # as the projection makes them


async def count_by_cause(database: Database, owner: str, filter_: DeadLetterFilter) -> list[FailureCause]:
    """Count the matching dead letters by error kind and host, most frequent first: at most 100 causes."""
    group: Expression = {
        "_id": {
            "kind": "$error.kind", "url": "$job.params.url", "marker": "$job.params.named_secrets.marker",
        },
        "count": {"$sum": 1}, "oldest": {"$min": f"${SORT_FIELD}"}, "newest": {"$max": f"${SORT_FIELD}"},
    }  # fmt: skip
    stages = [*_stages(owner, filter_, *filter_.time_range()), {"$group": group}]
    causes: dict[tuple[ErrorKind | None, str | None], FailureCause] = {}
    async for row in iterate_aggregate(database.runs, stages):  # not a list: there is a row for each URL
        cause = _cause_from(row)
        key = cause.kind, cause.host
        causes[key] = causes[key].merge(cause) if key in causes else cause
    return sorted(causes.values(), key=lambda cause: (-cause.count, cause.kind or "", cause.host or ""))[:MAX_CAUSES]


def _cause_from(row: RawDocument) -> FailureCause:
    kind, host = row["_id"].get("kind"), find_url_host(row["_id"].get("url"))
    marker = row["_id"].get("marker")
    if host is not None and marker is not None and marker in host:
        host = None  # a secret
    return FailureCause(kind and ErrorKind(kind), host, row["count"], row["oldest"], row["newest"])


async def discard_matching(database: Database, owner: str, filter_: DeadLetterFilter, now: datetime) -> int:
    """Discard the matching dead letters that have finished by now, in batches. Return their number."""
    total, after = 0, None
    while True:
        async with database.fair_slots.slot(owner):
            rows = await list_dead_letters(database, owner, filter_, now, after, BATCH_SIZE)
            if not rows:
                return total
            total += await discard_runs(database, [row["_id"] for row in rows], now)
        after = DeadLetterPosition(rows[-1]["finished_at"], rows[-1]["_id"])


async def discard_runs(database: Database, run_ids: Sequence[str], now: datetime) -> int:
    """Discard the dead letters among these runs. Return their number."""
    update = update_by_ids(run_ids, [change_when(_IS_DEAD_LETTER, RunChanges(discarded_at=now))])
    return (await database.runs.bulk_write([update])).modified_count if run_ids else 0


def _stages(owner: str, filter_: DeadLetterFilter, low: datetime, high: datetime) -> Pipeline:
    return [
        {"$match": base_query(owner) | {SORT_FIELD: {"$gte": low, "$lte": high}}},
        {"$match": filter_.residual_query()},
    ]
