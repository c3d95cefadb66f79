"""What the pages say by which mails are turned off and on again. Pure."""

from collections.abc import Mapping, Sequence

from tocsin.notifications.events import EventKind
from tocsin.notifications.preferences.unsubscribe import OPTIONAL_MAILS, describe_kinds
from tocsin.web.plain_pages import Choice, PlainPage

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
"""What a mail program posts (RFC 8058)."""
TURN_OFF, TURN_ON = "turn-off", "turn-on"
"""Names of fields."""
THIS, ALL = "this", "all"
_STAYS = (
    "Mails about your account and its security still come. All notifications stay in the API, and the channels that "
    "you have set up are told of them as before."
)
_ACCOUNT_GETS = "The account to which they belong gets these mails at its own address then."
UNKNOWN = PlainPage(
    "This link is not valid",
    ["It may be incomplete: open the whole link from the mail. Nothing was changed."],
    status=404,
)
UNDO_OVER = "This button works for an hour after the mails were turned off. Open the link of the mail again."
EXPIRED = PlainPage(
    "This link has expired",
    ["Links in mails work for a year. Nothing was changed: use the link in a later mail."],
    status=410,
)
GONE = PlainPage("There is nothing to turn off", ["The account no longer exists. It gets no mails."], status=410)

NOTHING = PlainPage(
    "There is nothing to turn off",
    ["Digests tell you of nothing at present: all mails come at once, or to other addresses."],
)


def kinds_question(kinds: Sequence[EventKind], *, is_digest: bool = False) -> PlainPage:
    """Return the page that says what will be turned off, and asks."""
    choices = [
        Choice("Turn off these mails", {TURN_OFF: THIS}),
        Choice("Turn off all notification mails", {TURN_OFF: ALL}),
    ]
    what = "You get digests. Turning them off ends all mails, also single ones," if is_digest else "You get a mail"
    text = (
        f"{what} when {describe_kinds(kinds)}. You can turn off these mails, or those about everything that your "
        "tasks and workflows do."
    )
    return PlainPage("Turn off these mails?", [text], choices, _STAYS)


def turned_off(kinds: Sequence[EventKind], undo: str) -> PlainPage:
    """Return the page after these mails were turned off. Its button posts the token `undo`."""
    if not kinds:
        return NOTHING
    if OPTIONAL_MAILS.issubset(kinds):
        text = "You get no mail any more about what your tasks and workflows do."
    else:
        text = f"You get no mail any more when {describe_kinds(kinds)}."
    button = Choice("Turn them on again", {TURN_ON: undo})
    small = f"{_STAYS} The link in the mail leads to this page for a year."
    return PlainPage("These mails are turned off", [text], [button], small)


def turned_on(kinds: Sequence[EventKind]) -> PlainPage:
    """Return the page after mails of these kinds were turned on again."""
    again = Choice("Turn off these mails", {TURN_OFF: THIS})
    text = f"As far as your notification preferences ask for it, you get a mail again when {describe_kinds(kinds)}."
    return PlainPage("These mails are turned on", [text], [again])


def mailbox_question(kinds: Sequence[EventKind]) -> PlainPage:
    """Return the page that asks whether these mails to an address that is not that of the account shall end."""
    choices = [
        Choice("Stop these mails to this address", {TURN_OFF: THIS}),
        Choice("Stop all mails to this address", {TURN_OFF: ALL}),
    ]
    text = (
        f"Tocsin sends mails to this address when {describe_kinds(kinds)}, because someone who reads it agreed to that."
    )
    return PlainPage("Stop these mails?", [text, _ACCOUNT_GETS], choices)


MAILBOX_RELEASED = PlainPage(
    "No more of these mails come to this address",
    [_ACCOUNT_GETS],
    small_print="To get them here again, the owner of the account asks for that, after four weeks at the earliest, and "
    "a link is mailed to confirm it.",
)


def refusal_page(status: int, reason: str, headers: Mapping[str, str] | None = None) -> PlainPage:
    """Return the page of a request that was refused."""
    return PlainPage("That did not work", [reason, "Nothing was changed."], status=status, headers=headers or {})
