"""Notices in Slack, by an incoming webhook (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks).

Only Slack's own hosts: services that accept its format, such as Mattermost, ignore blocks, and have other errors.
"""

import re
from typing import ClassVar

from pydantic import JsonValue, SecretStr, field_validator

from tocsin.notifications.channels.answers import Answer
from tocsin.notifications.channels.configurable import ChannelSettings, require_url
from tocsin.notifications.channels.cutting import cut, measure_escaped
from tocsin.notifications.channels.http_channel import HttpChannel, Post
from tocsin.notifications.channels.notice import PAGE_LABEL, SYMBOLS, Notice

_HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")
_PATH = re.compile(r"/services/\w+/\w+/\w+", re.ASCII)
_URL = "The url must be that of an incoming webhook, such as https://hooks.slack.com/services/T000/B000/XXXX."
_MAX_HEADER, _MAX_SECTION = 150, 3_000
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_ERROR_WORD = re.compile(r"[a-z_]{1,80}", re.ASCII)
_GONE = frozenset(
    {"no_service", "no_service_id", "no_active_hooks", "no_team", "team_disabled", "invalid_token"}
    | {"channel_not_found", "channel_is_archived"}
)


class SlackSettings(ChannelSettings):
    """The URL of an incoming webhook, which is its secret."""

    url_field: ClassVar[str | None] = "url"
    url: SecretStr

    @field_validator("url")
    @classmethod
    def _is_incoming_webhook(cls, value: SecretStr) -> SecretStr:
        url = require_url(value)
        if url.scheme != "https" or url.raw_host not in _HOSTS or not _PATH.fullmatch(url.raw_path):
            raise ValueError(_URL)
        return value


class SlackChannel(HttpChannel[SlackSettings]):
    """Messages of Block Kit, in which only the link to the page is read as a link, and nothing as a mention."""

    settings_model = SlackSettings
    service = "Slack"

    def compose(self, notice: Notice, settings: SlackSettings) -> Post:
        """Return the request with a header, the text and a link. `text` is what push notifications show."""
        subject = f"{SYMBOLS[notice.severity]} {notice.subject}"
        blocks: list[JsonValue] = [{"type": "header", "text": _text("plain_text", subject, _MAX_HEADER)}]
        if notice.text:
            body = _text("mrkdwn", notice.text, _MAX_SECTION) | {"verbatim": True}
            blocks.append({"type": "section", "text": body})
        if notice.page:
            link = f"<{_escape(notice.page.replace('|', '%7C'))}|{PAGE_LABEL}>"
            blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": link}})
        message = {"text": _cut(subject, _MAX_SECTION), "blocks": blocks, "unfurl_links": False, "unfurl_media": False}
        return Post.from_value(settings.called_url, message)

    def is_delivered(self, answer: Answer) -> bool:
        """Tell whether Slack answered `ok`; it can answer 200 with an error as well."""
        return answer.is_success and answer.text.strip() == "ok"

    def is_gone(self, answer: Answer) -> bool:
        """Tell whether the webhook was removed, or its channel or workspace."""
        return self.find_reason(answer) in _GONE or super().is_gone(answer)

    def is_temporary(self, answer: Answer) -> bool:
        """Tell whether Slack is busy, or something else answered in its place."""
        return super().is_temporary(answer) or (answer.is_success and not self.find_reason(answer))

    def find_reason(self, answer: Answer) -> str:
        """Return the error, which is one word, such as `no_service`."""
        found = _ERROR_WORD.fullmatch(answer.text.strip())
        return found[0] if found else ""


def _escape(text: str) -> str:
    return text.translate(_ESCAPES)


def _cut(text: str, limit: int) -> str:
    return _escape(cut(text, limit, measure_escaped(_escape)))


def _text(kind: str, text: str, limit: int) -> dict[str, JsonValue]:
    return {"type": kind, "text": _cut(text, limit)}
