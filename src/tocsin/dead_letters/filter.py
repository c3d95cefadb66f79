"""Dead letters: runs that FAILED, that nobody discarded, and that were not done again since.

A run that is replayed leaves FAILED, for it is the same run in a new round. If it fails again it is one dead letter
again, never two.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import IPv6Address
from typing import Any, NotRequired, TypedDict, cast

from pymongo import UpdateMany

from tocsin.clock import EPOCH, MILLISECOND
from tocsin.documents import (
    Database,
    DeadLetterFilterDocument,
    ErrorKind,
    ReplayEntryDocument,
    RunDocument,
    RunStatus,
    Trigger,
)
from tocsin.documents.updates import Expression, all_of, change_when, has_value, is_null
from tocsin.errors import InvalidInput
from tocsin.outbound.urls import parse_url

SORT_FIELD = "finished_at"
"""What dead letters are sorted by, then by id."""
BATCH_SIZE = 500
MAX_CAUSES = 100
_LONGEST = 300
_SPECIAL = str.maketrans({character: f"\\{character}" for character in r"\.+*?()|[]{}^$"})
_NO_HOST = re.compile(r"[/:?#@]")
_FAR = datetime(9999, 12, 30, tzinfo=EPOCH.tzinfo)


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """Which dead letters: those for which all that is given holds. `finished_before` is exclusive.

    `workflow` is the name of the workflow whose steps they are, `host` that of an HTTP job's URL, in ASCII.
    """

    task: str | None = None
    workflow: str | None = None
    host: str | None = None
    error_kind: ErrorKind | None = None
    finished_after: datetime | None = None
    finished_before: datetime | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it lets all dead letters through."""
        return self == DeadLetterFilter()

    def to_document(self) -> DeadLetterFilterDocument:
        """As it is stored."""
        values = {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}
        return cast("DeadLetterFilterDocument", values)

    @classmethod
    def from_document(cls, stored: DeadLetterFilterDocument) -> "DeadLetterFilter":
        """From what was stored."""
        kind = stored.get("error_kind")
        values: dict[str, Any] = {**stored, "error_kind": kind and ErrorKind(kind)}
        return cls(**values)

    def residual_query(self) -> dict[str, Any]:
        """The conditions besides owner, status and time."""
        found: dict[str, Any] = {"discarded_at": None}
        if self.task is not None:
            found["task"] = self.task
        if self.workflow is not None:
            found["trigger"] = Trigger.WORKFLOW
            found["task_name"] = {"$regex": f"^{_quoted(self.workflow)} / "}
        if self.host is not None:
            names = "|".join(_quoted(name) for name in _spellings(self.host))
            found["job.params.url"] = {"$regex": f"^https?://({names})(:[0-9]*)?([/?#]|$)", "$options": "i"}
        if self.error_kind is not None:
            found["error.kind"] = self.error_kind
        return found

    def time_range(self, until: datetime = _FAR) -> tuple[datetime, datetime]:
        """The first and the last moment at which they finished."""
        last = max(self.finished_before, EPOCH) - MILLISECOND if self.finished_before else until
        return self.finished_after or EPOCH, min(last, until)


class DeadLetterDocument(TypedDict):
    """What `list_dead_letters` reads of a run. `attempted` is the number of its attempts."""

    _id: str
    task: str
    trigger: Trigger
    round: int
    finished_at: datetime
    replays: NotRequired[list[ReplayEntryDocument]]
    attempted: int


@dataclass(frozen=True, slots=True)
class FailureCause:
    """Dead letters that failed alike. `host` is null of what is no HTTP job, `kind` of what was lost too often."""

    kind: ErrorKind | None
    host: str | None
    count: int
    oldest: datetime
    newest: datetime

    def merge(self, other: "FailureCause") -> "FailureCause":
        """Both together."""
        oldest, newest = min(self.oldest, other.oldest), max(self.newest, other.newest)
        return replace(self, count=self.count + other.count, oldest=oldest, newest=newest)


@dataclass(frozen=True, slots=True)
class DeadLetterPosition:
    """A dead letter's place in the order."""

    finished_at: datetime
    id: str


def is_dead_letter(run: RunDocument) -> bool:
    """Whether this run is one."""
    return run["status"] == RunStatus.FAILED and run.get("discarded_at") is None


def base_query(owner: str) -> dict[str, Any]:
    """The equalities that the index of dead letters begins with."""
    return {"owner": owner, "status": RunStatus.FAILED}


def find_url_host(url: object) -> str | None:
    """The host of a stored URL, in ASCII; None if it is none."""
    parsed = parse_url(url) if isinstance(url, str) else ""
    return None if isinstance(parsed, str) else (parsed.raw_host or "").lower()


def parse_host(text: str, *path: str) -> str:
    """The host that a person named, in ASCII. Raises InvalidInput at `path`."""
    is_address = text.count(":") > 1
    host = find_url_host(f"http://[{text}]/" if is_address else f"http://{text}/")
    if not host or len(text) > _LONGEST or (not is_address and _NO_HOST.search(text)):
        raise InvalidInput("Give a host's name or address, as in example.com: no scheme, port or path.", *path)
    return host


