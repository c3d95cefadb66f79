"""The mails about accounts. Pure."""

from tocsin.notifications.channels.base import Content
from tocsin.notifications.channels.mail.layout import (
    PAGE_PLACEHOLDER,
    Fact,
    format_mail,
    format_time,
    to_single_line,
)
from tocsin.notifications.events import PasswordChange, SecretLink, TokenReuse

LINK_PLACEHOLDER = "{link}"
"""A placeholder in the text for the content of `sealed`, which appears only in the mail itself."""


def write_password_reset(data: SecretLink) -> Content:
    """Write the link to choose a new password."""
    text = format_mail(
        "Someone requested a new password for your account. If it was you, open this link and choose one:",
        [("", LINK_PLACEHOLDER), ("Valid until:", format_time(data.link.expires_at))],
        "If it was not you, ignore this mail: nothing changes unless the link is used.",
    )
    return Content("Choose a new password", text)


def write_email_confirmation(data: SecretLink) -> Content:
    """Write the link to confirm an address. The mail contains no text from the person who signed up."""
    text = format_mail(
        "Someone created an account with this email address on Tocsin, which calls URLs on schedule. If it was you, "
        "open this link and enter the password of the account:",
        [("", LINK_PLACEHOLDER), ("Valid until:", format_time(data.link.expires_at))],
        "If it was not you, ignore this mail: no other mail is sent to this address unless the link is used.",
    )
    return Content("Confirm your email address", text)


def write_invitation(data: SecretLink) -> Content:
    """Write the link to accept an invitation."""
    who = "An administrator" if data.inviter is None else to_single_line(data.inviter)
    text = format_mail(
        f"{who} invites you to Tocsin, which calls URLs on schedule. Open this link and choose a password:",
        [
            ("", LINK_PLACEHOLDER),
            ("Your address:", data.link.email),
            ("Valid until:", format_time(data.link.expires_at)),
        ],
        "If you do not want an account, ignore this mail.",
    )
    return Content("You are invited to Tocsin", text)


def write_token_reuse(data: TokenReuse) -> Content:
    """Write about a session that was ended because its refresh token was used twice."""
    session = data.session
    lines: list[Fact] = [
        ("Logged in:", format_time(session.created_at)),
        ("From:", _describe_client(session.address, session.user_agent)),
        ("Used again from:", data.address or "unknown"),
        ("New password:", PAGE_PLACEHOLDER),
    ]
    text = format_mail(
        "One of your sessions was ended: its refresh token was used a second time, so someone may have a copy of it.",
        lines,
        "Log in again. If this repeats or you do not recognize the session, change your password to end all sessions.",
    )
    return Content("One of your sessions was ended", text)


def write_password_change(data: PasswordChange) -> Content:
    """Write about a changed password."""
    text = format_mail(
        "The password of your account was changed, and your other sessions were ended.",
        [
            ("When:", format_time(data.at)),
            ("From:", data.address or "the command line"),
            ("New password:", PAGE_PLACEHOLDER),
        ],
        "If it was not you, request a new one there and tell your administrator.",
    )
    return Content("Your password was changed", text)


def _describe_client(address: str, user_agent: str) -> str:
    return to_single_line(f"{address or 'unknown'} {f'({user_agent})' if user_agent else ''}")
