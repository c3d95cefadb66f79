"""The audit log: its type, filter and list."""

from datetime import datetime

import strawberry

from tocsin.accounts import audit
from tocsin.accounts.listing import query_audit_log
from tocsin.documents import AuditAction, AuditEntryDocument
from tocsin.documents.paging import PageArguments
from tocsin.graphql import access, ids
from tocsin.graphql.arguments import TimeWindow, window_bounds
from tocsin.graphql.connections import Connection, connect
from tocsin.graphql.context import Info, Services
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
        "SESSION_REVOKED": "Sessions were revoked: by their user, or by an administrator.",
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
        "JOB_TRIED": "A user tried a job without saving it.",
        "CHANNEL_CREATED": "A user created a notification channel.",
        "CHANNEL_CHANGED": "A user changed a notification channel.",
        "CHANNEL_KEY_ROTATED": "A user gave a webhook a new signing key.",
        "CHANNEL_DELETED": "A user deleted a notification channel.",
        "SECRET_SET": "A user created or changed a named secret.",
        "SECRET_DELETED": "A user deleted a named secret.",
        "MAIL_ADDRESS_REQUESTED": "A link was mailed to another address that a user wants to get mails at.",
        "MAIL_ADDRESS_CONFIRMED": "Another address for mails of a user was confirmed with a mailed link.",
        "MAIL_ADDRESS_REMOVED": "Another address for mails was removed, by its user or by the link in a mail to it.",
        "MAILS_TURNED_OFF": "Mails of some kinds were turned off by the link in a mail.",
        "MAILS_TURNED_ON": "Mails of some kinds were turned on again by the link in a mail.",
        "PUBLIC_LINK_CREATED": "A user created a public link of a task or workflow.",
        "PUBLIC_LINK_CHANGED": "A user changed the title or the input of a public link.",
        "PUBLIC_LINK_ROTATED": "A user gave a public link a new URL.",
        "PUBLIC_LINK_REVOKED": "A user revoked a public link.",
    },
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


def to_audit_entry(entry: AuditEntryDocument) -> AuditEntry:
    """Convert a stored entry."""
    return AuditEntry(
        id=strawberry.ID(ids.encode_id("AuditEntry", entry["_id"])),
        at=entry["at"],
        action=AuditAction(entry["action"]),
        actor=entry["actor_name"],
        email=entry["email"],
        detail=entry["detail"],
        address=entry["address"],
        user_agent=entry["user_agent"],
    )


async def list_audit_entries(
    services: Services, filter_: AuditFilter | None, page: PageArguments
) -> Connection[AuditEntry]:
    """Return a page of the audit log, newest entry first. Raises InvalidInput."""
    filter_ = filter_ or AuditFilter()
    query = query_audit_log(services.database, filter_.email or None, filter_.action or (), *window_bounds(filter_.at))
    return await connect(query, page, to_audit_entry)


async def load_audit_entry(info: Info, _owner: str, entry_id: str) -> AuditEntry | None:
    """Load an entry for an administrator; None for others."""
    entry = await audit.find_entry(info.context.services.database, entry_id)
    return None if entry is None or not await access.is_administrator(info) else to_audit_entry(entry)
