"""What notifications about quotas, links, sessions, passwords, addresses and channels say. Pure."""

from tocsin.documents import MailPurpose, to_global_id
from tocsin.notifications.account_events import (
    ChannelDisabled,
    LinkRequested,
    MailAddressChanged,
    PasswordChanged,
    QuotaMet,
    RefreshTokenReused,
)
from tocsin.notifications.content import Button, MailContent, Tone, format_time
from tocsin.notifications.events import EventKind
from tocsin.notifications.outcome_texts import Mail

_ACCOUNT = Button("Choose a new password", "New password:")
_CHANNEL = Button("Open the channel", "Open:")
_MAIL_PURPOSES = {
    MailPurpose.ALERTS: "those about tasks and workflows that fail",
    MailPurpose.APPROVALS: "those about decisions that workflows wait for",
    MailPurpose.REPORTS: "those about reports and other results",
}


def describe_quota_met(event: QuotaMet) -> Mail:
    """Return what is said about a quota that is reached."""
    return "You have reached a quota", MailContent(
        tone=Tone.WARNING,
        headline="Your account has reached a quota.",
        facts=[("Quota:", quota) for quota in event.quotas],
        advice="Runs that became due since then are in the history as MISSED, with the reason QUOTA. Retries and "
        "steps are delayed, mails of tasks are not sent, and the oldest history is deleted if there is too much. The "
        "query viewer { usage { quota used limit resetsAt } } shows all your quotas, and an administrator can raise "
        "them.",
        closing="You get this mail at most once a day.",
    )


def describe_link_requested(event: LinkRequested) -> Mail:
    """Return what the mail with a secret link says."""
    if event.kind is EventKind.INVITATION:
        return _user_invited(event)
    if event.mail_purpose is not None:
        return _mail_address_requested(event, event.mail_purpose)
    confirms = event.kind is EventKind.EMAIL_CONFIRMATION
    return _email_confirmation_requested(event) if confirms else _password_reset_requested(event)


def _password_reset_requested(event: LinkRequested) -> Mail:
    return "Choose a new password", MailContent(
        headline="Someone requested a new password for your account.",
        opening="If it was you, open this link and choose one:",
        facts=[("Valid until:", format_time(event.good_until))],
        button=Button("Choose a new password"),
        closing="If it was not you, ignore this mail: nothing changes unless the link is used.",
    )


def _email_confirmation_requested(event: LinkRequested) -> Mail:
    """Return the mail with a link to confirm an address. It contains no text from the person who signed up."""
    return "Confirm your email address", MailContent(
        headline="Someone created an account with this email address on Tocsin, which calls URLs on schedule.",
        opening="If it was you, open this link and enter the password of the account:",
        facts=[("Valid until:", format_time(event.good_until))],
        button=Button("Confirm this address"),
        closing="If it was not you, ignore this mail: no other mail is sent to this address unless the link is used.",
    )


def _user_invited(event: LinkRequested) -> Mail:
    inviter = "An administrator" if event.inviter is None else event.inviter
    return "You are invited to Tocsin", MailContent(
        headline=f"{inviter} invites you to Tocsin, which calls URLs on schedule.",
        opening="Open this link and choose a password:",
        facts=[("Your address:", event.to or ""), ("Valid until:", format_time(event.good_until))],
        button=Button("Accept the invitation"),
        closing="If you do not want an account, ignore this mail.",
    )


def _mail_address_requested(event: LinkRequested, purpose: MailPurpose) -> Mail:
    """Return the mail with a link to confirm another address. Of the person who asks, it contains only the address."""
    return "Confirm this address for mails from Tocsin", MailContent(
        headline=f"{event.inviter} asks Tocsin, which calls URLs on schedule, to send mails to this address: "
        f"{_MAIL_PURPOSES[purpose]}.",
        opening="If you agree, open this link and confirm it:",
        facts=[("Your address:", event.to or ""), ("Valid until:", format_time(event.good_until))],
        button=Button("Confirm the address"),
        closing="If you do not agree, ignore this mail: these mails are not sent to this address unless the link is "
        "used. Each of them has a link that ends them.",
    )


def describe_refresh_token_reused(event: RefreshTokenReused) -> Mail:
    """Return what is said about a session that was ended."""
    client = f"{event.opened_from or 'unknown'} {f'({event.user_agent})' if event.user_agent else ''}"
    return "One of your sessions was ended", MailContent(
        tone=Tone.WARNING,
        headline="One of your sessions was ended: its refresh token was used a second time, so someone may have a copy "
        "of it.",
        facts=[
            ("Logged in:", format_time(event.opened_at)),
            ("From:", client),
            ("Used again from:", event.reused_from or "unknown"),
        ],
        button=_ACCOUNT,
        advice="Log in again. If this repeats or you do not recognize the session, change your password to end all "
        "sessions.",
    )


def describe_password_changed(event: PasswordChanged) -> Mail:
    """Return what is said about a changed password."""
    return "Your password was changed", MailContent(
        headline="The password of your account was changed, and your other sessions were ended.",
        facts=[("When:", format_time(event.at)), ("From:", event.address or "the command line")],
        button=_ACCOUNT,
        advice="If it was not you, request a new one there and tell your administrator.",
    )


def describe_mail_address_changed(event: MailAddressChanged) -> Mail:
    """Return what is said about another address that gets mails of the account, or gets none any more."""
    mails = _MAIL_PURPOSES[event.mail_purpose]
    if event.has_left:
        change = f"Someone who reads {event.email} has ended mails of your account to that address: {mails}."
    elif event.is_removed:
        change = f"{event.email} no longer gets mails of your account: {mails}."
    else:
        change = f"{event.email} gets mails of your account from now on: {mails}."
    subject = "Your mails come to you again" if event.is_removed else "Another address gets your mails"
    return subject, MailContent(
        tone=Tone.WARNING,
        headline=change,
        opening="They are sent to the address of your account again." if event.is_removed else "",
        facts=[("When:", format_time(event.at)), ("From:", event.address or "unknown")],
        button=_ACCOUNT,
        advice="If it was not you, "
        + ("" if event.is_removed else "end it with removeMailAddress, ")
        + "choose a new password, and tell your administrator.",
    )


def describe_channel_disabled(event: ChannelDisabled) -> Mail:
    """Return what is said about a disabled channel."""
    return f'Channel "{event.channel_name}" was disabled', MailContent(
        tone=Tone.WARNING,
        headline=f'Your notification channel "{event.channel_name}" was disabled.',
        facts=[
            ("Reason:", event.reason),
            ("Kind:", event.channel_kind),
            ("Channel:", to_global_id("NotificationChannel", event.channel)),
        ],
        button=_CHANNEL,
        advice="Nothing is sent there any more. Correct its settings with updateNotificationChannel, try them with "
        "testNotificationChannel, and set isEnabled to true.",
    )
