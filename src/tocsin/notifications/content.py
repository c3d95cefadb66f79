"""The content of a notification: mails make their text and HTML of it, stored notifications theirs. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from typing import Self

from tocsin.documents import MailContentDocument
from tocsin.notifications.excerpts import ErrorExcerpt, truncate
from tocsin.outbound.mail_text import to_single_line

ERROR_LABEL = "Error:"
"""The label of the fact that stands out, and that mail programs show beside the subject."""
UNLESS_CHOSEN = "Unless you have chosen otherwise, you get"
"""The beginning of what is said about further mails: preferences and rules can ask for more of them, or for fewer."""
_MAX_PART = 2_000
ID_LABELS = frozenset({"Run:", "Workflow run:"})
"""The labels of facts that are IDs, which a program gets by other means."""
Fact = tuple[str, str]
"""A label, which ends with a colon, and its value."""


class Tone(StrEnum):
    """The weight of a mail, which is shown as a color, and all but NOTICE as a sign and a word, too."""

    FAILURE = "FAILURE"
    WARNING = "WARNING"
    NOTICE = "NOTICE"
    SUCCESS = "SUCCESS"


@dataclass(frozen=True, slots=True)
class Button:
    """The one link of a mail: to the page that the delivery's `link` names, or its secret link.

    In HTML, it is a button with the `label`. In text, it is the last of the facts with the `text_label`, or without one
    a paragraph before the facts, as the secret link is.
    """

    label: str
    text_label: str = ""

    @property
    def is_secret(self) -> bool:
        """Tell whether it is the secret link, which is also shown as an address, to be copied."""
        return not self.text_label


@dataclass(frozen=True, slots=True, kw_only=True)
class MailContent:
    """The content of a notification: its `headline` (a sentence), more sentences, facts, its button, and its end.

    The end is the `advice`, what the user should know or do, and the `closing`, which is about mails and only in them.
    `notes` were added when it was sent, and come first. They are not stored.
    """

    tone: Tone = Tone.NOTICE
    headline: str
    opening: str = ""
    facts: Sequence[Fact]
    advice: str = ""
    closing: str = ""
    button: Button | None = None
    notes: Sequence[str] = ()

    def clean(self) -> Self:
        """Return the content with each part on one line, of limited length, and without control characters."""
        return replace(
            self,
            headline=_clean(self.headline),
            opening=_clean(self.opening),
            facts=[(label, _clean(value)) for label, value in self.facts],
            advice=_clean(self.advice),
            closing=_clean(self.closing),
        )

    def with_note(self, note: str) -> Self:
        """Return the content with another note before all others."""
        return replace(self, notes=(note, *self.notes))

    @property
    def last_paragraph(self) -> str:
        """The last paragraph of a mail."""
        return f"{self.advice} {self.closing}".strip()

    @property
    def plain_text(self) -> str:
        """What it says in a few lines, for channels other than mail: without greeting, IDs, link and closing."""
        opening = f"{self.headline} {self.opening}".strip()
        groups = groupby((fact for fact in self.facts if fact[0] not in ID_LABELS), itemgetter(0))
        facts = [f"{label} {', '.join(value for _, value in same)}" for label, same in groups]
        return "\n".join([opening, *facts, *([self.advice] if self.advice else [])])

    @property
    def preview(self) -> str:
        """What mail programs show beside the subject: the error, or else what the subject does not say."""
        errors = [value for label, value in self.facts if label == ERROR_LABEL]
        return (errors or [self.opening or self.headline])[0]

    @property
    def document(self) -> MailContentDocument:
        """The stored form."""
        document: MailContentDocument = {
            "tone": self.tone,
            "headline": self.headline,
            "opening": self.opening,
            "facts": [[label, value] for label, value in self.facts],
            "closing": self.last_paragraph,
        }
        if self.button is not None:
            document["button"] = {"label": self.button.label, "text_label": self.button.text_label}
        return document

    @classmethod
    def from_document(cls, document: MailContentDocument) -> Self:
        """Restore the content from its stored form."""
        button = document.get("button")
        return cls(
            tone=Tone(document["tone"]),
            headline=document["headline"],
            opening=document["opening"],
            facts=[(label, value) for label, value in document["facts"]],
            closing=document["closing"],
            button=None if button is None else Button(**button),
        )


def format_error(error: ErrorExcerpt) -> list[Fact]:
    """Return the facts about an error."""
    return [(ERROR_LABEL, error.message), *([("Hint:", error.hint)] if error.hint else [])]


def format_time(moment: datetime) -> str:
    """Format a time (UTC) for people."""
    return f"{moment.day} {moment:%b %Y, %H:%M:%S} UTC"


def _clean(text: str) -> str:
    return truncate(to_single_line(text), _MAX_PART)
