"""What is stored about accounts: users, their log-ins and API tokens, mailed links, and the audit log."""

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from tocsin.documents.account_enums import AuditAction, LinkPurpose, Scope
from tocsin.documents.base import StoredDocument, index, new_id


class User(StoredDocument):
    """Someone who may log in. `email` is stored in lower case; `password` is an argon2 hash.

    `email_confirmed` is false from signing up until a mailed link was used; whoever was stored without it had been
    mailed before, and counts as confirmed. `accepts_requests_from` are the addresses of users whose workflows may ask
    this one to decide. `deactivated_at` is when that was done last: links to files that were made before are worthless.
    `quotas` are the limits that an administrator has set for them, by the quota's name; 0 lifts it altogether.
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
        indexes: ClassVar = [index("email", unique=True), index("created_at")]


class Session(StoredDocument):
    """A log-in. It lives as long as its refresh token is renewed; its access tokens end with it.

    A refresh token is two random texts, of which only digests are stored: `family` (the same for the whole session)
    finds the session, `secret` is new each time the token is used. `previous` is the one before, used at `rotated_at`.
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
            index("family", unique=True),
            index("owner", "created_at"),
            index("expires_at", expireAfterSeconds=0),
        ]


class ApiToken(StoredDocument):
    """A token for programs. Only its digest is stored; `hint` is its last characters, by which its owner knows it.

    `last_used_at` is kept to the minute.
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
        indexes: ClassVar = [index("digest", unique=True), index("owner", "created_at")]


class Link(StoredDocument):
    """What a mailed link is good for, once: a new password for `user`, an account for `email`, or a confirmed address.

    The id is the digest of the token in the link. `inviter` is the administrator whose invitation it is: it is good as
    long as they are one. Null stands for the command line.
    """

    purpose: LinkPurpose
    user: str | None = None
    email: str
    is_admin: bool = False
    inviter: str | None = None
    created_at: datetime
    expires_at: datetime

    class Settings:
        name = "links"
        indexes: ClassVar = [index("email"), index("expires_at", expireAfterSeconds=0), index("inviter", sparse=True)]


class AuditEntry(StoredDocument):
    """Who did what to which account, when and from where.

    `actor` is a user's id, or null for the command line and for strangers; `email` is the address of the account that
    it was done to, as it was then. `detail` says more where the action alone does not.
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
        indexes: ClassVar = [index("at"), index("email", "at"), index("action", "at")]
