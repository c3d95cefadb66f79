"""Rate and concurrency limits of operations: each one is charged to its caller before it runs."""

from contextlib import suppress
from dataclasses import dataclass, field

from graphql import GraphQLError
from pymongo.errors import PyMongoError
from strawberry.types.graphql import OperationType

from tocsin.accounts.rate_limiter import CostAllowance
from tocsin.errors import DatabaseUnavailable, RateLimited, Unauthenticated
from tocsin.graphql.callers import Caller, OperationKind
from tocsin.graphql.context import Context
from tocsin.graphql.errors import mask_error
from tocsin.security.gcra import network_key

BASE_COST = 100
"""Base cost of every operation, in points."""
REFUSED_COST = 500
"""Cost of a refused document, in points. It is parsed each time, while valid documents are cached."""


async def identify_caller(context: Context) -> Caller:
    """Return the caller, which is determined once per request or connection.

    Raises what the driver raises when the database is unavailable.
    """
    if context.caller is None:
        context.caller = await _find(context)
    return context.caller


async def _find(context: Context) -> Caller:
    with suppress(Unauthenticated):
        if (identity := await context.authenticate()) is not None:
            return Caller(identity.user.id, is_user=True)
    return Caller(network_key(context.address), is_user=False)


async def check_rate_limit(context: Context) -> GraphQLError | None:
    """Return the error for a caller over the rate limit, before the document is parsed; None if they may go on."""
    try:
        caller = await identify_caller(context)
        context.services.rates.check_points(caller.key, REFUSED_COST)
    except (RateLimited, PyMongoError, DatabaseUnavailable) as error:
        masked = mask_error(wrap_error(error), executing=False, request_id=context.request_id)
        context.log_refusal((masked.extensions or {}).get("code"), masked.message)
        return masked
    return None


def wrap_error(error: Exception) -> GraphQLError:
    """Return the error of an operation that was not executed."""
    return GraphQLError(str(error), original_error=error)


@dataclass
class Admission:
    """The passage of one operation through the limits. `end` must always be called."""

    context: Context
    requested: int = REFUSED_COST
    allowance: CostAllowance | None = None
    _slots: list[tuple[OperationKind, Caller]] = field(default_factory=list)

    async def admit(self, kind: OperationType, cost: int) -> None:
        """Take a slot and charge the cost of an operation that is about to run. Raises RateLimited."""
        self.requested = BASE_COST + cost
        self._take_slot(await identify_caller(self.context), kind)
        await self._spend()

    async def charge_refusal(self) -> None:
        """Charge for a refused document. Raises RateLimited."""
        await self._spend()

    def release(self) -> None:
        """Release the slots of the operation."""
        while self._slots:
            self.context.services.slots.release(*self._slots.pop())

    def cost_extension(self) -> dict[str, object]:
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
        name: OperationKind = "subscriptions" if kind is OperationType.SUBSCRIPTION else "operations"
        settings = services.settings
        most = settings.max_subscriptions if name == "subscriptions" else settings.max_operations
        services.slots.acquire(name, caller, most)
        self._slots.append((name, caller))

    async def _spend(self) -> None:
        caller = await identify_caller(self.context)
        self.allowance = await self.context.services.rates.spend_points(caller.key, self.requested)
