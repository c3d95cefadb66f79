"""Dead letters and replays, as they are shown and asked for."""

from datetime import datetime

import strawberry

from tocsin import clock
from tocsin.documents import Doc, ReplaySettings, ReplayStatus, SkipReason, User
from tocsin.graphql import ids, paging
from tocsin.graphql.context import Info, Services
from tocsin.graphql.enums import describe
from tocsin.graphql.loaders import RUN_FIELDS
from tocsin.graphql.node import Node, PageInfo
from tocsin.graphql.paging import PageArguments, Rows
from tocsin.graphql.run_lists import RunConnection, page_info, run_connection
from tocsin.graphql.run_types import Run, load_run
from tocsin.jobs.base import ErrorKind
from tocsin.tasks import dead_letters, replays
from tocsin.tasks.dead_letters import Cause

_SKIPS = {
    SkipReason.WORKFLOW_STEP: "It is a step of a workflow: resume its workflow run.",
    SkipReason.TASK_DELETED: "Its task was deleted.",
    SkipReason.ATTEMPTS_USED_UP: "It has had 100 attempts, which is the most: run its task instead.",
}

describe(
    ReplayStatus,
    "Where a replay is in its life.",
    {
        "CANARY": "One run was sent, or is about to be; the others follow once it is COMPLETED.",
        "RUNNING": "The runs are sent at the replay's rate, or those that were sent have not all ended.",
        "COMPLETED": "All were sent, and have ended.",
        "STOPPED": "It was stopped. What was sent before goes on.",
        "FAILED": "The canary did not succeed, and nothing else was sent.",
    },
)
describe(
    ReplaySettings,
    "By which settings a run is made again.",
    {
        "ORIGINAL": "By those it had: job, retry policy and timeout.",
        "CURRENT": "By those that its task has now.",
    },
)
describe(
    SkipReason,
    "Why a replay leaves out a dead letter.",
    {reason.name: text for reason, text in _SKIPS.items()},
    name="ReplaySkipReason",
)


@strawberry.input(description="Which dead letters: those for which all that is given holds.")
class DeadLetterFilter:
    task_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Those of this task.")
    workflow: str | None = strawberry.field(
        default=strawberry.UNSET, description="Steps of your workflow of this name."
    )
    host: str | None = strawberry.field(
        default=strawberry.UNSET, description="HTTP jobs whose URL has this host: a name or address without port."
    )
    error_kind: ErrorKind | None = strawberry.field(
        default=strawberry.UNSET, description="Those that failed by this kind of fault."
    )
    finished_after: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Those that failed at this time or later."
    )
    finished_before: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Those that failed before this time (exclusive)."
    )


def read_filter(given: DeadLetterFilter | None) -> dead_letters.DeadLetterFilter:
    """What is asked for. Raises InvalidInput under `filter`."""
    if not given:
        return dead_letters.DeadLetterFilter()
    host = dead_letters.read_host(given.host, "filter", "host") if isinstance(given.host, str) else None
    task = (ids.find("Task", given.task_id, "filter", "taskId") or "") if isinstance(given.task_id, str) else None
    return dead_letters.DeadLetterFilter(
        task=task,
        workflow=given.workflow if isinstance(given.workflow, str) else None,
        host=host,
        error_kind=given.error_kind or None,
        finished_after=given.finished_after or None,
        finished_before=given.finished_before or None,
    )


@strawberry.type(description="Dead letters that failed alike.")
class DeadLetterCause:
    error_kind: ErrorKind | None = strawberry.field(
        description="The kind of fault; null of runs that were lost with their workers too often."
    )
    host: str | None = strawberry.field(description="The host of the URL that was called; null of no HTTP job.")
    count: int = strawberry.field(description="How many dead letters.")
    oldest: datetime = strawberry.field(description="When the first of them failed.")
    newest: datetime = strawberry.field(description="When the last of them failed.")


def cause_type(cause: Cause) -> DeadLetterCause:
    """A cause as it is shown."""
    return DeadLetterCause(
        error_kind=cause.kind, host=cause.host, count=cause.count, oldest=cause.oldest, newest=cause.newest
    )


@strawberry.type(description="Dead letters that a replay left out for one reason.")
class ReplaySkip:
    reason: SkipReason = strawberry.field(description="The reason, for programs.")
    reason_text: str = strawberry.field(description="The reason in a plain sentence.")
    count: int = strawberry.field(description="How many.")


@strawberry.type(description="How far a replay has come.")
class ReplayCounts:
    selected: int = strawberry.field(
        description=(
            "How many dead letters there were when it was asked for. Those that were retried or discarded before "
            "their turn are neither sent nor skipped."
        )
    )
    sent: int = strawberry.field(description="How many runs were sent, the canary among them.")
    succeeded: int = strawberry.field(description="How many of those that were sent succeeded.")
    failed: int = strawberry.field(description="How many of those that were sent failed again or were cancelled.")
    skipped: int = strawberry.field(description="How many were left out: see `skips`.")