async def count_dead_letters(database: Database, owner: str, chosen: DeadLetterFilter, until: datetime = _FAR) -> int:
    """How many there are that finished up to `until`."""
    stages = [*_stages(owner, chosen, *chosen.time_range(until)), {"$count": "n"}]
    found = await (await database.runs.aggregate(stages)).to_list()
    return int(found[0]["n"]) if found else 0


async def list_dead_letters(
    database: Database,
    owner: str,
    chosen: DeadLetterFilter,
    until: datetime,
    after: DeadLetterPosition | None,
    limit: int,
) -> list[DeadLetterDocument]:
    """The next ones after this place, the oldest first, with what is needed to do them again.

    `attempted` is the number of their attempts.
    """
    low, high = chosen.time_range(until)
    stages = _stages(owner, chosen, max(low, after.finished_at) if after else low, high)
    if after is not None:
        later = {SORT_FIELD: {"$gt": after.finished_at}}
        stages.append({"$match": {"$or": [later, {SORT_FIELD: after.finished_at, "_id": {"$gt": after.id}}]}})
    fields: dict[str, Any] = dict.fromkeys(("task", "trigger", "round", "replays.replay", SORT_FIELD), 1)
    fields["attempted"] = {"$size": "$attempts"}
    stages += [{"$sort": {SORT_FIELD: 1, "_id": 1}}, {"$limit": limit}, {"$project": fields}]
    rows: list[DeadLetterDocument] = await (await database.runs.aggregate(stages)).to_list()
    return rows


async def count_by_cause(database: Database, owner: str, chosen: DeadLetterFilter) -> list[FailureCause]:
    """Dead letters counted by kind of fault and host, the most frequent first: at most 100 causes."""
    group: dict[str, Any] = {
        "_id": {"kind": "$error.kind", "url": "$job.params.url"},
        "count": {"$sum": 1}, "oldest": {"$min": f"${SORT_FIELD}"}, "newest": {"$max": f"${SORT_FIELD}"},
    }  # fmt: skip
    stages = [*_stages(owner, chosen, *chosen.time_range()), {"$group": group}]
    found: dict[tuple[Any, Any], FailureCause] = {}
    async for row in await database.runs.aggregate(stages):
        kind, host = row["_id"].get("kind"), find_url_host(row["_id"].get("url"))
        cause = FailureCause(kind and ErrorKind(kind), host, row["count"], row["oldest"], row["newest"])
        found[kind, host] = found[kind, host].merge(cause) if (kind, host) in found else cause
    ordered = sorted(found.items(), key=lambda item: (-item[1].count, item[0][0] or "", item[0][1] or ""))
    return [cause for _, cause in ordered[:MAX_CAUSES]]


async def discard_matching(database: Database, owner: str, chosen: DeadLetterFilter, now: datetime) -> int:
    """Discard those that this filter finds and that had finished by now, slice by slice. Returns how many."""
    total, after = 0, None
    while True:
        async with database.fair_slots.slot(owner):
            rows = await list_dead_letters(database, owner, chosen, now, after, BATCH_SIZE)
            if not rows:
                return total
            total += await discard_runs(database, [row["_id"] for row in rows], now)
        after = DeadLetterPosition(rows[-1]["finished_at"], rows[-1]["_id"])


async def discard_runs(database: Database, run_ids: Sequence[str], now: datetime) -> int:
    """Discard those of these runs that are dead letters. Returns how many."""
    update = UpdateMany({"_id": {"$in": list(run_ids)}}, [change_when(_IS_ONE, {"discarded_at": now})])
    return (await database.runs.bulk_write([update])).modified_count if run_ids else 0


def _stages(owner: str, chosen: DeadLetterFilter, low: datetime, high: datetime) -> list[dict[str, Any]]:
    return [
        {"$match": base_query(owner) | {SORT_FIELD: {"$gte": low, "$lte": high}}},
        {"$match": chosen.residual_query()},
    ]


def _quoted(text: str) -> str:
    return text.translate(_SPECIAL)


def _spellings(host: str) -> list[str]:
    """The ways in which an ASCII host may be written in a URL."""
    url = parse_url(f"http://{f'[{host}]' if ':' in host else host}/")
    readable = None if isinstance(url, str) else url.host
    names = [host] if readable in (None, host) else [host, readable]
    return [f"[{name}]" for name in _address_spellings(host)] if ":" in host else names


def _address_spellings(host: str) -> list[str]:
    """The usual ways to write an IPv6 address; one that stands for an IPv4 address may end in its decimals."""
    address = IPv6Address(host)
    mapped = [] if address.ipv4_mapped is None else [f"::ffff:{address.ipv4_mapped}"]
    return sorted({host, str(address), address.exploded, *mapped})


_IS_ONE: Expression = all_of(has_value("status", RunStatus.FAILED), is_null("discarded_at"))
