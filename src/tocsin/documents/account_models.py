"""Models of accounts: users, their sessions and API tokens, mailed links, and the audit log."""

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from tocsin.documents.account_enums import AuditAction, LinkPurpose, MailPurpose, Scope
from tocsin.documents.base import StoredDocument, ascending_index
from tocsin.documents.ids import new_id


class User(StoredDocument):
    """A person who can log in. `email` is stored in lower case; `password` is an argon2 hash.

    `email_confirmed` is false from signing up until the user follows a mailed link. Users stored without the field had
    received mails before it existed, and count as confirmed. `accepts_requests_from` are the addresses of users whose
    workflows may ask this user for approval. `deactivated_at` is the time of the last deactivation; older links to
    files are invalid. `quotas` are limits set by an administrator, by name of the quota; 0 means no limit.
    """

    id: str = Field(default_factory=new_id)
    email: str
    password: str
    is_admin: bool = False
    is_active: bool = True
    email_confirmed: bool = True
    accepts_requests_from: list[str] = []
    deactivated_at: datetime | None = None
    quotas: dict[str, int] = {}
    created_at: datetime

    class Settings:
        name = "users"
        indexes: ClassVar = [ascending_index("email", unique=True), ascending_index("created_at")]


class Session(StoredDocument):
    """A login. It lasts while its refresh token is renewed; its access tokens end with it.

    A refresh token consists of two random texts, stored as digests: `family` identifies the session, `secret` changes
    each time the token is used. `previous` is the digest of the former secret, which was used at `rotated_at`.
    """

    owner: str
    family: str
    secret: str
    previous: str | None = None
    rotated_at: datetime
    created_at: datetime
    expires_at: datetime
    address: str
    user_agent: str

    class Settings:
        name = "sessions"
        indexes: ClassVar = [
            ascending_index("family", unique=True),
            ascending_index("owner", "created_at"),
            ascending_index("expires_at", expireAfterSeconds=0),
        ]


class ApiToken(StoredDocument):
    """A token for programs. Only its digest is stored; `hint` is its last characters, by which its owner recognizes it.

    `last_used_at` is accurate to a minute.
    """

    owner: str
    name: str
    digest: str
    hint: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = None

    class Settings:
        name = "api_tokens"
        indexes: ClassVar = [ascending_index("digest", unique=True), ascending_index("owner", "created_at")]


class Link(StoredDocument):
    """A mailed link, valid once: to set the password of `user`, create an account for `email`, or confirm an address.

    The ID is the digest of the link's token. `inviter` is the administrator who sent the invitation, which is valid
    only while they are an administrator; null means the command line. `mail_purpose` is that of the mails for which
    the address is confirmed, if it is not the address of the account.
    """

    purpose: LinkPurpose
    user: str | None = None
    email: str
    is_admin: bool = False
    inviter: str | None = None
    mail_purpose: MailPurpose | None = None
    created_at: datetime
    expires_at: datetime

    class Settings:
        name = "links"
        indexes: ClassVar = [
            ascending_index("email"),
            ascending_index("expires_at", expireAfterSeconds=0),
            ascending_index("inviter", sparse=True),
        ]


class AuditEntry(StoredDocument):
    """An action on an account: its actor, time and origin.

    `actor` is the ID of a user, or null for the command line and unauthenticated requests. `email` is the address of
    the affected account at that time. `detail` adds what the action alone does not say.
    """

    id: str = Field(default_factory=new_id)
    at: datetime
    action: AuditAction
    actor: str | None
    actor_name: str
    user: str | None
    email: str
    detail: str | None = None
    address: str
    user_agent: str

    class Settings:
        name = "audit_entries"
        indexes: ClassVar = [ascending_index("at"), ascending_index("email", "at"), ascending_index("action", "at")]
