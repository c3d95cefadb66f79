"""What tokens allow, what mailed links are for, and what the audit log tells of."""

from enum import StrEnum


class Scope(StrEnum):
    """What a token allows. A log-in allows all of it; ADMIN is of use only to administrators."""

    READ = "READ"
    WRITE = "WRITE"
    ADMIN = "ADMIN"


class LinkPurpose(StrEnum):
    """What a mailed link is for."""

    RESET = "RESET"
    INVITATION = "INVITATION"
    CONFIRMATION = "CONFIRMATION"


class AuditAction(StrEnum):
    """What was done to an account."""

    SIGNED_UP = "SIGNED_UP"
    LOGGED_IN = "LOGGED_IN"
    LOG_IN_FAILED = "LOG_IN_FAILED"
    LOGGED_OUT = "LOGGED_OUT"
    SESSION_REVOKED = "SESSION_REVOKED"
    REFRESH_TOKEN_REUSED = "REFRESH_TOKEN_REUSED"  # noqa: S105  # a word, no password
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
