"""Output types of dead letters and replays."""

from datetime import datetime

import strawberry

from tocsin.dead_letters.store import FailureCause
from tocsin.documents import ErrorKind, ReplayDocument, ReplaySettings, ReplayStatus, SkipReason
from tocsin.graphql import ids
from tocsin.graphql.context import Info
from tocsin.graphql.enums import describe_enum
from tocsin.graphql.node import REPLAY, RUN, Node, converter_to, load_node
from tocsin.graphql.runs.types import Run

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


@strawberry.type(description="Dead letters with the same kind of error and host.")
class DeadLetterCause:
    error_kind: ErrorKind | None = strawberry.field(
        description="Kind of the error; null for runs whose workers were lost too often."
    )
    host: str | None = strawberry.field(
        description="Host of the called URL; null for jobs other than HTTP, and if it is a secret."
    )
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
    document: strawberry.Private[ReplayDocument]
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
        progress = await info.context.services.loaders.load_replay_progress(self.document)
        return ReplayCounts(
            selected=self.document["selected"],
            sent=progress.sent,
            succeeded=progress.succeeded,
            failed=progress.failed,
            skipped=sum(self.document["skips"].values()),
        )

    @strawberry.field(description="Skipped dead letters by reason.")
    def skips(self) -> list[ReplaySkip]:
        found = ((SkipReason(reason), count) for reason, count in self.document["skips"].items())
        return [ReplaySkip(reason=reason, reason_text=_SKIP_TEXTS[reason], count=count) for reason, count in found]

    @strawberry.field(description="The canary run; null before it is selected and for a replay without a canary.")
    async def canary_run(self, info: Info) -> Run | None:
        run_id = self.document["canary_run"]
        return None if run_id is None else await load_node(info, RUN, self.document["owner"], run_id)


@converter_to(REPLAY)
def to_replay(document: ReplayDocument) -> Replay:
    """Convert a stored replay."""
    return Replay(
        id=strawberry.ID(ids.encode_id("Replay", document["_id"])),
        document=document,
        status=ReplayStatus(document["status"]),
        reason=document["reason"],
        per_minute=document["per_minute"],
        canary=document["canary"],
        settings=ReplaySettings(document["settings"]),
        created_at=document["created_at"],
        finished_at=document["finished_at"],
    )
