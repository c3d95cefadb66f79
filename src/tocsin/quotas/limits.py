"""Quotas with their units and time windows, and the limits of each owner."""

from collections.abc import Mapping
from enum import Enum

from tocsin.config import Settings
from tocsin.errors import QuotaExceeded

MEGABYTE = 2**20
MAX_QUOTA_LIMIT = 2**31 - 1
"""The highest limit: the largest Int of GraphQL."""


class Quota(Enum):
    """A limited resource of an owner."""

    TASKS = "TASKS"
    WORKFLOWS = "WORKFLOWS"
    WORKFLOW_VERSIONS = "WORKFLOW_VERSIONS"
    RUNS_PER_MINUTE = "RUNS_PER_MINUTE"
    RUNS_PER_DAY = "RUNS_PER_DAY"
    STORAGE = "STORAGE"
    MAILS_PER_DAY = "MAILS_PER_DAY"
    API_TOKENS = "API_TOKENS"
    IDEMPOTENCY_KEYS_PER_DAY = "IDEMPOTENCY_KEYS_PER_DAY"


class QuotaUnit(Enum):
    """The unit of a quota."""

    COUNT = "COUNT"
    MEGABYTES = "MEGABYTES"


WINDOW_SECONDS: dict[Quota, int] = {
    Quota.RUNS_PER_MINUTE: 60,
    Quota.RUNS_PER_DAY: 86_400,
    Quota.MAILS_PER_DAY: 86_400,
    Quota.IDEMPOTENCY_KEYS_PER_DAY: 86_400,
}
"""Window in seconds of quotas that reset: at each full minute, or at midnight UTC."""
QUOTA_UNITS: dict[Quota, QuotaUnit] = {
    quota: QuotaUnit.MEGABYTES if quota is Quota.STORAGE else QuotaUnit.COUNT for quota in Quota
}
_WORDS = {
    Quota.TASKS: "unfinished tasks",
    Quota.WORKFLOWS: "workflows",
    Quota.WORKFLOW_VERSIONS: "stored versions of workflows",
    Quota.RUNS_PER_MINUTE: "runs in this minute",
    Quota.RUNS_PER_DAY: "runs today (UTC)",
    Quota.STORAGE: "MB of stored tasks, workflows, history and files",
    Quota.MAILS_PER_DAY: "mails of tasks and workflows today (UTC)",
    Quota.API_TOKENS: "API tokens",
    Quota.IDEMPOTENCY_KEYS_PER_DAY: "idempotency keys today (UTC)",
}
_REMEDIES = {
    Quota.TASKS: "Delete or cancel tasks that you don't need",
    Quota.WORKFLOWS: "Delete workflows that you don't need",
    Quota.WORKFLOW_VERSIONS: "Save less often, or delete workflows and wait until their versions are pruned",
    Quota.RUNS_PER_MINUTE: "Wait for the next minute, or run tasks less often",
    Quota.RUNS_PER_DAY: "Wait for the next day, or run tasks less often",
    Quota.STORAGE: "Delete tasks and workflows that you don't need; the oldest history is being deleted already",
    Quota.MAILS_PER_DAY: "Wait for the next day, or send fewer mails",
    Quota.API_TOKENS: "Revoke tokens that are not in use",
    Quota.IDEMPOTENCY_KEYS_PER_DAY: "Wait for the next day, or send keys only where a repeated request would do harm",
}


class QuotaLimits:
    """The limits of each owner: those of the settings, unless an administrator has set others. 0 means unlimited."""

    def __init__(self, settings: Settings) -> None:
        self._defaults = {quota: int(getattr(settings, f"quota_{quota.value.lower()}")) for quota in Quota}
        self._own: dict[str, Mapping[str, int]] = {}

    def get_limit(self, owner: str, quota: Quota) -> int:
        """Return the limit of this owner, in the unit of the quota; 0 if there is none."""
        return self._own.get(owner, {}).get(quota.value, self._defaults[quota])

    def set_override(self, owner: str, own: Mapping[str, int]) -> None:
        """Set the limits that an administrator has chosen for this owner."""
        if own:
            self._own[owner] = dict(own)
        else:
            self._own.pop(owner, None)


def make_quota_error(quota: Quota, used: int, limit: int, *path: str, wanted: int = 1) -> QuotaExceeded:
    """Return the error for an owner who wants more than the limit."""
    more = f" and asked for {wanted:,} more" if wanted > 1 else ""
    return QuotaExceeded(
        f"The quota {quota.value} is reached: you have {used:,} of {limit:,} {_WORDS[quota]}{more}. "
        f"{_REMEDIES[quota]}, or ask an administrator for a higher limit. "
        "All your quotas: viewer { usage { quota used limit resetsAt } }.",
        *path,
    )


def describe_usage(quota: Quota, used: int, limit: int) -> str:
    """Describe the usage of an exceeded quota, for a mail or a failed attempt."""
    return f"{quota.value}: {used:,} of {limit:,} {_WORDS[quota]}"
