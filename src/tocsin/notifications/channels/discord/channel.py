"""Notices in Discord, by a webhook of a channel (https://discord.com/developers/docs/resources/webhook)."""

import re
from typing import ClassVar

from pydantic import JsonValue, SecretStr, field_validator

from tocsin.notifications.channels.configurable import ChannelSettings, require_url
from tocsin.notifications.channels.cutting import cut, measure_escaped
from tocsin.notifications.channels.http_channel import HttpChannel, Post
from tocsin.notifications.channels.notice import Notice, Severity

_HOSTS = ("discord.com", "discordapp.com", "ptb.discord.com", "canary.discord.com")
_PATH = re.compile(r"/api(?:/v[0-9]+)?/webhooks/[0-9]+/[\w-]+", re.ASCII)
_URL = "The url must be that of a channel's webhook, such as https://discord.com/api/webhooks/123456/XXXX."
_MAX_TITLE, _MAX_DESCRIPTION = 256, 4_096
_MARKUP = re.compile(r"[\\*_~`|<>\[\]()#@]")
_COLOURS = {
    Severity.SUCCESS: 0x2E9E5B,
    Severity.INFO: 0x3B82F6,
    Severity.WARNING: 0xE0A100,
    Severity.ERROR: 0xD64545,
    Severity.CRITICAL: 0x9B1C1C,
}


class DiscordSettings(ChannelSettings):
    """The URL of a webhook, which is its secret. Its query can select a thread."""

    url_field: ClassVar[str | None] = "url"
    url: SecretStr

    @field_validator("url")
    @classmethod
    def _is_webhook(cls, value: SecretStr) -> SecretStr:
        url = require_url(value)
        if url.scheme != "https" or url.raw_host not in _HOSTS or not _PATH.fullmatch(url.raw_path):
            raise ValueError(_URL)
        return value


class DiscordChannel(HttpChannel[DiscordSettings]):
    """Embeds that mention nobody, whatever a task is called."""

    settings_model = DiscordSettings
    service = "Discord"
    gone_statuses = (401, 404, 410)
    wait_path = ("retry_after",)

    def compose(self, notice: Notice, settings: DiscordSettings) -> Post:
        """Return the request with one embed. Only with `wait` does Discord report a message that it does not keep."""
        embed: dict[str, JsonValue] = {
            "title": _cut(notice.subject, _MAX_TITLE),
            "color": _COLOURS[notice.severity],
            "timestamp": notice.at.isoformat(),
        }
        if notice.text:
            embed["description"] = _cut(notice.text, _MAX_DESCRIPTION)
        if notice.page:
            embed["url"] = notice.page
        url = require_url(settings.called_url).update_query(wait="true")
        return Post.from_value(str(url), {"embeds": [embed], "allowed_mentions": {"parse": []}})


def _escape(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", text)


def _cut(text: str, limit: int) -> str:
    return _escape(cut(text, limit, measure_escaped(_escape)))
