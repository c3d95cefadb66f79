"""Paginated lists for administrators: users and the audit log."""

from datetime import datetime
from typing import Annotated

import strawberry

from tocsin import clock
from tocsin.accounts.emails import email_key
from tocsin.clock import EPOCH
from tocsin.documents import AuditAction, Database, Doc
from tocsin.documents.paging import KeysetQuery, PageArguments
from tocsin.graphql import access, ids
from tocsin.graphql.accounts.types import User, row_to_user
from tocsin.graphql.arguments import TimeWindow, contains_text, window_bounds
from tocsin.graphql.connections import Connection, PagedField, connect
from tocsin.graphql.context import Info
from tocsin.graphql.enums import describe_enum
from tocsin.graphql.node import Node

describe_enum(
    AuditAction,
    "An action recorded in the audit log.",
    {
        "SIGNED_UP": "A person signed up.",
        "LOGGED_IN": "A user logged in with their password.",
        "LOG_IN_FAILED": "A log-in was rejected: wrong password, unknown address or deactivated account.",
        "LOGGED_OUT": "A user logged out.",
        "SESSION_REVOKED": "A user revoked one of their other sessions.",
        "REFRESH_TOKEN_REUSED": "A refresh token was used a second time, which ended its session.",
        "PASSWORD_CHANGED": "A user changed their password.",
        "PASSWORD_RESET_REQUESTED": "A password reset link was mailed.",
        "PASSWORD_RESET": "A password was reset with a mailed link.",
        "EMAIL_CONFIRMATION_REQUESTED": "A confirmation link was mailed.",
        "EMAIL_CONFIRMED": "An address was confirmed with a mailed link or on the command line.",
        "API_TOKEN_CREATED": "An API token was created.",
        "API_TOKEN_REVOKED": "An API token was revoked.",
        "USER_CREATED": "An administrator created an account.",
        "USER_INVITED": "An invitation was mailed.",
        "INVITATION_ACCEPTED": "An account was created from an invitation.",
        "USER_PROMOTED": "A user became an administrator.",
        "USER_DEMOTED": "An administrator became a regular user.",
        "USER_DEACTIVATED": "A user was deactivated: they can no longer log in.",
        "USER_ACTIVATED": "A user was reactivated.",
        "KEYS_ROTATED": "The signing and encryption keys of the installation were rotated.",
        "QUEUE_CHANGED": "An administrator created, changed, paused or resumed a queue.",
        "QUOTA_CHANGED": "An administrator changed a quota of a user.",
    },
)


@strawberry.input(description="Filters for users, combined with AND.")
class UserFilter:
    email: str | None = strawberry.field(
        default=strawberry.UNSET, description="Users whose address contains this text, ignoring case."
    )
    is_active: bool | None = strawberry.field(
        default=strawberry.UNSET, description="True for active users only, false for deactivated users only."
    )
    is_admin: bool | None = strawberry.field(
        default=strawberry.UNSET, description="True for administrators only, false for regular users only."
    )


@strawberry.type(description="An entry in the audit log.")
class AuditEntry(Node):
    at: datetime = strawberry.field(description="Time of the action.")
    action: AuditAction = strawberry.field(description="The action.")
    actor: str = strawberry.field(
        description="Email address of the person who acted, or `command line`; empty if unknown."
    )
    email: str = strawberry.field(description="Email address of the affected account at the time.")
    detail: str | None = strawberry.field(description="Details of the action; null if it needs none.")
    address: str = strawberry.field(description="IP address of the client; empty for the command line.")
    user_agent: str = strawberry.field(description="`User-Agent` header of the client.")


@strawberry.input(description="Filters for audit log entries, combined with AND.")
class AuditFilter:
    action: list[AuditAction] | None = strawberry.field(
        default=strawberry.UNSET, description="Entries with one of these actions."
    )
    email: str | None = strawberry.field(
        default=strawberry.UNSET, description="Entries about the account with exactly this address."
    )
    at: TimeWindow | None = strawberry.field(default=strawberry.UNSET, description="Entries recorded in this period.")


@strawberry.type
class AdministrationQueries:
    @strawberry.field(description="All users, newest first. Administrators only.", extensions=[PagedField()])
    async def users(
        self,
        info: Info,
        page: PageArguments,
        filter: Annotated[
            UserFilter | None, strawberry.argument(description="Return only the users that match.")
        ] = strawberry.UNSET,
    ) -> Connection[User]:
        await access.require_administrator(info)
        rows = _user_rows(info.context.services.database, filter)
        return await connect(rows, page, row_to_user)

    @strawberry.field(description="The audit log, newest entry first. Administrators only.", extensions=[PagedField()])
    async def audit_log(
        self,
        info: Info,
        page: PageArguments,
        filter: Annotated[
            AuditFilter | None, strawberry.argument(description="Return only the entries that match.")
        ] = strawberry.UNSET,
    ) -> Connection[AuditEntry]:
        await access.require_administrator(info)
        rows = _audit_rows(info.context.services.database, filter)
        return await connect(rows, page, to_audit_entry)


def to_audit_entry(entry: Doc) -> AuditEntry:
    """Convert a stored entry."""
    same = ("at", "email", "detail", "address", "user_agent")
    return AuditEntry(
        id=strawberry.ID(ids.encode("AuditEntry", entry["_id"])),
        action=AuditAction(entry["action"]),
        actor=entry["actor_name"],
        **{name: entry[name] for name in same},
    )


def _user_rows(database: Database, filter_: UserFilter | None) -> KeysetQuery:
    residual: Doc = {}
    if filter_ and filter_.email:
        residual["email"] = contains_text(filter_.email, "filter", "email")
    for name, value in (("is_active", filter_ and filter_.is_active), ("is_admin", filter_ and filter_.is_admin)):
        if isinstance(value, bool):
            residual[name] = value
    return KeysetQuery(
        collection=database.users,
        order_name="user_created_at",
        key="created_at",
        descending=True,
        indexed_filter={},
        extra_filter=residual,
        projection={"password": 0},
        key_range_hint=(EPOCH, clock.now()),
    )


def _audit_rows(database: Database, filter_: AuditFilter | None) -> KeysetQuery:
    low, high = window_bounds((filter_ and filter_.at) or None)
    base: Doc = {"email": email_key(filter_.email)} if filter_ and filter_.email else {}
    actions = [action.value for action in filter_.action] if filter_ and filter_.action else []
    return KeysetQuery(
        collection=database.audit_entries,
        order_name="audit_at",
        key="at",
        descending=True,
        indexed_filter=base,
        extra_filter={"action": {"$in": actions}} if actions else {},
        min_key=low,
        max_key=high,
        key_range_hint=(EPOCH, clock.now()),
    )
