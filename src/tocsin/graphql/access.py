"""Authentication and authorization of resolvers: every resolver that needs a user gets them here.

The required scope follows from the kind of operation: READ for queries and subscriptions, WRITE for mutations.
"""

from graphql import OperationType

from tocsin.accounts import Actor, Identity
from tocsin.documents import Scope, User
from tocsin.errors import Forbidden, Unauthenticated
from tocsin.graphql.context import Info

ALLOWED_ON_LOW_DISK = frozenset(
    {
        "deleteTask", "deleteTasks", "pauseTask", "pauseTasks",
        "cancelTask", "cancelRun", "deleteWorkflow", "cancelWorkflowRun", "stopReplay",
        "discardDeadLetters", "pauseQueue", "acknowledgeNotifications", "deleteNotificationChannel", "logIn", "logOut",
        "acknowledgeIncident", "deleteNotificationRule", "removeMailAddress", "deleteSecret",
        "revokeOtherSessions", "logOutUser",
        "revokePublicLink", "rotatePublicLink",
        "refreshSession", "revokeSession", "revokeApiToken", "changePassword", "deactivateUser", "setUserQuota",
    }
)  # fmt: skip
"""Mutations that are accepted while the disk is nearly full: they free space, end things, or are needed to do so."""


async def require_owner(info: Info) -> str:
    """Return the ID of the caller. Raises Unauthenticated, Forbidden."""
    return (await require_identity(info)).user.id


async def require_user(info: Info) -> User:
    """Return the caller. Raises Unauthenticated, Forbidden."""
    return (await require_identity(info)).user


async def require_identity(info: Info) -> Identity:
    """Return the caller and their credentials. Raises Unauthenticated, or Forbidden for a token without the scope."""
    found = await info.context.authenticate()
    if found is None:
        raise Unauthenticated("An access token is required. Log in and send it as `Authorization: Bearer <token>`.")
    info.context.services.quotas.limits.set_override(found.user.id, found.user.quotas)
    require_disk_space(info)
    _require_scope(found, Scope.WRITE if info.operation.operation is OperationType.MUTATION else Scope.READ)
    return found


async def require_reader(info: Info) -> Identity:
    """Return the caller of a mutation that only reads, such as a dry run. Raises Unauthenticated, Forbidden."""
    found = await require_identity(info)
    _require_scope(found, Scope.READ)
    return found


def require_disk_space(info: Info) -> None:
    """Raise StorageLow for a mutation that would store something while the disk is nearly full."""
    is_root_of_mutation = info.operation.operation is OperationType.MUTATION and info.path.prev is None
    if is_root_of_mutation and info.field_name not in ALLOWED_ON_LOW_DISK:
        info.context.services.disk.require_free_space()


async def require_administrator(info: Info) -> Identity:
    """Return the caller, who must be an administrator. Raises Unauthenticated, Forbidden."""
    found = await require_identity(info)
    if not found.user.is_admin:
        raise Forbidden("Only administrators may do this.")
    _require_scope(found, Scope.ADMIN)
    return found


async def is_administrator(info: Info) -> bool:
    """Tell whether the caller has administrator access. Raises Unauthenticated, Forbidden."""
    found = await require_identity(info)
    return found.user.is_admin and Scope.ADMIN in found.scopes


async def require_logged_in(info: Info) -> Identity:
    """Return the caller, who must use a session: API tokens cannot create tokens or change the password.

    Raises Unauthenticated, Forbidden.
    """
    found = await require_identity(info)
    refuse_api_token(found)
    return found


def refuse_api_token(identity: Identity) -> None:
    """Raise Forbidden for an API token, whatever its scopes."""
    if identity.session_id is None:
        raise Forbidden("API tokens cannot do this. Log in and use the access token of the session.")


def audit_actor(info: Info, identity: Identity) -> Actor:
    """Return the caller and their address for the audit log."""
    return info.context.actor.as_user(identity.user)


def _require_scope(identity: Identity, scope: Scope) -> None:
    if scope not in identity.scopes:
        raise Forbidden(f"This API token does not have the scope {scope.value}.")
