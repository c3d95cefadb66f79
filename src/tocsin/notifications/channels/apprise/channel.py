"""Notices by Apprise, a library for more than a hundred services (https://github.com/caronc/apprise).

An operator turns it on with `TOCSIN_APPRISE`, because it makes its connections itself (`outbound/apprise_sender`).
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import JsonValue, SecretStr, field_validator

from tocsin import clock
from tocsin.errors import InvalidInput
from tocsin.notifications.channels.answers import quote_answer
from tocsin.notifications.channels.apprise.schemes import find_scheme_fault
from tocsin.notifications.channels.base import DeliveryPostponed, DeliveryRefused, DeliveryUnavailable, KindTurnedOff
from tocsin.notifications.channels.configurable import MASK, ChannelSettings, ConfigurableChannel
from tocsin.notifications.channels.notice import PAGE_LABEL, Notice, Severity
from tocsin.outbound.apprise_sender import COME_AGAIN, AppriseMessage, AppriseOutcome, is_apprise_installed
from tocsin.outbound.guard import ConnectionRules
from tocsin.outbound.http_client import HttpClient

TURNED_OFF = (
    "This server does not use Apprise, because Apprise makes connections that the server cannot limit as it limits its "
    "own. The operator turns it on with TOCSIN_APPRISE=true."
)
NOT_INSTALLED = "This server has no Apprise. The operator installs it with `pip install 'tocsin[apprise]'`."
BUSY = "Apprise sends few notifications at a time, and it is the turn of others."
_URL = re.compile(r"([A-Za-z0-9]{1,30})://[\x21-\x7e]{1,2000}")
_TYPES: Mapping[Severity, Any] = {
    Severity.SUCCESS: "success",
    Severity.INFO: "info",
    Severity.WARNING: "warning",
    Severity.ERROR: "failure",
    Severity.CRITICAL: "failure",
}


class AppriseSettings(ChannelSettings):
    """The URL by which Apprise knows the service and its credentials."""

    url: SecretStr

    @field_validator("url")
    @classmethod
    def _is_of_a_service(cls, value: SecretStr) -> SecretStr:
        match = _URL.fullmatch(value.get_secret_value())
        if match is None:
            raise ValueError(
                "The url must be one of Apprise, such as mmosts://host/token: a scheme, :// and up to 2,000 visible "
                "ASCII characters. Encode others, such as a space as %20."
            )
        if (fault := find_scheme_fault(match[1].lower())) is not None:
            raise ValueError(fault)
        return value

    def show(self) -> dict[str, JsonValue]:
        """Return the scheme of the URL, which tells the service. All else may be secret."""
        return {"url": f"{self.url.get_secret_value().partition('://')[0].lower()}://{MASK}"}


class AppriseChannel(ConfigurableChannel[AppriseSettings]):
    """Messages by Apprise, as plain text."""

    settings_model = AppriseSettings

    def parse_settings(
        self, given: Mapping[str, Any], rules: ConnectionRules, before: AppriseSettings | None = None
    ) -> AppriseSettings:
        """Validate what a user gives. Raises InvalidInput if Apprise cannot be used here. See the base class."""
        if not rules.allows_apprise:
            raise InvalidInput(TURNED_OFF)
        if not is_apprise_installed():
            raise InvalidInput(NOT_INSTALLED)
        return super().parse_settings(given, rules, before)

    async def deliver(self, notice: Notice, settings: AppriseSettings, http: HttpClient) -> None:
        """Send the message in a process of its own. See the base class."""
        if http.apprise is None:
            raise KindTurnedOff(TURNED_OFF)
        if not is_apprise_installed():
            raise KindTurnedOff(NOT_INSTALLED)
        url = settings.url.get_secret_value()
        message = AppriseMessage(url, notice.subject, _write(notice), _TYPES[notice.severity])
        outcome = await http.apprise.send(notice.owner, message)
        if outcome.status == "BUSY":
            raise DeliveryPostponed(BUSY, clock.now() + timedelta(seconds=COME_AGAIN))
        if outcome.status != "SENT":
            raise _explain(outcome, url)


def _write(notice: Notice) -> str:
    page = f"{PAGE_LABEL}: {notice.page}" if notice.page else ""
    return "\n\n".join(filter(None, (notice.text, page))) or notice.subject


def _explain(outcome: AppriseOutcome, url: str) -> DeliveryRefused | DeliveryUnavailable:
    """Return the error of an outcome. Reasons of Apprise with a secret in them are left out."""
    if outcome.status == "BLOCKED":  # our own reasons: addresses
        return DeliveryRefused(f"Apprise was kept from what it wanted to do: {'; '.join(outcome.reasons)}.")
    said = " ".join(filter(None, (quote_answer(reason, [url]) for reason in outcome.reasons)))
    if outcome.status == "REFUSED":
        return DeliveryRefused(f"Apprise cannot use the URL. {said}".strip())
    if outcome.status == "TIMED_OUT":
        return DeliveryUnavailable("Apprise took too long.")
    return DeliveryUnavailable(f"Apprise could not deliver it. {said}".strip())
