"""The mail about quotas that are used up: one a day, whatever was refused. Pure."""

from collections.abc import Sequence
from datetime import datetime

from tocsin.documents import Doc
from tocsin.notifications.letters import letter, new_delivery

QUOTA_MET = "QUOTA_MET"


def quota_met(owner: str, met: Sequence[str], at: datetime) -> Doc:
    """The mail that tells an owner which quotas they met, each as `limits.told` writes it."""
    text = letter(
        "you have used up what your account may use here.",
        [("Quota:", one) for one in met],
        "Runs that were due meanwhile are in the history as MISSED, with the reason QUOTA; retries and steps begin "
        "later; mails of tasks are not sent; of too much history the oldest goes first. The query viewer { usage { "
        "quota used limit resetsAt } } shows all your quotas, and an administrator can raise them. This is told once "
        "a day.",
    )
    return new_delivery(f"{owner}/quota:{at:%Y-%m-%d}", owner, QUOTA_MET, "You have met a quota", text, at)
