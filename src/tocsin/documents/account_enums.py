"""Scopes of tokens, purposes of mailed links, and actions of the audit log."""

from enum import StrEnum


class Scope(StrEnum):
    """A permission of a token. A session has all of them; ADMIN takes effect only for administrators."""

    READ = "READ"
    WRITE = "WRITE"
    ADMIN = "ADMIN"


class LinkPurpose(StrEnum):
    """The purpose of a mailed link."""

    RESET = "RESET"
    INVITATION = "INVITATION"
    CONFIRMATION = "CONFIRMATION"


class AuditAction(StrEnum):
    """An action on an account that the audit log records."""

    SIGNED_UP = "SIGNED_UP"
    LOGGED_IN = "LOGGED_IN"
    LOG_IN_FAILED = "LOG_IN_FAILED"
    LOGGED_OUT = "LOGGED_OUT"
    SESSION_REVOKED = "SESSION_REVOKED"
    REFRESH_TOKEN_REUSED = "REFRESH_TOKEN_REUSED"  # noqa: S105  # not a password
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105
    PASSWORD_RESET_REQUESTED = "PASSWORD_RESET_REQUESTED"  # noqa: S105
    PASSWORD_RESET = "PASSWORD_RESET"  # noqa: S105
    EMAIL_CONFIRMATION_REQUESTED = "EMAIL_CONFIRMATION_REQUESTED"
    EMAIL_CONFIRMED = "EMAIL_CONFIRMED"
    API_TOKEN_CREATED = "API_TOKEN_CREATED"  # noqa: S105
    API_TOKEN_REVOKED = "API_TOKEN_REVOKED"  # noqa: S105
    USER_CREATED = "USER_CREATED"
    USER_INVITED = "USER_INVITED"
    INVITATION_ACCEPTED = "INVITATION_ACCEPTED"
    USER_PROMOTED = "USER_PROMOTED"
    USER_DEMOTED = "USER_DEMOTED"
    USER_DEACTIVATED = "USER_DEACTIVATED"
    USER_ACTIVATED = "USER_ACTIVATED"
    KEYS_ROTATED = "KEYS_ROTATED"
    QUEUE_CHANGED = "QUEUE_CHANGED"
    QUOTA_CHANGED = "QUOTA_CHANGED"
