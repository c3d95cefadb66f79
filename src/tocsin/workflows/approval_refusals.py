"""Reasons why an approval step asks nobody, as shown to the workflow's owner."""

import time
from collections.abc import Callable

from tocsin.accounts.approval_requests import ApprovalRequestRules, describe_refusal
from tocsin.documents import User
from tocsin.workflows.approval_mails import find_deciders

_SECONDS = 1.0
"""Seconds for which a reason is cached: a page of workflow runs may need the same one a thousand times."""
_MAX_CACHED = 1_000


class ApprovalRefusals:
    """A short-lived cache of reasons, by owner and by whom the step asks."""

    def __init__(self, rules: ApprovalRequestRules, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rules, self._monotonic = rules, monotonic
        self._cached: dict[tuple[str, str], tuple[float, str | None]] = {}

    async def find_reason(self, owner_id: str, asks: str) -> str | None:
        """Return why this owner's workflows can ask none of the users that `asks` names; None if they can."""
        key, now = (owner_id, asks), self._monotonic()
        cached = self._cached.get(key)
        if cached is not None and cached[0] > now:
            return cached[1]
        if len(self._cached) >= _MAX_CACHED:
            self._cached.clear()
        owner = await User.get(owner_id)
        found = None if owner is None else describe_refusal(asks, await find_deciders(asks), owner, self._rules)
        self._cached[key] = (now + _SECONDS, found)
        return found
