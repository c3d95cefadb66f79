"""The one way from a request to who is asking, for every resolver that needs a user.

What a token must allow follows from the kind of operation: READ for queries and subscriptions, WRITE for mutations.
"""

from graphql import OperationType

from tocsin.accounts import Actor, Identity
from tocsin.documents import Scope, User
from tocsin.errors import Forbidden
from tocsin.graphql.context import Info

FREEING = frozenset(
    {
        "deleteTask", "pauseTask", "cancelTask", "cancelRun", "deleteWorkflow", "cancelWorkflowRun", "stopReplay",
        "discardDeadLetters", "pauseQueue", "logIn", "logOut", "refreshSession", "revokeSession", "revokeApiToken",
        "changePassword", "deactivateUser", "setUserQuota",
    }
)  # fmt: skip
"""The mutations that also work while the disk is nearly full: they make room, end things, or let someone do so."""


async def owner(info: Info) -> str:
    """The id of who is asking. Raises Unauthenticated, Forbidden."""
    return (await identity(info)).user.id


async def user(info: Info) -> User:
    """Who is asking. Raises Unauthenticated, Forbidden."""
    return (await identity(info)).user


async def identity(info: Info) -> Identity:
    """Who is asking, by what. Raises Unauthenticated, Forbidden for an API token without the scope."""
    found = await info.context.required_identity()
    info.context.services.quotas.limits.learn(found.user.id, found.user.quotas)
    require_room(info)
    _require(found, Scope.WRITE if info.operation.operation is OperationType.MUTATION else Scope.READ)
    return found


async def reader(info: Info) -> Identity:
    """Who is asking, where a mutation changes nothing and only tells. Raises Unauthenticated, Forbidden."""
    found = await identity(info)
    _require(found, Scope.READ)
    return found


def require_room(info: Info) -> None:
    """Raises StorageLow for a mutation that would store something while the disk is nearly full."""
    if _is_root_of_mutation(info) and info.field_name not in FREEING:
        info.context.services.disk.require_room()


def _is_root_of_mutation(info: Info) -> bool:
    return info.operation.operation is OperationType.MUTATION and info.path.prev is None


async def administrator(info: Info) -> Identity:
    """The administrator who is asking. Raises Unauthenticated, Forbidden."""
    found = await identity(info)
    if not found.user.is_admin:
        raise Forbidden("Only administrators may do this.")
    _require(found, Scope.ADMIN)
    return found


async def administers(info: Info) -> bool:
    """Whether who is asking may see what administrators see. Raises Unauthenticated, Forbidden."""
    found = await identity(info)
    return found.user.is_admin and Scope.ADMIN in found.scopes


async def logged_in(info: Info) -> Identity:
    """Who is asking by a log-in of his own: no API token can make tokens or change the password.

    Raises Unauthenticated, Forbidden.
    """
    found = await identity(info)
    require_log_in(found)
    return found


def require_log_in(who: Identity) -> None:
    """Raises Forbidden for an API token: a program may not do this, whatever its scopes."""
    if who.session_id is None:
        raise Forbidden("An API token cannot do this. Log in, and use the access token.")


def actor(info: Info, who: Identity) -> Actor:
    """Who is asking, and from where, as the audit log tells it."""
    return info.context.actor.known_as(who.user)


def _require(who: Identity, scope: Scope) -> None:
    if scope not in who.scopes:
        raise Forbidden(f"This API token does not have the scope {scope.value}.")
