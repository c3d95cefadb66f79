"""The content of a mail as a structure, from which its text and its HTML are made, so that both say the same. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from tocsin.documents import MailContentDocument
from tocsin.notifications.excerpts import truncate
from tocsin.outbound.mail_text import to_single_line

ERROR_LABEL = "Error:"
"""The label of the fact that stands out, and that mail programs show beside the subject."""
_MAX_PART = 2_000
Fact = tuple[str, str]
"""A label, which ends with a colon, and its value."""


class Tone(StrEnum):
    """The weight of a mail, which is shown as a color."""

    FAILURE = "FAILURE"
    WARNING = "WARNING"
    NOTICE = "NOTICE"


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
    """What a mail says: its `headline` (a sentence), more sentences, facts, its button, and what the user should know.

    `notes` were added when it was sent, and come first. They are not stored.
    """

    tone: Tone = Tone.NOTICE
    headline: str
    opening: str = ""
    facts: Sequence[Fact]
    closing: str
    button: Button | None = None
    notes: Sequence[str] = ()

    def clean(self) -> Self:
        """Return the content with each part on one line, of limited length, and without control characters."""
        return replace(
            self,
            headline=_clean(self.headline),
            opening=_clean(self.opening),
            facts=[(label, _clean(value)) for label, value in self.facts],
            closing=_clean(self.closing),
        )

    def with_note(self, note: str) -> Self:
        """Return the content with another note before all others."""
        return replace(self, notes=(note, *self.notes))

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
            "closing": self.closing,
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


def _clean(text: str) -> str:
    return truncate(to_single_line(text), _MAX_PART)
