"""Reasons why an approval step asks nobody, as shown to the workflow's owner."""

import time
from collections.abc import Callable, Collection

from tocsin.accounts.approval_requests import ApprovalRequestRules, describe_refusal
from tocsin.documents import User
from tocsin.workflows.approval_mails import find_all_deciders

_SECONDS = 1.0
"""Seconds for which a reason is cached: a page of workflow runs may need the same one a thousand times."""
_MAX_CACHED = 1_000


class ApprovalRefusals:
    """A short-lived cache of reasons, by owner and by whom the step asks."""

    def __init__(self, rules: ApprovalRequestRules, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rules, self._monotonic = rules, monotonic
        self._cached: dict[tuple[str, str], tuple[float, str | None]] = {}

    async def find_reasons(self, requests: Collection[tuple[str, str]]) -> dict[tuple[str, str], str | None]:
        """Return why each owner's workflows can ask none of the users that a step names; None if they can."""
        now = self._monotonic()
        cached = {key: self._cached[key] for key in requests if key in self._cached}
        found = {key: reason for key, (until, reason) in cached.items() if until > now}
        if missing := set(requests) - found.keys():
            read = await self._read_reasons(missing)
            found |= read
            if len(self._cached) + len(read) > _MAX_CACHED:
                self._cached.clear()
            self._cached |= {key: (now + _SECONDS, reason) for key, reason in read.items()}
        return found

    async def _read_reasons(self, requests: Collection[tuple[str, str]]) -> dict[tuple[str, str], str | None]:
        owners = await User.find({"_id": {"$in": list({owner for owner, _ in requests})}}).to_list()
        by_id = {owner.id: owner for owner in owners}
        deciders = await find_all_deciders({asks for _, asks in requests})
        found: dict[tuple[str, str], str | None] = {}
        for owner_id, asks in requests:
            owner = by_id.get(owner_id)
            found[owner_id, asks] = owner and describe_refusal(asks, deciders[asks], owner, self._rules)
        return found
