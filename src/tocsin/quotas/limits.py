"""The quotas: what is limited, in which unit, over which time, and how much each owner may use."""

from collections.abc import Mapping
from enum import Enum

from tocsin.config import Settings
from tocsin.errors import QuotaExceeded

MEGABYTE = 2**20
MOST = 2**31 - 1
"""The highest limit: the largest Int of GraphQL."""


class Quota(Enum):
    """What an owner may use only so much of."""

    TASKS = "TASKS"
    WORKFLOWS = "WORKFLOWS"
    WORKFLOW_VERSIONS = "WORKFLOW_VERSIONS"
    RUNS_PER_MINUTE = "RUNS_PER_MINUTE"
    RUNS_PER_DAY = "RUNS_PER_DAY"
    STORAGE = "STORAGE"
    MAILS_PER_DAY = "MAILS_PER_DAY"
    API_TOKENS = "API_TOKENS"
    IDEMPOTENCY_KEYS_PER_DAY = "IDEMPOTENCY_KEYS_PER_DAY"


class Unit(Enum):
    """In what a quota is counted."""

    COUNT = "COUNT"
    MEGABYTES = "MEGABYTES"


WINDOWS: dict[Quota, int] = {
    Quota.RUNS_PER_MINUTE: 60,
    Quota.RUNS_PER_DAY: 86_400,
    Quota.MAILS_PER_DAY: 86_400,
    Quota.IDEMPOTENCY_KEYS_PER_DAY: 86_400,
}
"""Seconds, of those that begin anew: at each full minute, at midnight UTC."""
UNITS: dict[Quota, Unit] = {quota: Unit.MEGABYTES if quota is Quota.STORAGE else Unit.COUNT for quota in Quota}
_WORDS = {
    Quota.TASKS: "tasks that have not ended",
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
    Quota.WORKFLOW_VERSIONS: "Save less often, or delete workflows and wait until they are forgotten",
    Quota.RUNS_PER_MINUTE: "Wait for the next minute, or let tasks run less often",
    Quota.RUNS_PER_DAY: "Wait for the next day, or let tasks run less often",
    Quota.STORAGE: "Delete tasks and workflows that you don't need; the oldest history is being deleted already",
    Quota.MAILS_PER_DAY: "Wait for the next day, or let tasks send fewer mails",
    Quota.API_TOKENS: "Revoke tokens that are not in use",
    Quota.IDEMPOTENCY_KEYS_PER_DAY: "Wait for the next day, or send keys only where a repetition would do harm",
}


class Limits:
    """How much each owner may use: the installation's settings, unless an administrator has set another limit.

    0 stands for: as much as they like.
    """

    def __init__(self, settings: Settings) -> None:
        self._defaults = {quota: int(getattr(settings, f"quota_{quota.value.lower()}")) for quota in Quota}
        self._own: dict[str, Mapping[str, int]] = {}

    def of(self, owner: str, quota: Quota) -> int:
        """The limit of this owner, in the quota's unit; 0 for none."""
        return self._own.get(owner, {}).get(quota.value, self._defaults[quota])

    def learn(self, owner: str, own: Mapping[str, int]) -> None:
        """Note the limits that an administrator has set for this owner."""
        if own:
            self._own[owner] = dict(own)
        else:
            self._own.pop(owner, None)


def exceeded(quota: Quota, used: int, limit: int, *path: str, wanted: int = 1) -> QuotaExceeded:
    """The error of one who wants more than they may have."""
    more = f" and asked for {wanted:,} more" if wanted > 1 else ""
    return QuotaExceeded(
        f"The quota {quota.value} is met: you have {used:,} of {limit:,} {_WORDS[quota]}{more}. {_REMEDIES[quota]}, "
        "or ask an administrator for a higher limit. All your quotas: viewer { usage { quota used limit resetsAt } }.",
        *path,
    )


def told(quota: Quota, used: int, limit: int) -> str:
    """A met quota, as a mail or a failed attempt tells of it."""
    return f"{quota.value}: {used:,} of {limit:,} {_WORDS[quota]}"
