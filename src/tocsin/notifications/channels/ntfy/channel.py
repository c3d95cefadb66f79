"""Notices by ntfy, of its public server or one's own (https://docs.ntfy.sh/publish/#publish-as-json)."""

import re
from typing import ClassVar

from pydantic import JsonValue, SecretStr, field_validator

from tocsin.notifications.channels.configurable import ChannelSettings, require_url
from tocsin.notifications.channels.cutting import cut, measure_json, measure_utf8
from tocsin.notifications.channels.http_channel import HttpChannel, Post
from tocsin.notifications.channels.notice import Notice, Severity

_TOPIC = re.compile(r"[\w-]{1,64}", re.ASCII)
_TOKEN = re.compile(r"[\w.~+/-]{1,200}=*", re.ASCII)  # RFC 6750
_MAX_TITLE = 750
_MAX_MESSAGE, _MAX_JSON = 4_096, 5_000
"""Bytes. A longer message becomes an attachment, and the whole JSON text can have twice as many."""
_PRIORITIES = {Severity.SUCCESS: 3, Severity.INFO: 3, Severity.WARNING: 3, Severity.ERROR: 4, Severity.CRITICAL: 5}
_TAGS = {
    Severity.SUCCESS: "white_check_mark",
    Severity.INFO: "information_source",
    Severity.WARNING: "warning",
    Severity.ERROR: "x",
    Severity.CRITICAL: "rotating_light",
}


class NtfySettings(ChannelSettings):
    """The server, the topic, which is as good as a password where no token is required, and an access token."""

    url_field: ClassVar[str | None] = "server"
    server: str = "https://ntfy.sh"
    topic: SecretStr
    token: SecretStr | None = None

    @field_validator("server")
    @classmethod
    def _is_root(cls, value: str) -> str:
        url = require_url(value)
        if url.raw_path not in ("", "/") or url.raw_query_string:
            raise ValueError("The server must be a URL without a path, such as https://ntfy.sh.")
        return str(url.origin())

    @field_validator("topic")
    @classmethod
    def _is_topic(cls, value: SecretStr) -> SecretStr:
        if not _TOPIC.fullmatch(value.get_secret_value()):
            raise ValueError("The topic must consist of 1 to 64 letters, digits, - and _.")
        return value

    @field_validator("token")
    @classmethod
    def _is_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _TOKEN.fullmatch(value.get_secret_value()):
            raise ValueError("The token must be an access token of ntfy, such as tk_xxxx.")
        return value


class NtfyChannel(HttpChannel[NtfySettings]):
    """Push notifications of ntfy, as plain text."""

    settings_model = NtfySettings
    gone_statuses = (410,)  # 404 means that something else answers at the server's address, maybe not for long
    reason_path = ("error",)

    def find_service_name(self, settings: NtfySettings) -> str:
        """Return the host of the server."""
        return str(require_url(settings.server).host_port_subcomponent)

    def compose(self, notice: Notice, settings: NtfySettings) -> Post:
        """Return the request that publishes a message."""
        message: dict[str, JsonValue] = {
            "topic": settings.topic.get_secret_value(),
            "title": cut(notice.subject, _MAX_TITLE, measure_json),
            "message": cut(cut(notice.text, _MAX_MESSAGE, measure_utf8), _MAX_JSON, measure_json) or notice.subject,
            "priority": _PRIORITIES[notice.severity],
            "tags": [_TAGS[notice.severity]],
        }
        if notice.page:
            message["click"] = notice.page
        headers = [("Authorization", f"Bearer {settings.token.get_secret_value()}")] if settings.token else []
        return Post.from_value(f"{settings.server}/", message, headers)
