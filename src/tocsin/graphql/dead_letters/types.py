"""Filters, types and lists of dead letters and replays."""

from datetime import datetime

import strawberry

from tocsin import clock
from tocsin.dead_letters import filter as dead_letter_filter
from tocsin.dead_letters import replays, store
from tocsin.dead_letters.store import FailureCause
from tocsin.documents import Doc, ReplaySettings, ReplayStatus, SkipReason, User, paging
from tocsin.documents.paging import KeysetQuery, PageArguments
from tocsin.graphql import ids
from tocsin.graphql.context import Info, Services
from tocsin.graphql.enums import describe_enum
from tocsin.graphql.loaders import RUN_PROJECTION
from tocsin.graphql.node import Node, PageInfo
from tocsin.graphql.runs.lists import RunConnection, to_page_info, to_run_connection
from tocsin.graphql.runs.types import Run, load_run
from tocsin.jobs.base import ErrorKind

_SKIP_TEXTS = {
    SkipReason.WORKFLOW_STEP: "The run is a workflow step: resume its workflow run instead.",
    SkipReason.TASK_DELETED: "The task of the run was deleted.",
    SkipReason.ATTEMPTS_USED_UP: "The run reached the maximum of 100 attempts: run its task instead.",
}

describe_enum(
    ReplayStatus,
    "The state of a replay.",
    {
        "CANARY": "The canary run is being sent or attempted. The other runs follow once it is COMPLETED.",
        "RUNNING": "Runs are being sent at the rate of the replay, or some of the sent runs have not ended.",
        "COMPLETED": "All runs were sent and have ended.",
        "STOPPED": "The replay was stopped. Runs that were already sent continue.",
        "FAILED": "The canary run did not succeed, so no other run was sent.",
    },
)
describe_enum(
    ReplaySettings,
    "The settings with which a run is replayed.",
    {
        "ORIGINAL": "The job, retry policy and timeout that the run had.",
        "CURRENT": "The current job, retry policy and timeout of its task.",
    },
)
describe_enum(
    SkipReason,
    "The reason why a replay skipped a dead letter.",
    {reason.name: text for reason, text in _SKIP_TEXTS.items()},
    name="ReplaySkipReason",
)


@strawberry.input(description="Filters for dead letters, combined with AND.")
class DeadLetterFilter:
    task_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Runs of this task.")
    workflow: str | None = strawberry.field(
        default=strawberry.UNSET, description="Steps of your workflow of this name."
    )
    host: str | None = strawberry.field(
        default=strawberry.UNSET, description="HTTP jobs whose URL has this host: a name or address, without a port."
    )
    error_kind: ErrorKind | None = strawberry.field(
        default=strawberry.UNSET, description="Runs that failed with this kind of error."
    )
    finished_after: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Runs that failed at or after this time."
    )
    finished_before: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Runs that failed before this time (exclusive)."
    )


def parse_dead_letter_filter(input_: DeadLetterFilter | None) -> dead_letter_filter.DeadLetterFilter:
    """Convert a filter of the API. Raises InvalidInput with a path under `filter`."""
    if not input_:
        return dead_letter_filter.DeadLetterFilter()
    host = dead_letter_filter.parse_host(input_.host, "filter", "host") if isinstance(input_.host, str) else None
    task = (
        (ids.decode_as("Task", input_.task_id, "filter", "taskId") or "") if isinstance(input_.task_id, str) else None
    )
    return dead_letter_filter.DeadLetterFilter(
        task=task,
        workflow=input_.workflow if isinstance(input_.workflow, str) else None,
        host=host,
        error_kind=input_.error_kind or None,
        finished_after=input_.finished_after or None,
        finished_before=input_.finished_before or None,
    )


@strawberry.type(description="Dead letters with the same kind of error and host.")
class DeadLetterCause:
    error_kind: ErrorKind | None = strawberry.field(
        description="Kind of the error; null for runs whose workers were lost too often."
    )
    host: str | None = strawberry.field(description="Host of the called URL; null for jobs other than HTTP.")
    count: int = strawberry.field(description="Number of dead letters.")
    oldest: datetime = strawberry.field(description="Time of the earliest failure.")
    newest: datetime = strawberry.field(description="Time of the latest failure.")


def to_dead_letter_cause(cause: FailureCause) -> DeadLetterCause:
    """Convert a cause."""
    return DeadLetterCause(
        error_kind=cause.kind, host=cause.host, count=cause.count, oldest=cause.oldest, newest=cause.newest
    )


@strawberry.type(description="Dead letters that a replay skipped for one reason.")
class ReplaySkip:
    reason: SkipReason = strawberry.field(description="Machine-readable reason.")
    reason_text: str = strawberry.field(description="Explanation of `reason` for people.")
    count: int = strawberry.field(description="Number of skipped dead letters.")


@strawberry.type(description="The progress of a replay.")
class ReplayCounts:
    selected: int = strawberry.field(
        description=(
            "Number of dead letters when the replay was created. Those that are retried or discarded before they are "
            "sent count neither as sent nor as skipped."
        )
    )
    sent: int = strawberry.field(description="Number of runs sent, including the canary.")
    succeeded: int = strawberry.field(description="Number of sent runs that succeeded.")
    failed: int = strawberry.field(description="Number of sent runs that failed again or were cancelled.")
    skipped: int = strawberry.field(description="Number of dead letters skipped; `skips` lists them by reason.")


