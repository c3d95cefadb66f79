"""The events of accounts: quotas, links, sessions, passwords, API tokens, addresses and channels. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from tocsin.clock import epoch_milliseconds
from tocsin.documents import (
    ApiToken,
    Link,
    LinkPurpose,
    MailAddressDocument,
    MailPurpose,
    NotificationChannelDocument,
    Session,
    User,
)
from tocsin.notifications.events import Event, EventKind
from tocsin.notifications.excerpts import excerpt_name
from tocsin.notifications.pages import ACCOUNT_PAGE_PATH, CHANNELS_PAGE_PATH

_LINK_KINDS = {
    LinkPurpose.RESET: EventKind.PASSWORD_RESET,
    LinkPurpose.CONFIRMATION: EventKind.EMAIL_CONFIRMATION,
    LinkPurpose.INVITATION: EventKind.INVITATION,
    LinkPurpose.ADDRESS: EventKind.ADDRESS_CONFIRMATION,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaMet(Event):
    """An owner has reached these quotas, each described in words. At most one event a day."""

    kind: EventKind = EventKind.QUOTA_MET
    quotas: Sequence[str]

    @classmethod
    def from_quotas(cls, owner: str, quotas: Sequence[str], at: datetime) -> Self:
        """Return the event of an owner who has reached these quotas, each as formatted by `describe_usage`."""
        return cls(id=f"{owner}/quota:{at:%Y-%m-%d}", owner=owner, at=at, quotas=quotas)


def link_event_id(link: Link) -> str:
    """Return the id of the event whose notification contains this link."""
    return f"{link.purpose.value.lower()}:{link.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRequested(Event):
    """Someone requested a link for the user, or for `to`, which is not the address of an account.

    `sealed` is its encrypted URL, which only the notification itself contains. `inviter` is the name of who sent an
    invitation or wants mails of the `mail_purpose` sent to the address, or None for the command line.
    """

    sealed: str
    good_until: datetime
    to: str | None
    inviter: str | None
    mail_purpose: MailPurpose | None = None

    @classmethod
    def from_link(cls, link: Link, sealed: str, inviter: str | None = None) -> Self:
        """Return the event of a link to choose a new password, confirm an address or accept an invitation."""
        return cls(
            kind=_LINK_KINDS[link.purpose],
            id=link_event_id(link),
            owner=link.user or "",
            at=link.created_at,
            sealed=sealed,
            good_until=link.expires_at,
            to=None if link.user and link.mail_purpose is None else link.email,
            inviter=inviter,
            mail_purpose=link.mail_purpose,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenReused(Event):
    """A session was ended because its refresh token was used twice. The addresses are empty if unknown."""

    kind: EventKind = EventKind.REFRESH_TOKEN_REUSED
    opened_at: datetime
    opened_from: str
    user_agent: str
    reused_from: str

    @classmethod
    def from_session(cls, session: Session, address: str) -> Self:
        """Return the event of a session whose refresh token was used again from `address`."""
        return cls(
            id=f"reused:{session.id}",
            owner=session.owner,
            at=session.rotated_at,
            page=ACCOUNT_PAGE_PATH,
            opened_at=session.created_at,
            opened_from=session.address,
            user_agent=session.user_agent,
            reused_from=address,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged(Event):
    """The password of an account was changed from this network address; it is empty for the command line."""

    kind: EventKind = EventKind.PASSWORD_CHANGED
    address: str

    @classmethod
    def from_user(cls, user: User, at: datetime, address: str) -> Self:
        """Return the event of a password that was changed at this time."""
        return cls(
            id=f"password:{user.id}:{int(at.timestamp() * 1000)}",
            owner=user.id,
            at=at,
            page=ACCOUNT_PAGE_PATH,
            address=address,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiTokenCreated(Event):
    """An API token was created from this network address; it is empty for the command line."""

    kind: EventKind = EventKind.API_TOKEN_CREATED
    token_name: str
    hint: str
    scopes: Sequence[str]
    expires_at: datetime | None
    address: str

    @classmethod
    def from_token(cls, token: ApiToken, address: str) -> Self:
        """Return the event of a token. Its text is no part of it."""
        return cls(
            id=f"{token.id}:created",
            owner=token.owner,
            at=token.created_at,
            page=ACCOUNT_PAGE_PATH,
            token_name=excerpt_name(token.name),
            hint=token.hint,
            scopes=[scope.value for scope in token.scopes],
            expires_at=token.expires_at,
            address=address,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAddressChanged(Event):
    """Mails of a purpose go to another address than the account's from now on, or do so no more.

    `address` is the network address from which that was done. `has_left` tells that a reader of the other address has
    ended its mails.
    """

    kind: EventKind = EventKind.MAIL_ADDRESS_CHANGED
    mail_purpose: MailPurpose
    email: str
    is_removed: bool = False
    has_left: bool = False
    address: str

    @classmethod
    def from_link(cls, link: Link, purpose: MailPurpose, at: datetime, address: str) -> Self:
        """Return the event of an address that is confirmed by this link."""
        return cls(
            id=f"confirmed:{link.id}",
            owner=link.user or "",
            at=at,
            page=ACCOUNT_PAGE_PATH,
            mail_purpose=purpose,
            email=link.email,
            address=address,
        )

    @classmethod
    def from_removal(cls, stored: MailAddressDocument, at: datetime, address: str, *, has_left: bool = False) -> Self:
        """Return the event of a confirmed address that gets no mails any more."""
        confirmed_at = stored.get("confirmed_at")
        return cls(
            id=f"{stored['_id']}:removed:{0 if confirmed_at is None else epoch_milliseconds(confirmed_at)}",
            owner=stored["owner"],
            at=at,
            page=ACCOUNT_PAGE_PATH,
            mail_purpose=MailPurpose(stored["purpose"]),
            email=stored.get("email") or "",
            is_removed=True,
            has_left=has_left,
            address=address,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelDisabled(Event):
    """A channel of its owner was disabled, because its endpoint is gone or nothing could be delivered for days."""

    kind: EventKind = EventKind.CHANNEL_DISABLED
    channel: str
    channel_kind: str
    channel_name: str
    reason: str

    @classmethod
    def from_channel(cls, channel: NotificationChannelDocument, reason: str, at: datetime) -> Self:
        """Return the event of a channel that is disabled for this reason. There is one until its owner changes it."""
        return cls(
            id=f"{channel['_id']}:disabled:{channel['revision']}",
            owner=channel["owner"],
            at=at,
            page=CHANNELS_PAGE_PATH,
            channel=channel["_id"],
            channel_kind=channel["kind"],
            channel_name=excerpt_name(channel["name"]),
            reason=reason,
        )
