"""Mailed links, each valid once and for a limited time: password resets, invitations, confirmations of addresses."""

from datetime import datetime, timedelta

from tocsin.documents import Database, Link, LinkPurpose, MailPurpose, User
from tocsin.errors import UserError, UserErrorCode
from tocsin.security.opaque_tokens import digest_token, generate_token

LIFETIMES = {
    LinkPurpose.RESET: timedelta(hours=1),
    LinkPurpose.INVITATION: timedelta(days=7),
    LinkPurpose.CONFIRMATION: timedelta(days=3),
    LinkPurpose.ADDRESS: timedelta(days=3),
}
_PATHS = {
    LinkPurpose.RESET: "/account#reset=",
    LinkPurpose.INVITATION: "/account#invitation=",
    LinkPurpose.CONFIRMATION: "/account#confirmation=",
    LinkPurpose.ADDRESS: "/account#address=",
}
_MAX_TOKEN_LENGTH = 200


async def create_link(
    purpose: LinkPurpose,
    email: str,
    now: datetime,
    *,
    user: str | None = None,
    is_admin: bool = False,
    inviter: str | None = None,
    mail_purpose: MailPurpose | None = None,
) -> tuple[Link, str]:
    """Create a link and return it with its path on this server.

    The token is in the fragment, which browsers do not send to any server.
    """
    token = generate_token()
    link = Link(
        id=digest_token(token),
        purpose=purpose,
        user=user,
        email=email,
        is_admin=is_admin,
        inviter=inviter,
        mail_purpose=mail_purpose,
        created_at=now,
        expires_at=now + LIFETIMES[purpose],
    )
    await link.insert()
    return link, _PATHS[purpose] + token


async def find_link(token: str, purpose: LinkPurpose, now: datetime) -> Link:
    """Return the link with this token if it is still valid. Raises UserError LINK_INVALID."""
    link = await Link.get(digest_token(token)) if len(token) <= _MAX_TOKEN_LENGTH else None
    if link is None or link.purpose is not purpose or link.expires_at <= now:
        raise link_invalid_error()
    return link


async def consume_link(database: Database, link: Link) -> None:
    """Consume a link, so that it cannot be used again. Raises UserError LINK_INVALID if it already was."""
    result = await database.links.delete_one({"_id": link.id})
    if not result.deleted_count:
        raise link_invalid_error()


async def revoke_links(database: Database, email: str, purpose: LinkPurpose | None = None) -> None:
    """Revoke all links that were mailed to this address, or those for one purpose."""
    which = {"email": email} if purpose is None else {"email": email, "purpose": purpose.value}
    found = database.links.find(which, {"_id": 1})
    await database.links.delete_many({"_id": {"$in": [link["_id"] async for link in found]}})


async def revoke_invitations(inviter: str) -> None:
    """Revoke all invitations by this user."""
    links = Link.get_pymongo_collection()
    found = await links.find({"inviter": inviter}, {"_id": 1}).to_list()
    await links.delete_many({"_id": {"$in": [link["_id"] for link in found]}})


async def check_inviter(link: Link) -> None:
    """Check that the inviter is still an administrator. Raises UserError LINK_INVALID."""
    inviter = None if link.inviter is None else await User.get(link.inviter)
    if link.inviter is not None and (inviter is None or not inviter.is_admin or not inviter.is_active):
        raise link_invalid_error()


def link_invalid_error() -> UserError:
    """Return the error for a link that is no longer valid."""
    message = "This link was already used, has expired or was replaced by a newer one. Request a new one."
    return UserError(UserErrorCode.LINK_INVALID, message, ("token",))
