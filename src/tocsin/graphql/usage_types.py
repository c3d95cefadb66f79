"""How much a user uses of what each may have, as it is shown."""

from datetime import datetime

import strawberry

from tocsin.graphql.enums import describe
from tocsin.quotas import Quota, Unit, Usage

describe(
    Quota,
    "What a user may have, or use, only so much of.",
    {
        "TASKS": "Tasks that have not ended: also paused ones.",
        "WORKFLOWS": "Workflows that were not deleted.",
        "WORKFLOW_VERSIONS": "Versions of workflows that are kept: those of the time for which runs are kept.",
        "RUNS_PER_MINUTE": "Runs, retries and steps of workflows that began in this minute.",
        "RUNS_PER_DAY": "The same of this day (UTC).",
        "STORAGE": "What is stored: tasks, workflows, runs with their answers, files, mails. The oldest history goes "
        "when it is used up.",
        "MAILS_PER_DAY": "Mails of tasks and workflows, of this day (UTC): by jobs, about failures, for approvals.",
        "API_TOKENS": "API tokens.",
        "IDEMPOTENCY_KEYS_PER_DAY": "Mutations that came with an idempotency key, of this day (UTC).",
    },
)
describe(Unit, "In what a quota is counted.", {"COUNT": "In pieces.", "MEGABYTES": "In megabytes of 1,048,576 bytes."},
         name="QuotaUnit")  # fmt: skip


@strawberry.type(description="How much of a quota is used.")
class QuotaUsage:
    quota: Quota = strawberry.field(description="Which quota.")
    used: int = strawberry.field(description="How much of it is used: of runs, mails and bytes right but for seconds.")
    limit: int | None = strawberry.field(
        description="How much may be used, in `unit`; null if there is no limit: a count, or megabytes."
    )
    resets_at: datetime | None = strawberry.field(
        description="When it begins anew at nothing; null for what is used until it is deleted."
    )
    unit: Unit = strawberry.field(description="In what `used` and `limit` are counted.")


def usage_type(usage: Usage) -> QuotaUsage:
    """A usage as it is shown."""
    return QuotaUsage(quota=usage.quota, used=usage.used, limit=usage.limit, resets_at=usage.resets_at, unit=usage.unit)
