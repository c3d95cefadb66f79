"""Notices by PagerDuty, as events that open and resolve alerts (https://developer.pagerduty.com/docs/events-api-v2)."""

import re
from enum import StrEnum
from hashlib import sha256
from urllib.parse import urlsplit

from pydantic import JsonValue, SecretStr, field_validator

from tocsin.notifications.channels.answers import Answer
from tocsin.notifications.channels.configurable import ChannelSettings
from tocsin.notifications.channels.cutting import cut
from tocsin.notifications.channels.http_channel import HttpChannel, Post
from tocsin.notifications.channels.notice import PAGE_LABEL, Notice, Severity

_ROUTING_KEY = re.compile(r"[A-Za-z0-9]{32}")
_MAX_SUMMARY, _MAX_TEXT, _MAX_DEDUP_KEY = 1_024, 10_000, 255
_SEVERITIES = {
    Severity.SUCCESS: "info",
    Severity.INFO: "info",
    Severity.WARNING: "warning",
    Severity.ERROR: "error",
    Severity.CRITICAL: "critical",
}


class PagerDutyRegion(StrEnum):
    """The service region of a PagerDuty account."""

    US = "US"
    EU = "EU"


_HOSTS = {PagerDutyRegion.US: "events.pagerduty.com", PagerDutyRegion.EU: "events.eu.pagerduty.com"}


class PagerDutySettings(ChannelSettings):
    """The integration key of a service, and the region of the account."""

    routing_key: SecretStr
    region: PagerDutyRegion = PagerDutyRegion.US

    @field_validator("routing_key")
    @classmethod
    def _is_key(cls, value: SecretStr) -> SecretStr:
        if not _ROUTING_KEY.fullmatch(value.get_secret_value()):
            raise ValueError("The routingKey must be the key of an Events API v2 integration: 32 letters and digits.")
        return value


class PagerDutyChannel(HttpChannel[PagerDutySettings]):
    """Events of PagerDuty. All notices of one incident belong to one alert, which its end resolves."""

    settings_model = PagerDutySettings
    service = "PagerDuty"
    keeps_alerts = True

    def compose(self, notice: Notice, settings: PagerDutySettings) -> Post:
        """Return the request that opens an alert or adds to it, or resolves it at the end of the incident."""
        event: dict[str, JsonValue] = {
            "routing_key": settings.routing_key.get_secret_value(),
            "event_action": "resolve" if notice.is_over else "trigger",
            "dedup_key": _dedup_key(notice.incident or notice.id),
            "payload": {
                "summary": cut(notice.subject, _MAX_SUMMARY),
                "source": urlsplit(notice.page or "").hostname or "tocsin",
                "severity": _SEVERITIES[notice.severity],
                "timestamp": notice.at.isoformat(),
                "class": notice.type_name,
                "custom_details": {**notice.data, "text": cut(notice.text, _MAX_TEXT)},
            },
            "client": "Tocsin",
        }
        if notice.page:
            event |= {"client_url": notice.page, "links": [{"href": notice.page, "text": PAGE_LABEL}]}
        return Post.from_value(f"https://{_HOSTS[settings.region]}/v2/enqueue", event)

    def is_gone(self, answer: Answer) -> bool:
        """Tell whether the integration key is wrong or was removed."""
        return super().is_gone(answer) or (answer.status == 400 and "routing" in self.find_reason(answer).lower())

    def find_reason(self, answer: Answer) -> str:
        """Return the message and the errors."""
        errors = answer.find("errors")
        told = [answer.find("message"), *(errors if isinstance(errors, list) else [])]
        return " ".join(part for part in told if isinstance(part, str))


def _dedup_key(cause: str) -> str:
    return cause if len(cause) <= _MAX_DEDUP_KEY else sha256(cause.encode("utf-8", "surrogatepass")).hexdigest()
