"""The texts of the mails about accounts. Pure: what happened in, a delivery document out."""

from datetime import datetime

from tocsin.documents import Doc, Link, Session, User
from tocsin.notifications.letters import PAGE, Line, letter, new_delivery, one_line, time_text
from tocsin.notifications.links import ACCOUNT_PAGE

PASSWORD_RESET = "PASSWORD_RESET"  # noqa: S105  # a word, no password
INVITATION = "INVITATION"
REFRESH_TOKEN_REUSED = "REFRESH_TOKEN_REUSED"  # noqa: S105
PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105
EMAIL_CONFIRMATION = "EMAIL_CONFIRMATION"
KINDS = frozenset({PASSWORD_RESET, INVITATION, REFRESH_TOKEN_REUSED, PASSWORD_CHANGED, EMAIL_CONFIRMATION})
"""What is mailed about accounts."""
COMMAND_LINE = "command line"
"""What the audit log calls who has no account."""
LINK = "{link}"
"""Stands in the text for what `sealed` holds, which only the mail itself shows."""


def password_reset(user: User, link: Link, sealed: str) -> Doc:
    """The mail with the link to choose a new password."""
    text = letter(
        "somebody asked for a new password for your account. If it was you, open this link and choose one:",
        [("", LINK), ("Good until:", time_text(link.expires_at))],
        "If it was not you, do nothing: without the link nothing changes.",
    )
    return new_delivery(
        delivery_id(link), user.id, PASSWORD_RESET, "Choose a new password", text, link.created_at,
        sealed=sealed, good_until=link.expires_at,
    )  # fmt: skip


def email_confirmation(user: User, link: Link, sealed: str) -> Doc:
    """The mail with the link to confirm an address. Nothing in it was chosen by whoever signed up."""
    text = letter(
        "somebody made an account of Tocsin, which calls URLs on time, with this email address. If it was you, open "
        "this link and type the password of the account:",
        [("", LINK), ("Good until:", time_text(link.expires_at))],
        "If it was not you, do nothing: without the link no other mail comes to this address.",
    )
    return new_delivery(
        delivery_id(link), user.id, EMAIL_CONFIRMATION, "Confirm your email address", text, link.created_at,
        sealed=sealed, good_until=link.expires_at,
    )  # fmt: skip


def invitation(inviter: str, link: Link, sealed: str) -> Doc:
    """The mail with the link to accept an invitation."""
    who = "An administrator" if inviter == COMMAND_LINE else one_line(inviter)
    text = letter(
        f"{who} invites you to Tocsin, which calls URLs on time. Open this link and choose a password:",
        [("", LINK), ("Your address:", link.email), ("Good until:", time_text(link.expires_at))],
        "If you do not want an account, do nothing.",
    )
    subject = "You are invited to Tocsin"
    return new_delivery(
        delivery_id(link), "", INVITATION, subject, text, link.created_at,
        sealed=sealed, to=link.email, good_until=link.expires_at,
    )  # fmt: skip


def refresh_token_reused(user: User, session: Session, address: str) -> Doc:
    """The mail about a session that was ended because its refresh token was used twice."""
    lines: list[Line] = [
        ("Logged in:", time_text(session.created_at)),
        ("From:", _place(session.address, session.user_agent)),
        ("Used again from:", address or "unknown"),
        ("New password:", PAGE),
    ]
    text = letter(
        "a session of yours was ended: its refresh token was used a second time, so somebody may have a copy of it.",
        lines,
        "Log in again. If this repeats or you do not know the session, change your password: that ends all sessions.",
    )
    cause, subject = f"reused:{session.id}", "A session of yours was ended"
    return new_delivery(cause, user.id, REFRESH_TOKEN_REUSED, subject, text, session.rotated_at, link=ACCOUNT_PAGE)


def password_changed(user: User, at: datetime, address: str) -> Doc:
    """The mail about a password that was changed."""
    text = letter(
        "the password of your account was changed, and your other sessions were ended.",
        [("When:", time_text(at)), ("From:", address or "the command line"), ("New password:", PAGE)],
        "If it was not you, ask for a new one there and tell your administrator.",
    )
    cause = f"password:{user.id}:{int(at.timestamp() * 1000)}"
    return new_delivery(cause, user.id, PASSWORD_CHANGED, "Your password was changed", text, at, link=ACCOUNT_PAGE)


def delivery_id(link: Link) -> str:
    """The id of the delivery that carries this link."""
    return f"{link.purpose.value.lower()}:{link.id}"


def _place(address: str, user_agent: str) -> str:
    return one_line(f"{address or 'unknown'} {f'({user_agent})' if user_agent else ''}")
