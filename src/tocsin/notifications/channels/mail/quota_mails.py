"""The mail about reached quotas. Pure."""

from tocsin.notifications.channels.base import Message
from tocsin.notifications.channels.mail.layout import format_mail
from tocsin.notifications.events import QuotaMet


def quota_met_mail(event: QuotaMet) -> Message:
    """Return the mail about the quotas that an owner has reached."""
    text = format_mail(
        "Your account has reached a quota.",
        [("Quota:", quota) for quota in event.quotas],
        "Runs that became due since then are in the history as MISSED, with the reason QUOTA. Retries and steps are "
        "delayed, mails of tasks are not sent, and the oldest history is deleted if there is too much. The query "
        "viewer { usage { quota used limit resetsAt } } shows all your quotas, and an administrator can raise them. "
        "You get this mail at most once a day.",
    )
    return Message("You have reached a quota", text)
