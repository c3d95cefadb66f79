"""Notices in Microsoft Teams, by a workflow that begins when a webhook request is received.

The connectors, which had webhooks of their own, ended in 2026. A workflow answers 202 before it posts anything.
"""

from typing import ClassVar

from pydantic import JsonValue, SecretStr, field_validator

from tocsin.notifications.channels.answers import Answer
from tocsin.notifications.channels.configurable import ChannelSettings, require_url
from tocsin.notifications.channels.cutting import ELLIPSIS, cut, measure_json
from tocsin.notifications.channels.http_channel import HttpChannel, Post
from tocsin.notifications.channels.notice import PAGE_LABEL, Notice, Severity

_CONNECTOR_HOSTS = (".webhook.office.com", "outlook.office.com", "outlook.office365.com")
_CONNECTOR = (
    "The url is that of a connector, which Microsoft has ended. In Teams, add the workflow that posts when a webhook "
    "request is received, and use its URL."
)
_INCOMPLETE = "The url must be complete: that of a workflow has a query with its signature, sig."
_MAX_SUBJECT, _MAX_TEXT, _MAX_LINES = 512, 14_000, 50
"""Bytes, bytes and lines. A message of Teams can have 28 kB."""
_COLOURS = {Severity.SUCCESS: "Good", Severity.INFO: "Default", Severity.WARNING: "Warning"}


class TeamsSettings(ChannelSettings):
    """The URL of a workflow, which is its secret. Microsoft moves them between hosts, so the host can be any."""

    url_field: ClassVar[str | None] = "url"
    url: SecretStr

    @field_validator("url")
    @classmethod
    def _is_workflow(cls, value: SecretStr) -> SecretStr:
        url = require_url(value)
        if (url.raw_host or "").endswith(_CONNECTOR_HOSTS):
            raise ValueError(_CONNECTOR)
        if not url.query.get("sig"):
            raise ValueError(_INCOMPLETE)
        return value


class TeamsChannel(HttpChannel[TeamsSettings]):
    """Adaptive Cards, of text runs: Teams reads Markdown in text blocks."""

    settings_model = TeamsSettings
    service = "The workflow of Teams"
    reason_path = ("error", "message")

    def compose(self, notice: Notice, settings: TeamsSettings) -> Post:
        """Return the request with one card."""
        subject = cut(notice.subject, _MAX_SUBJECT, measure_json)
        colour = _COLOURS.get(notice.severity, "Attention")
        card: dict[str, JsonValue] = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": [_line(subject, size="Large", weight="Bolder", color=colour), *map(_line, _lines(notice.text))],
            "msteams": {"width": "Full"},
        }
        if notice.page:
            card["actions"] = [{"type": "Action.OpenUrl", "title": PAGE_LABEL, "url": notice.page}]
        attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
        return Post.from_value(settings.called_url, {"type": "message", "attachments": [attachment]})

    def is_gone(self, answer: Answer) -> bool:
        """Tell whether the workflow was deleted or turned off."""
        return super().is_gone(answer) or answer.find("error", "code") == "WorkflowTriggerIsNotEnabled"


def _line(text: str, **style: JsonValue) -> JsonValue:
    """Return a line of the card, which has no line breaks within a text run."""
    run: dict[str, JsonValue] = {"type": "TextRun", "text": text, **style}
    return {"type": "RichTextBlock", "inlines": [run], "spacing": "Small"}


def _lines(text: str) -> list[str]:
    lines = [line for line in cut(text, _MAX_TEXT, measure_json).splitlines() if line.strip()]
    return lines if len(lines) <= _MAX_LINES else [*lines[: _MAX_LINES - 1], ELLIPSIS]
