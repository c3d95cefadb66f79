"""Notices for programs, by the specification Standard Webhooks (https://www.standardwebhooks.com)."""

from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import AwareDatetime, Field, JsonValue, SecretStr, field_validator

from tocsin import clock
from tocsin.json_values import dump_json
from tocsin.notifications.channels.answers import Answer
from tocsin.notifications.channels.configurable import ChannelSettings, require_url
from tocsin.notifications.channels.cutting import cut
from tocsin.notifications.channels.http_channel import HttpChannel, Post
from tocsin.notifications.channels.notice import Notice
from tocsin.notifications.channels.webhook.signing import (
    decode_signing_key,
    generate_signing_key,
    make_message_id,
    sign,
)

_MAX_TEXT = 10_000


def _new_key() -> SecretStr:
    return SecretStr(generate_signing_key())


class WebhookSettings(ChannelSettings):
    """The URL, and the key that signs. After a rotation, the former key signs too, until `former_key_until`.

    If it was rotated again before that, the receiver may still have the key of then: the `oldest_key` that is valid.
    """

    generated: ClassVar[frozenset[str]] = frozenset(
        {"signing_key", "former_key", "former_key_until", "oldest_key", "oldest_key_until"}
    )
    url_field: ClassVar[str | None] = "url"
    url: SecretStr
    signing_key: SecretStr = Field(default_factory=_new_key)
    former_key: SecretStr | None = None
    former_key_until: AwareDatetime | None = None
    oldest_key: SecretStr | None = None
    oldest_key_until: AwareDatetime | None = None

    @field_validator("url")
    @classmethod
    def _is_url(cls, value: SecretStr) -> SecretStr:
        require_url(value)
        return value

    @field_validator("signing_key", "former_key", "oldest_key")
    @classmethod
    def _is_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            decode_signing_key(value.get_secret_value())
        return value

    def rotate_key(self, now: datetime, overlap: timedelta) -> "WebhookSettings":
        """Return the settings with a new key. The present one signs too for the time of the overlap.

        So does the oldest key that is still valid. Of several rotations within one overlap, those in between end.
        """
        former = [(self.oldest_key, self.oldest_key_until), (self.former_key, self.former_key_until)]
        oldest = next(((key, until) for key, until in former if until is not None and now < until), (None, None))
        changes = {
            "signing_key": _new_key(),
            "former_key": self.signing_key,
            "former_key_until": now + overlap,
            "oldest_key": oldest[0],
            "oldest_key_until": oldest[1],
        }
        return self.model_copy(update=changes)

    def valid_keys(self, now: datetime) -> list[str]:
        """Return the keys that sign at this time, the present one first."""
        former = [(self.former_key, self.former_key_until), (self.oldest_key, self.oldest_key_until)]
        valid = [key for key, until in former if until is not None and now < until]
        return [key.get_secret_value() for key in (self.signing_key, *valid) if key is not None]


class WebhookChannel(HttpChannel[WebhookSettings]):
    """Signed requests. Any status of success will do, only 410 ends the endpoint, and all others are temporary."""

    settings_model = WebhookSettings
    gone_statuses = (410,)

    def find_service_name(self, settings: WebhookSettings) -> str:
        """Return the host that is called."""
        return str(require_url(settings.url).host_port_subcomponent)

    def compose(self, notice: Notice, settings: WebhookSettings) -> Post:
        """Return the signed request. A retry has the same id and body, with another time and signature."""
        now, body, message_id = self._clock(), compose_body(notice), make_message_id(notice.id)
        seconds = clock.epoch_milliseconds(now) // 1000
        headers = [
            ("webhook-id", message_id),
            ("webhook-timestamp", str(seconds)),
            ("webhook-signature", sign(message_id, seconds, body, settings.valid_keys(now))),
        ]
        return Post(settings.called_url, body, headers)

    def is_temporary(self, _answer: Answer) -> bool:
        """Tell that any other answer may be a mistake that the receiver will mend."""
        return True

    def find_reason(self, answer: Answer) -> str:
        """Return the whole answer: only its receiver knows which words matter."""
        return answer.text


def compose_body(notice: Notice) -> str:
    """Return the JSON text that tells a notice to programs."""
    data: dict[str, JsonValue] = {
        "id": notice.id,
        "subject": notice.subject,
        "text": cut(notice.text, _MAX_TEXT),
        "severity": notice.severity,
        "page": notice.page,
        "incident": notice.incident,
        "isOver": notice.is_over,
        "details": dict(notice.data),
    }
    timestamp = notice.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return dump_json({"type": notice.type_name, "timestamp": timestamp, "data": data})
