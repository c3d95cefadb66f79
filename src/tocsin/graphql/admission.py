"""Who may have an operation executed at this moment, and what it costs him."""

from contextlib import suppress
from dataclasses import dataclass, field

from graphql import GraphQLError
from pymongo.errors import PyMongoError
from strawberry.types.graphql import OperationType

from tocsin.accounts.rates import Allowance
from tocsin.errors import DatabaseUnavailable, RateLimited, Unauthenticated
from tocsin.graphql.callers import Caller, Kind
from tocsin.graphql.context import Context
from tocsin.graphql.errors import coded
from tocsin.security.rates import address_key

LEAST_COST = 100
"""Points of reading and answering an operation at all."""
REFUSED_COST = 500
"""Points of a document that is refused: it is read anew each time, while a good one is remembered."""


async def caller_of(context: Context) -> Caller:
    """Who is asking. Found out once for a request or a connection. Raises what a database that is away raises."""
    if context.caller is None:
        context.caller = await _find(context)
    return context.caller


async def _find(context: Context) -> Caller:
    with suppress(Unauthenticated):
        if (identity := await context.identity()) is not None:
            return Caller(identity.user.id, known=True)
    return Caller(address_key(context.address), known=False)


async def refusal(context: Context) -> GraphQLError | None:
    """Why nothing of this caller's is even read at the moment; None if it is."""
    try:
        caller = await caller_of(context)
        context.services.rates.check(caller.key, REFUSED_COST)
    except (RateLimited, PyMongoError, DatabaseUnavailable) as error:
        told = coded(caused_by(error), executing=False, request_id=context.request_id)
        context.note_refusal((told.extensions or {}).get("code"), told.message)
        return told
    return None


def caused_by(error: Exception) -> GraphQLError:
    """The error of an operation that did not come to be executed."""
    return GraphQLError(str(error), original_error=error)


@dataclass
class Admission:
    """One operation's way through the limits. `end` must be called, whatever happened."""

    context: Context
    requested: int = REFUSED_COST
    allowance: Allowance | None = None
    _slots: list[tuple[Kind, Caller]] = field(default_factory=list)

    async def enter(self, kind: OperationType, cost: int) -> None:
        """Let an operation of this cost be executed. Raises RateLimited."""
        self.requested = LEAST_COST + cost
        self._take_slot(await caller_of(self.context), kind)
        await self._spend()

    async def turn_away(self) -> None:
        """Count a document that is refused. Raises RateLimited."""
        await self._spend()

    def end(self) -> None:
        """Give back what the operation held."""
        while self._slots:
            self.context.services.slots.give_back(*self._slots.pop())

    def cost(self) -> dict[str, object]:
        """`extensions.cost` of the answer; empty as long as nothing was counted."""
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
