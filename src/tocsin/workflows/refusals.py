"""Why nobody is asked for a decision that a step waits for, as the workflow's owner is shown it."""

import time
from collections.abc import Callable

from tocsin.accounts.requests import RequestRules, refusal_text
from tocsin.documents import User
from tocsin.workflows.letters import deciders

_SECONDS = 1.0
"""So long an answer stands: a page of workflow runs may ask for the same one a thousand times."""
_REMEMBERED = 1_000


class Refusals:
    """Answers by owner and by whom the step asks, remembered for a moment."""

    def __init__(self, rules: RequestRules, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rules, self._monotonic = rules, monotonic
        self._known: dict[tuple[str, str], tuple[float, str | None]] = {}

    async def of(self, owner_id: str, asks: str) -> str | None:
        """Why the workflows of this owner ask nobody of those called `asks`; None if they ask somebody."""
        key, now = (owner_id, asks), self._monotonic()
        known = self._known.get(key)
        if known is not None and known[0] > now:
            return known[1]
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        owner = await User.get(owner_id)
        found = None if owner is None else refusal_text(asks, await deciders(asks), owner, self._rules)
        self._known[key] = (now + _SECONDS, found)
        return found