@strawberry.type(description="Dead letters that are sent again, the oldest first, at a rate.")
class Replay(Node):
    document: strawberry.Private[Doc]
    status: ReplayStatus = strawberry.field(description="Where it is in its life.")
    reason: str | None = strawberry.field(description="Why it failed, or was stopped by Tocsin, in a sentence.")
    per_minute: int = strawberry.field(description="How many runs are sent at most in any 60 seconds.")
    canary: bool = strawberry.field(description="Whether one run is sent first, and decides about the others.")
    settings: ReplaySettings = strawberry.field(description="By which settings the runs are made again.")
    created_at: datetime = strawberry.field(description="When it was asked for.")
    finished_at: datetime | None = strawberry.field(description="When it ended; null before that.")

    @strawberry.field(description="How far it has come.")
    async def counts(self, info: Info) -> ReplayCounts:
        tally = await replays.counted(info.context.services.database, self.document)
        return ReplayCounts(
            selected=self.document["selected"],
            sent=tally.sent,
            succeeded=tally.succeeded,
            failed=tally.failed,
            skipped=sum(self.document["skips"].values()),
        )

    @strawberry.field(description="What was left out, by reason.")
    def skips(self) -> list[ReplaySkip]:
        found = ((SkipReason(reason), count) for reason, count in self.document["skips"].items())
        return [ReplaySkip(reason=reason, reason_text=_SKIPS[reason], count=count) for reason, count in found]

    @strawberry.field(description="The run that decides about the others; null until it is chosen, and without one.")
    async def canary_run(self, info: Info) -> Run | None:
        run_id = self.document["canary_run"]
        return None if run_id is None else await load_run(info, self.document["owner"], run_id)


def replay_type(document: Doc) -> Replay:
    """A stored replay as it is shown."""
    return Replay(
        id=strawberry.ID(ids.encode("Replay", document["_id"])),
        document=document,
        status=ReplayStatus(document["status"]),
        reason=document["reason"],
        per_minute=document["per_minute"],
        canary=document["canary"],
        settings=ReplaySettings(document["settings"]),
        created_at=document["created_at"],
        finished_at=document["finished_at"],
    )


async def load_replay(info: Info, owner: str, replay_id: str) -> Replay | None:
    """The owner's replay of this id."""
    document = await info.context.services.loaders.replay(owner, replay_id)
    return None if document is None else replay_type(document)


@strawberry.type(description="One time that a person had a run done again.")
class RunReplay:
    document: strawberry.Private[Doc]
    owner: strawberry.Private[str]
    at: datetime = strawberry.field(description="When it was queued again.")
    round: int = strawberry.field(description="How often the run had been done again by then, this time included.")

    @strawberry.field(description="The replay that sent it; null of a single retry, and when the replay is forgotten.")
    async def replay(self, info: Info) -> Replay | None:
        replay_id = self.document["replay"]
        return None if replay_id is None else await load_replay(info, self.owner, replay_id)


def run_replay_type(owner: str, document: Doc) -> RunReplay:
    """What a run remembers of being done again, as it is shown."""
    return RunReplay(document=document, owner=owner, at=document["at"], round=document["round"])


@strawberry.type(description="A replay in a list.")
class ReplayEdge:
    cursor: str = strawberry.field(description="The replay's place in the list, for `after` and `before`.")
    node: Replay = strawberry.field(description="The replay.")


@strawberry.type(description="A page of replays.")
class ReplayConnection:
    rows: strawberry.Private[Rows]
    edges: list[ReplayEdge] = strawberry.field(description="The replays with their cursors.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in the list.")

    @strawberry.field(description="The replays.")
    def nodes(self) -> list[Replay]:
        return [edge.node for edge in self.edges]

    @strawberry.field(description="How many replays there are on all pages together.")
    async def total_count(self) -> int:
        return await paging.count(self.rows)


async def list_dead_letters(
    services: Services, user: User, given: DeadLetterFilter | None, arguments: PageArguments
) -> RunConnection:
    """A page of the user's dead letters, the latest failure first. Raises InvalidInput."""
    chosen = read_filter(given)
    low, high = chosen.span()
    rows = Rows(
        collection=services.database.runs, order="dead_letter", key=dead_letters.KEY, descending=True,
        base=dead_letters.base(user.id), residual=chosen.residual(), hidden=dict(RUN_FIELDS), low=low, high=high,
        origin=(user.created_at, clock.now()),
    )  # fmt: skip
    return run_connection(rows, await paging.read_page(rows, arguments))


async def list_replays(services: Services, user: User, arguments: PageArguments) -> ReplayConnection:
    """A page of the user's replays, the latest first. Raises InvalidInput."""
    rows = Rows(
        collection=services.database.replays, order="replay_created_at", key="created_at", descending=True,
        base={"owner": user.id}, origin=(user.created_at, clock.now()),
    )  # fmt: skip
    page = await paging.read_page(rows, arguments)
    edges = [ReplayEdge(cursor=paging.cursor(rows, row), node=replay_type(row)) for row in page.rows]
    return ReplayConnection(rows=rows, edges=edges, page_info=page_info(page, [edge.cursor for edge in edges]))
