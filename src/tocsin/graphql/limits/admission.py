"""The admission of an operation, in four steps: the rate limit of its caller, its document, its permissions, its cost.

`GuardedSchema` takes the first step before anything is parsed, `DocumentExtension` the others when Strawberry parses
and validates the document. What is refused is charged too.
"""

from contextlib import suppress

from graphql import DocumentNode, GraphQLError, NameNode, OperationDefinitionNode, SelectionSetNode
from graphql.language import ast
from pymongo.errors import PyMongoError
from strawberry.types import ExecutionContext
from strawberry.types.graphql import OperationType

from tocsin.accounts.rate_limiter import CostAllowance
from tocsin.errors import DatabaseUnavailable, RateLimited, Unauthenticated
from tocsin.graphql.callers import Caller, OperationKind
from tocsin.graphql.context import Context
from tocsin.graphql.errors import mask_error
from tocsin.graphql.limits import document_cache
from tocsin.graphql.limits.document_cache import CachedDocument, CheckedDocument, DocumentCache, DocumentRefused
from tocsin.graphql.limits.query_cost import OperationCost
from tocsin.graphql.limits.write_only import find_read_errors
from tocsin.security.gcra import network_key

BASE_COST = 100
"""Base cost of every operation, in points."""
REFUSED_COST = 500
"""Cost of a refused document, in points. It is parsed each time, while valid documents are cached."""
_NO_INTROSPECTION = {
    "users": ("Introspection requires an access token on this server.", "UNAUTHENTICATED"),
    "nobody": ("Introspection is disabled on this server.", "FORBIDDEN"),
}
_MAX_ERRORS = 10
_documents = DocumentCache()


async def check_rate_limit(context: Context) -> GraphQLError | None:
    """Return the error for a caller over the rate limit, before the document is parsed; None if they may go on."""
    try:
        caller = await identify_caller(context)
        context.services.rates.check_points(caller.key, REFUSED_COST)
    except (RateLimited, PyMongoError, DatabaseUnavailable) as error:
        masked = mask_error(_wrap_error(error), executing=False, request_id=context.request_id)
        context.log_refusal((masked.extensions or {}).get("code"), masked.message)
        return masked
    return None


async def charge_refusal(context: Context) -> None:
    """Charge an operation that is refused after its parse and before its admission, such as a mutation by GET."""
    with suppress(RateLimited, PyMongoError, DatabaseUnavailable):  # the next operation is refused then
        caller = await identify_caller(context)
        await context.services.rates.spend_points(caller.key, REFUSED_COST)


async def identify_caller(context: Context) -> Caller:
    """Return the caller, which is determined once per request or connection.

    Raises what the driver raises when the database is unavailable.
    """
    if context.caller is None:
        identity = None
        with suppress(Unauthenticated):
            identity = await context.authenticate()
        if identity is not None:
            context.caller = Caller(identity.user.id, is_user=True)
        else:
            context.caller = Caller(network_key(context.address), is_user=False)
    return context.caller


