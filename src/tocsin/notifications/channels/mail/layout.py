"""The layout of mails: plain text of 76 columns. Pure."""

import textwrap
from collections.abc import Iterable, Iterator

from tocsin.notifications.channels.base import Message
from tocsin.notifications.content import Fact, MailContent
from tocsin.notifications.events import Event
from tocsin.notifications.texts import describe_event

PAGE_PLACEHOLDER = "{page}"
"""A placeholder, as the last of the facts, for the address of the page that the delivery's `link` names."""
LINK_PLACEHOLDER = "{link}"
"""A placeholder, as a paragraph, for the content of `sealed`, which appears only in the mail itself."""
UNSUBSCRIBE_LABEL = "Turn off these mails"
_LINK_PARAGRAPH = f"\n\n{LINK_PLACEHOLDER}\n\n"
_GREETING = "Hello,\n\n"
_WIDTH = 76
_LABEL_WIDTH = 17


def render_mail(event: Event) -> Message:
    """Return the mail about the event. Its text has a placeholder for the link that only the sent mail contains."""
    subject, content = describe_event(event)
    clean = content.clean()
    return Message(subject, format_text(clean), clean.document)


def format_text(content: MailContent) -> str:
    """Return a plain-text mail: a greeting, notes, the opening, labelled facts and the end, with a placeholder."""
    facts, button = list(content.facts), content.button
    if button is not None and not button.is_secret:
        facts.append((button.text_label, PAGE_PLACEHOLDER))
    opening = _wrap(f"{content.headline} {content.opening}".rstrip())
    separator = _LINK_PARAGRAPH if button is not None and button.is_secret else "\n\n"
    listed = "\n".join(_format_facts(facts))
    notes = [_wrap(note) for note in content.notes]
    return _GREETING + "\n\n".join([*notes, f"{opening}{separator}{listed}", _wrap(content.last_paragraph), "Tocsin\n"])


def insert_page_address(text: str, address: str) -> str:
    """Replace the last placeholder by the address of the page. Others are text from a user."""
    before, placeholder, after = text.rpartition(PAGE_PLACEHOLDER)
    return f"{before}{address}{after}" if placeholder else text


def insert_link(text: str, link: str) -> str:
    """Replace the placeholder that is a paragraph by the secret link. Others are text from a user."""
    return text.replace(_LINK_PARAGRAPH, f"\n\n{link}\n\n", 1)


def prepend_note(text: str, note: str) -> str:
    """Insert a paragraph before all others of a mail."""
    return text.replace(_GREETING, f"{_GREETING}{_wrap(note)}\n\n", 1)


def append_unsubscribe(text: str, reason: str, address: str) -> str:
    """Append why the user gets the mail, and the address at which they turn it off."""
    return f"{text}\n{_wrap(f'{reason} {UNSUBSCRIBE_LABEL}:')}\n{address}\n"


def _format_facts(facts: Iterable[Fact]) -> Iterator[str]:
    """Yield the lines of facts. Of several in a row with the same label, only the first has it."""
    last = ""
    for label, value in facts:
        shown, last = "" if label == last else label, label
        yield _wrap(value, shown.ljust(_LABEL_WIDTH), " " * _LABEL_WIDTH)


def _unwrap(text: str) -> str:
    return " ".join(text.split("\n"))


def _wrap(text: str, first: str = "", rest: str = "") -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
