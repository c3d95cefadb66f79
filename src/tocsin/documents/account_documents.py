"""The documents of accounts as they are stored. `run_documents` has the rules for these types."""

from datetime import datetime
from typing import NotRequired, TypedDict

from tocsin.documents.account_enums import AuditAction, LinkPurpose, MailPurpose, Scope


class UserDocument(TypedDict):
    """A stored user. See `tocsin.documents.User` for the meaning of the fields."""

    _id: str
    email: str
    password: str
    is_admin: bool
    is_active: bool
    email_confirmed: NotRequired[bool]
    accepts_requests_from: NotRequired[list[str]]
    deactivated_at: NotRequired[datetime | None]
    quotas: NotRequired[dict[str, int]]
    created_at: datetime


class SessionDocument(TypedDict):
    """A stored session. See `tocsin.documents.Session` for the meaning of the fields."""

    _id: str
    owner: str
    family: str
    secret: str
    previous: str | None
    rotated_at: datetime
    created_at: datetime
    expires_at: datetime
    address: str
    user_agent: str


class ApiTokenDocument(TypedDict):
    """A stored API token. See `tocsin.documents.ApiToken` for the meaning of the fields."""

    _id: str
    owner: str
    name: str
    digest: str
    hint: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class LinkDocument(TypedDict):
    """A stored link. See `tocsin.documents.Link` for the meaning of the fields."""

    _id: str
    purpose: LinkPurpose
    user: str | None
    email: str
    is_admin: bool
    inviter: NotRequired[str | None]
    mail_purpose: NotRequired[MailPurpose | None]
    created_at: datetime
    expires_at: datetime


class AuditEntryDocument(TypedDict):
    """A stored audit entry. See `tocsin.documents.AuditEntry` for the meaning of the fields."""

    _id: str
    at: datetime
    action: AuditAction
    actor: str | None
    actor_name: str
    user: str | None
    email: str
    detail: str | None
    address: str
    user_agent: str