@strawberry.type(description="A replay: dead letters that are sent again at a limited rate, oldest first.")
class Replay(Node):
    document: strawberry.Private[Doc]
    status: ReplayStatus = strawberry.field(description="State of the replay.")
    reason: str | None = strawberry.field(
        description="Explanation of why it failed or why Tocsin stopped it; null otherwise."
    )
    per_minute: int = strawberry.field(description="Maximum number of runs sent in any 60 seconds.")
    canary: bool = strawberry.field(
        description="True if the oldest run is sent first and the others follow only after it succeeded."
    )
    settings: ReplaySettings = strawberry.field(description="Settings with which the runs are replayed.")
    created_at: datetime = strawberry.field(description="Time at which the replay was created.")
    finished_at: datetime | None = strawberry.field(description="Time at which the replay ended; null before that.")

    @strawberry.field(description="Progress of the replay.")
    async def counts(self, info: Info) -> ReplayCounts:
        tally = await replays.load_progress(info.context.services.database, self.document)
        return ReplayCounts(
            selected=self.document["selected"],
            sent=tally.sent,
            succeeded=tally.succeeded,
            failed=tally.failed,
            skipped=sum(self.document["skips"].values()),
        )

    @strawberry.field(description="Skipped dead letters by reason.")
    def skips(self) -> list[ReplaySkip]:
        found = ((SkipReason(reason), count) for reason, count in self.document["skips"].items())
        return [ReplaySkip(reason=reason, reason_text=_SKIP_TEXTS[reason], count=count) for reason, count in found]

    @strawberry.field(description="The canary run; null before it is selected and for a replay without a canary.")
    async def canary_run(self, info: Info) -> Run | None:
        run_id = self.document["canary_run"]
        return None if run_id is None else await load_run(info, self.document["owner"], run_id)


def to_replay(document: Doc) -> Replay:
    """Convert a stored replay."""
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
    """Load a replay of the owner; None if it does not exist."""
    document = await info.context.services.loaders.load_replay(owner, replay_id)
    return None if document is None else to_replay(document)


@strawberry.type(description="One occasion on which a person retried or replayed a run.")
class RunReplay:
    document: strawberry.Private[Doc]
    owner: strawberry.Private[str]
    at: datetime = strawberry.field(description="Time at which the run was queued again.")
    round: int = strawberry.field(
        description="Number of times the run had been retried or replayed by then, including this one."
    )

    @strawberry.field(description="The replay that sent it; null for a single retry and after the replay was deleted.")
    async def replay(self, info: Info) -> Replay | None:
        replay_id = self.document["replay"]
        return None if replay_id is None else await load_replay(info, self.owner, replay_id)


def to_run_replay(owner: str, document: Doc) -> RunReplay:
    """Convert an entry in the list of replays of a run."""
    return RunReplay(document=document, owner=owner, at=document["at"], round=document["round"])


@strawberry.type(description="A replay in a connection, with its cursor.")
class ReplayEdge:
    cursor: str = strawberry.field(description="Cursor of this replay, for `after` and `before`.")
    node: Replay = strawberry.field(description="The replay.")


@strawberry.type(description="A page of replays.")
class ReplayConnection:
    query: strawberry.Private[KeysetQuery]
    edges: list[ReplayEdge] = strawberry.field(description="The replays on this page, with their cursors.")
    page_info: PageInfo = strawberry.field(description="Cursors of this page, and whether there are more pages.")

    @strawberry.field(description="The replays on this page.")
    def nodes(self) -> list[Replay]:
        return [edge.node for edge in self.edges]

    @strawberry.field(description="Number of replays on all pages.")
    async def total_count(self) -> int:
        return await paging.count_rows(self.query)


async def list_dead_letters(
    services: Services, user: User, filter_: DeadLetterFilter | None, arguments: PageArguments
) -> RunConnection:
    """Return a page of the user's dead letters, latest failure first. Raises InvalidInput."""
    chosen = parse_dead_letter_filter(filter_)
    low, high = chosen.time_range()
    rows = KeysetQuery(
        collection=services.database.runs, order_name="dead_letter", key=store.SORT_FIELD, descending=True,
        indexed_filter=store.base_query(user.id), extra_filter=chosen.residual_query(),
        projection=dict(RUN_PROJECTION), min_key=low, max_key=high,
        key_range_hint=(user.created_at, clock.now()),
    )  # fmt: skip
    return to_run_connection(rows, await paging.fetch_page(rows, arguments))


async def list_replays(services: Services, user: User, arguments: PageArguments) -> ReplayConnection:
    """Return a page of the user's replays, newest first. Raises InvalidInput."""
    rows = KeysetQuery(
        collection=services.database.replays, order_name="replay_created_at", key="created_at", descending=True,
        indexed_filter={"owner": user.id}, key_range_hint=(user.created_at, clock.now()),
    )  # fmt: skip
    page = await paging.fetch_page(rows, arguments)
    edges = [ReplayEdge(cursor=paging.encode_cursor(rows, row), node=to_replay(row)) for row in page.rows]
    return ReplayConnection(query=rows, edges=edges, page_info=to_page_info(page, [edge.cursor for edge in edges]))