class Admission:
    """The admission of one operation. Call `find_document`, then `admit`, and always `finish` at its end."""

    def __init__(self, operation: ExecutionContext) -> None:
        self._operation = operation
        self._context: Context = operation.context
        self._services, self._settings = self._context.services, self._context.services.settings
        self._schema, self._variables = operation.schema._schema, operation.variables or {}
        self._cached: CachedDocument | None = None
        self._checked: CheckedDocument
        self._slots: list[tuple[OperationKind, Caller]] = []
        self._is_decided = True
        self._charged = 0
        self._allowance: CostAllowance | None = None

    async def find_document(self, query: str) -> DocumentNode:
        """Return the document: a cached one, or a new one that is parsed and checked. `admit` reports its errors."""
        self._is_decided = False
        self._cached = _documents.get(query, self._settings.max_document_tokens)
        if self._cached is not None:
            return self._cached.document
        suggest = False
        with suppress(RateLimited, PyMongoError, DatabaseUnavailable):  # `admit` reports them
            suggest = (await identify_caller(self._context)).is_among(self._settings.suggestions)
        name = self._operation.operation_name
        self._checked = await document_cache.check_document(
            self._schema, query, name, self._variables, self._settings, suggest=suggest
        )
        return self._checked.document or _empty_document(name)

    async def admit(self, document: DocumentNode) -> list[GraphQLError]:
        """Charge the operation to its caller. Returns the errors for which it is refused; none if it may run."""
        self._is_decided = True
        try:
            caller = await identify_caller(self._context)
            try:
                cost = self._measure(document)
                self._check_permissions(document, cost, caller)
            except DocumentRefused as refused:
                await self._charge(caller, REFUSED_COST)
                return refused.errors
            self._take_slot(caller)
            await self._charge(caller, BASE_COST + cost.cost)
        except (RateLimited, PyMongoError, DatabaseUnavailable) as error:
            return [_wrap_error(error)]
        return []

    async def finish(self) -> None:
        """Release the slot of the operation. One that was refused before `admit` is charged now."""
        self.release_slots()
        if not self._is_decided:
            self._is_decided = True
            await charge_refusal(self._context)

    def release_slots(self) -> None:
        """Release the slot of the operation, if it has one."""
        while self._slots:
            self._services.slots.release(*self._slots.pop())

    async def retake_slot(self) -> None:
        """Take a slot again, as soon as the caller has one free, for an operation that released its own."""
        caller = await identify_caller(self._context)
        await self._services.slots.acquire_when_free("operations", caller, self._settings.max_operations)
        self._slots.append(("operations", caller))

    def cost_extension(self) -> dict[str, object]:
        """Return `extensions.cost` of the response; empty if nothing was charged."""
        if self._allowance is None:
            return {}
        limit = self._allowance.limit
        return {
            "requested": self._charged,
            "maximum": self._settings.max_cost,
            "limit": limit,
            "remaining": self._allowance.remaining,
            "restoreRate": round(limit / 60, 2),
        }

    def _measure(self, document: DocumentNode) -> OperationCost:
        """Return the cost of the operation, and cache a new document. Raises DocumentRefused for an invalid one."""
        name = self._operation.operation_name
        if self._cached is None:
            if self._checked.cost is None or self._checked.errors:
                raise DocumentRefused(self._checked.errors)
            cost, self._cached = self._checked.cost, CachedDocument(document)
            _documents.put(self._operation.query or "", self._settings.max_document_tokens, self._cached)
        else:
            known = self._cached.find_cost(name, self._variables)
            cost = known or document_cache.measure_operation(self._schema, document, name, self._variables)
            document_cache.refuse_excess(document, cost, self._settings)
            if known is not None:
                return cost
        self._cached.keep_cost(name, self._variables, cost)
        return cost

    def _check_permissions(self, document: DocumentNode, cost: OperationCost, caller: Caller) -> None:
        """Check what the operation selects. Raises DocumentRefused."""
        if cost.selection.introspects and not caller.is_among(self._settings.introspection):
            message, code = _NO_INTROSPECTION[self._settings.introspection]
            raise DocumentRefused([GraphQLError(message, extensions={"code": code})])
        if not self._context.can_read and (
            errors := find_read_errors(self._schema, document, self._operation.operation_name)
        ):
            raise DocumentRefused(errors[:_MAX_ERRORS])

    def _take_slot(self, caller: Caller) -> None:
        """Take a slot for an operation in progress. Raises RateLimited."""
        kind: OperationKind = "operations"
        most = self._settings.max_operations
        if self._operation.operation_type is OperationType.SUBSCRIPTION:
            kind, most = "subscriptions", self._settings.max_subscriptions
        self._services.slots.acquire(kind, caller, most)
        self._slots.append((kind, caller))

    async def _charge(self, caller: Caller, points: int) -> None:
        """Charge points to the caller. Raises RateLimited."""
        self._charged = points
        self._allowance = await self._services.rates.spend_points(caller.key, points)


def _wrap_error(error: Exception) -> GraphQLError:
    return GraphQLError(str(error), original_error=error)


def _empty_document(name: str | None) -> DocumentNode:
    """Return an empty query of this name as a placeholder for a document that cannot be parsed."""
    named = NameNode(value=name) if name else None
    selections = SelectionSetNode(selections=())
    query = OperationDefinitionNode(operation=ast.OperationType.QUERY, name=named, selection_set=selections)
    return DocumentNode(definitions=(query,))
