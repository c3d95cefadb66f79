"""Output types of quotas and their usage."""

from datetime import datetime

import strawberry

from tocsin.graphql.enums import describe_enum
from tocsin.quotas import Quota, QuotaUnit, Usage

describe_enum(
    Quota,
    "A resource that is limited for each user.",
    {
        "TASKS": "Tasks that have not ended, including paused ones.",
        "WORKFLOWS": "Workflows that are not deleted.",
        "WORKFLOW_VERSIONS": "Stored workflow versions. A version is kept for as long as runs are kept.",
        "RUNS_PER_MINUTE": "Runs, retries and workflow steps started in the current minute.",
        "RUNS_PER_DAY": "Runs, retries and workflow steps started in the current day (UTC).",
        "STORAGE": "Stored tasks, workflows, runs with their responses, files and mails. When it is used up, "
        "the oldest history is deleted.",
        "MAILS_PER_DAY": "Mails sent by jobs, about failures and for approvals in the current day (UTC).",
        "API_TOKENS": "Existing API tokens.",
        "IDEMPOTENCY_KEYS_PER_DAY": "Mutations with an idempotency key in the current day (UTC).",
    },
)
describe_enum(
    QuotaUnit,
    "The unit of a quota.",
    {"COUNT": "A number of items.", "MEGABYTES": "Megabytes of 1,048,576 bytes."},
    name="QuotaUnit",
)


@strawberry.type(description="The usage of one quota by one user.")
class QuotaUsage:
    quota: Quota = strawberry.field(description="The quota.")
    used: int = strawberry.field(
        description="Current usage, in `unit`: a count or megabytes. Runs, mails and storage lag by a few seconds."
    )
    limit: int | None = strawberry.field(
        description="Maximum usage, in `unit`: a count or megabytes; null if unlimited."
    )
    resets_at: datetime | None = strawberry.field(
        description="Time at which the usage resets to 0; null if it only decreases when something is deleted."
    )
    unit: QuotaUnit = strawberry.field(description="Unit of `used` and `limit`.")


def to_quota_usage(usage: Usage) -> QuotaUsage:
    """Convert the usage of a quota."""
    return QuotaUsage(quota=usage.quota, used=usage.used, limit=usage.limit, resets_at=usage.resets_at, unit=usage.unit)
