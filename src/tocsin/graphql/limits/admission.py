"""Rate and concurrency limits of operations: each one is charged to its caller before it runs."""

from contextlib import suppress
from dataclasses import dataclass, field

from graphql import GraphQLError
from pymongo.errors import PyMongoError
from strawberry.types.graphql import OperationType

from tocsin.accounts.rate_limiter import Allowance
from tocsin.errors import DatabaseUnavailable, RateLimited, Unauthenticated
from tocsin.graphql.callers import Caller, Kind
from tocsin.graphql.context import Context
from tocsin.graphql.errors import coded
from tocsin.security.gcra import address_key

LEAST_COST = 100
"""Base cost of every operation, in points."""
REFUSED_COST = 500
"""Cost of a refused document, in points. It is parsed each time, while valid documents are cached."""


async def caller_of(context: Context) -> Caller:
    """Return the caller, which is determined once per request or connection.

    Raises what the driver raises when the database is unavailable.
    """
    if context.caller is None:
        context.caller = await _find(context)
    return context.caller


async def _find(context: Context) -> Caller:
    with suppress(Unauthenticated):
        if (identity := await context.identity()) is not None:
            return Caller(identity.user.id, known=True)
    return Caller(address_key(context.address), known=False)


async def refusal(context: Context) -> GraphQLError | None:
    """Return the error for a caller over the rate limit, before the document is parsed; None if they may go on."""
    try:
        caller = await caller_of(context)
        context.services.rates.check(caller.key, REFUSED_COST)
    except (RateLimited, PyMongoError, DatabaseUnavailable) as error:
        masked = coded(caused_by(error), executing=False, request_id=context.request_id)
        context.note_refusal((masked.extensions or {}).get("code"), masked.message)
        return masked
    return None


def caused_by(error: Exception) -> GraphQLError:
    """Return the error of an operation that was not executed."""
    return GraphQLError(str(error), original_error=error)


@dataclass
class Admission:
    """The passage of one operation through the limits. `end` must always be called."""

    context: Context
    requested: int = REFUSED_COST
    allowance: Allowance | None = None
    _slots: list[tuple[Kind, Caller]] = field(default_factory=list)

    async def enter(self, kind: OperationType, cost: int) -> None:
        """Take a slot and charge the cost of an operation that is about to run. Raises RateLimited."""
        self.requested = LEAST_COST + cost
        self._take_slot(await caller_of(self.context), kind)
        await self._spend()

    async def turn_away(self) -> None:
        """Charge for a refused document. Raises RateLimited."""
        await self._spend()

    def end(self) -> None:
        """Release the slots of the operation."""
        while self._slots:
            self.context.services.slots.give_back(*self._slots.pop())

    def cost(self) -> dict[str, object]:
        """Return `extensions.cost` of the response; empty if nothing was charged."""
        if self.allowance is None:
            return {}
        limit = self.allowance.limit
        return {
            "requested": self.requested,
            "maximum": self.context.services.settings.max_cost,
            "limit": limit,
            "remaining": self.allowance.remaining,
            "restoreRate": round(limit / 60, 2),
        }

    def _take_slot(self, caller: Caller, kind: OperationType) -> None:
        services = self.context.services
        name: Kind = "subscriptions" if kind is OperationType.SUBSCRIPTION else "operations"
        settings = services.settings
        most = settings.max_subscriptions if name == "subscriptions" else settings.max_operations
        services.slots.take(name, caller, most)
        self._slots.append((name, caller))

    async def _spend(self) -> None:
        caller = await caller_of(self.context)
        self.allowance = await self.context.services.rates.spend(caller.key, self.requested)
