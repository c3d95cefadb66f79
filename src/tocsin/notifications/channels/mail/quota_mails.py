"""The mail about reached quotas, sent at most once a day. Pure."""

from collections.abc import Sequence
from datetime import datetime

from tocsin.documents import Doc
from tocsin.notifications.channels.mail.layout import format_mail, new_delivery

QUOTA_MET = "QUOTA_MET"


def quota_met_mail(owner: str, met: Sequence[str], at: datetime) -> Doc:
    """Return the mail about the quotas that an owner has reached, each as formatted by `limits.told`."""
    text = format_mail(
        "Your account has reached a quota.",
        [("Quota:", one) for one in met],
        "Runs that became due since then are in the history as MISSED, with the reason QUOTA. Retries and steps are "
        "delayed, mails of tasks are not sent, and the oldest history is deleted if there is too much. The query "
        "viewer { usage { quota used limit resetsAt } } shows all your quotas, and an administrator can raise them. "
        "You get this mail at most once a day.",
    )
    return new_delivery(f"{owner}/quota:{at:%Y-%m-%d}", owner, QUOTA_MET, "You have reached a quota", text, at)
