"""The mails about accounts: delivery documents made from events. Pure."""

from datetime import datetime

from tocsin.documents import Doc, Link, Session, User
from tocsin.notifications.channels.mail.layout import (
    PAGE_PLACEHOLDER,
    Fact,
    format_mail,
    format_time,
    new_delivery,
    to_single_line,
)
from tocsin.notifications.pages import ACCOUNT_PAGE_PATH

PASSWORD_RESET = "PASSWORD_RESET"  # noqa: S105  # not a password
INVITATION = "INVITATION"
REFRESH_TOKEN_REUSED = "REFRESH_TOKEN_REUSED"  # noqa: S105
PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105
EMAIL_CONFIRMATION = "EMAIL_CONFIRMATION"
ACCOUNT_MAIL_KINDS = frozenset({PASSWORD_RESET, INVITATION, REFRESH_TOKEN_REUSED, PASSWORD_CHANGED, EMAIL_CONFIRMATION})
"""The kinds of mails about accounts."""
COMMAND_LINE_NAME = "command line"
"""The name of an actor without an account, as in the audit log."""
LINK_PLACEHOLDER = "{link}"
"""A placeholder in the text for the content of `sealed`, which appears only in the mail itself."""


def password_reset_mail(user: User, link: Link, sealed: str) -> Doc:
    """Return the mail with a link to choose a new password."""
    text = format_mail(
        "Someone requested a new password for your account. If it was you, open this link and choose one:",
        [("", LINK_PLACEHOLDER), ("Valid until:", format_time(link.expires_at))],
        "If it was not you, ignore this mail: nothing changes unless the link is used.",
    )
    return new_delivery(
        link_delivery_id(link), user.id, PASSWORD_RESET, "Choose a new password", text, link.created_at,
        sealed=sealed, good_until=link.expires_at,
    )  # fmt: skip


def email_confirmation_mail(user: User, link: Link, sealed: str) -> Doc:
    """Return the mail with a link to confirm an address. It contains no text from the person who signed up."""
    text = format_mail(
        "Someone created an account with this email address on Tocsin, which calls URLs on schedule. If it was you, "
        "open this link and enter the password of the account:",
        [("", LINK_PLACEHOLDER), ("Valid until:", format_time(link.expires_at))],
        "If it was not you, ignore this mail: no other mail is sent to this address unless the link is used.",
    )
    return new_delivery(
        link_delivery_id(link), user.id, EMAIL_CONFIRMATION, "Confirm your email address", text, link.created_at,
        sealed=sealed, good_until=link.expires_at,
    )  # fmt: skip


def invitation_mail(inviter: str, link: Link, sealed: str) -> Doc:
    """Return the mail with a link to accept an invitation."""
    who = "An administrator" if inviter == COMMAND_LINE_NAME else to_single_line(inviter)
    text = format_mail(
        f"{who} invites you to Tocsin, which calls URLs on schedule. Open this link and choose a password:",
        [("", LINK_PLACEHOLDER), ("Your address:", link.email), ("Valid until:", format_time(link.expires_at))],
        "If you do not want an account, ignore this mail.",
    )
    subject = "You are invited to Tocsin"
    return new_delivery(
        link_delivery_id(link), "", INVITATION, subject, text, link.created_at,
        sealed=sealed, to=link.email, good_until=link.expires_at,
    )  # fmt: skip


def refresh_token_reused_mail(user: User, session: Session, address: str) -> Doc:
    """Return the mail about a session that was ended because its refresh token was used twice."""
    lines: list[Fact] = [
        ("Logged in:", format_time(session.created_at)),
        ("From:", _describe_client(session.address, session.user_agent)),
        ("Used again from:", address or "unknown"),
        ("New password:", PAGE_PLACEHOLDER),
    ]
    text = format_mail(
        "One of your sessions was ended: its refresh token was used a second time, so someone may have a copy of it.",
        lines,
        "Log in again. If this repeats or you do not recognize the session, change your password to end all sessions.",
    )
    cause, subject = f"reused:{session.id}", "One of your sessions was ended"
    return new_delivery(cause, user.id, REFRESH_TOKEN_REUSED, subject, text, session.rotated_at, link=ACCOUNT_PAGE_PATH)


def password_changed_mail(user: User, at: datetime, address: str) -> Doc:
    """Return the mail about a changed password."""
    text = format_mail(
        "The password of your account was changed, and your other sessions were ended.",
        [("When:", format_time(at)), ("From:", address or "the command line"), ("New password:", PAGE_PLACEHOLDER)],
        "If it was not you, request a new one there and tell your administrator.",
    )
    cause = f"password:{user.id}:{int(at.timestamp() * 1000)}"
    return new_delivery(cause, user.id, PASSWORD_CHANGED, "Your password was changed", text, at, link=ACCOUNT_PAGE_PATH)


def link_delivery_id(link: Link) -> str:
    """Return the id of the delivery that contains this link."""
    return f"{link.purpose.value.lower()}:{link.id}"


def _describe_client(address: str, user_agent: str) -> str:
    return to_single_line(f"{address or 'unknown'} {f'({user_agent})' if user_agent else ''}")
