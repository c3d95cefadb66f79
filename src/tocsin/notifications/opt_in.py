"""Which kinds of events somebody is told of who chose none, or chose some. Pure."""

from collections.abc import Collection

from tocsin.notifications.events import OPT_IN_KINDS, EventKind


def channel_takes(chosen: Collection[str] | None, kind: EventKind) -> bool:
    """Tell whether a channel is told of events of this kind: of those that it chose, or of all that need no choice."""
    return kind not in OPT_IN_KINDS if chosen is None else kind in chosen


def wants_mail(mail_on: Collection[str], kind: EventKind) -> bool:
    """Tell whether a user gets mails about events of this kind; `mail_on` are the opt-in kinds that they chose."""
    return kind not in OPT_IN_KINDS or kind in mail_on
