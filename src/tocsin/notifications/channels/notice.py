"""The value that every configurable channel writes in its own format. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pydantic import JsonValue

from tocsin.json_values import MAX_INPUT_DEPTH, check_json
from tocsin.outbound.mail_text import clean_line, to_single_line


class Severity(StrEnum):
    """The severity of news, from good to worst."""

    SUCCESS = "SUCCESS"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message to `owner`. Its `id` is that of the cause, and stays the same for every retry.

    `kind` is in capitals, with its subject first, such as TASK_FAILED. `page` is the absolute address of the page
    about it. `incident` is the ID that the opening of an incident and its end have in common; `is_over` marks the end.
    `data` is for programs. The subject is one line, the text may be empty, and neither has control characters.

    Raises ValueError for an empty subject or an end of no incident, and InvalidJson for `data` that is not JSON.
    """

    id: str
    kind: str
    owner: str
    at: datetime
    subject: str
    text: str
    severity: Severity
    page: str | None = None
    incident: str | None = None
    is_over: bool = False
    data: Mapping[str, JsonValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.is_over and self.incident is None:
            raise ValueError("A notice that ends an incident must name it.")
        check_json(self.data, MAX_INPUT_DEPTH)
        # Services reject or misread control characters and lone surrogates, so they must not get that far.
        object.__setattr__(self, "subject", to_single_line(self.subject))
        object.__setattr__(self, "text", "\n".join(map(clean_line, self.text.splitlines())).strip())
        if not self.subject:
            raise ValueError("A notice must have a subject.")

    @property
    def type_name(self) -> str:
        """The kind as a dotted name for programs, such as task.failed or workflow.began_failing."""
        return self.kind.lower().replace("_", ".", 1)


SYMBOLS = {
    Severity.SUCCESS: "✅",
    Severity.INFO: "ℹ️",  # noqa: RUF001  # the symbol, not a letter
    Severity.WARNING: "⚠️",
    Severity.ERROR: "❌",
    Severity.CRITICAL: "🚨",
}
"""A symbol for each severity, for channels that have no colours."""
PAGE_LABEL = "Open in Tocsin"
"""The text of the link to the page."""
