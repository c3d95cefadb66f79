"""The mails about accounts. Pure."""

from tocsin.notifications.channels.base import Message
from tocsin.notifications.channels.mail.layout import PAGE_PLACEHOLDER, Fact, format_mail, format_time
from tocsin.notifications.events import (
    EmailConfirmationRequested,
    PasswordChanged,
    PasswordResetRequested,
    RefreshTokenReused,
    UserInvited,
)
from tocsin.outbound.mail_text import to_single_line

LINK_PLACEHOLDER = "{link}"
"""A placeholder in the text for the content of `sealed`, which appears only in the mail itself."""


def password_reset_mail(event: PasswordResetRequested) -> Message:
    """Return the mail with a link to choose a new password."""
    text = format_mail(
        "Someone requested a new password for your account. If it was you, open this link and choose one:",
        [("", LINK_PLACEHOLDER), ("Valid until:", format_time(event.good_until))],
        "If it was not you, ignore this mail: nothing changes unless the link is used.",
    )
    return Message("Choose a new password", text)


def email_confirmation_mail(event: EmailConfirmationRequested) -> Message:
    """Return the mail with a link to confirm an address. It contains no text from the person who signed up."""
    text = format_mail(
        "Someone created an account with this email address on Tocsin, which calls URLs on schedule. If it was you, "
        "open this link and enter the password of the account:",
        [("", LINK_PLACEHOLDER), ("Valid until:", format_time(event.good_until))],
        "If it was not you, ignore this mail: no other mail is sent to this address unless the link is used.",
    )
    return Message("Confirm your email address", text)


def invitation_mail(event: UserInvited) -> Message:
    """Return the mail with a link to accept an invitation."""
    inviter = "An administrator" if event.inviter is None else to_single_line(event.inviter)
    text = format_mail(
        f"{inviter} invites you to Tocsin, which calls URLs on schedule. Open this link and choose a password:",
        [("", LINK_PLACEHOLDER), ("Your address:", event.email), ("Valid until:", format_time(event.good_until))],
        "If you do not want an account, ignore this mail.",
    )
    return Message("You are invited to Tocsin", text)


def refresh_token_reused_mail(event: RefreshTokenReused) -> Message:
    """Return the mail about a session that was ended because its refresh token was used twice."""
    client = f"{event.opened_from or 'unknown'} {f'({event.user_agent})' if event.user_agent else ''}"
    facts: list[Fact] = [
        ("Logged in:", format_time(event.opened_at)),
        ("From:", to_single_line(client)),
        ("Used again from:", event.reused_from or "unknown"),
        ("New password:", PAGE_PLACEHOLDER),
    ]
    text = format_mail(
        "One of your sessions was ended: its refresh token was used a second time, so someone may have a copy of it.",
        facts,
        "Log in again. If this repeats or you do not recognize the session, change your password to end all sessions.",
    )
    return Message("One of your sessions was ended", text)


def password_changed_mail(event: PasswordChanged) -> Message:
    """Return the mail about a changed password."""
    facts = [
        ("When:", format_time(event.at)),
        ("From:", event.address or "the command line"),
        ("New password:", PAGE_PLACEHOLDER),
    ]
    text = format_mail(
        "The password of your account was changed, and your other sessions were ended.",
        facts,
        "If it was not you, request a new one there and tell your administrator.",
    )
    return Message("Your password was changed", text)
