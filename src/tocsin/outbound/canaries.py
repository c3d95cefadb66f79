"""Canaries: URLs of the operator's choice that tell an outage of a target from one of Tocsin's own network."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from tocsin import telemetry
from tocsin.config import Settings
from tocsin.documents import ErrorKind
from tocsin.errors import SettingsError
from tocsin.outbound.exchanges import HttpRequest
from tocsin.outbound.failures import HttpFailure
from tocsin.outbound.guard import ConnectionRules
from tocsin.outbound.http_client import HttpClient
from tocsin.outbound.reachability import NETWORK_ERRORS
from tocsin.outbound.url_guard import find_static_failure
from tocsin.outbound.urls import parse_url, target_key

CANARY_TIMEOUT_SECONDS = 5.0
"""Seconds that a canary has for its answer. All are asked at the same time."""
_OPERATOR = ""
"""The owner of the calls: none of the users, so that no connection and no rate is shared with one."""
log = telemetry.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CanaryCheck:
    """The answer of the canaries. `failures` say why some of them failed, as sentences."""

    is_answered: bool
    failures: tuple[str, ...] = ()


class Canaries:
    """The canaries of this installation, which are called by its guarded client."""

    def __init__(self, http: HttpClient, urls: Sequence[str] = ()) -> None:
        self._http, self.urls = http, tuple(urls)

    async def ask_all(self) -> CanaryCheck:
        """Ask all canaries at once, and return as soon as one of them has answered.

        One that may not be called says nothing. If that is true of all of them, the network counts as working.
        """
        asking = [asyncio.create_task(self._ask(url), name="canary") for url in self.urls]
        failures: list[HttpFailure] = []
        try:
            for done in asyncio.as_completed(asking):
                if (failure := await done) is None:
                    return CanaryCheck(True)
                failures.append(failure)
        finally:
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
        messages = tuple(failure.message for failure in failures)
        if any(failure.kind in NETWORK_ERRORS for failure in failures):
            return CanaryCheck(False, messages)
        log.warning("no canary may be called, so they tell nothing", failures=" ".join(messages))
        return CanaryCheck(True, messages)

    async def _ask(self, url: str) -> HttpFailure | None:
        """Return why a canary has not answered; None if it has, with any status or with something invalid."""
        request = HttpRequest(
            "HEAD", url, CANARY_TIMEOUT_SECONDS, connect_timeout=CANARY_TIMEOUT_SECONDS, follows_redirects=False
        )
        parsed = parse_url(url)
        counted = None if isinstance(parsed, str) else target_key(parsed)
        exchange = await self._http.request(request, _OPERATOR, counted)
        failure = exchange.failure
        has_answered = exchange.status is not None or (failure is not None and failure.kind is ErrorKind.PROTOCOL)
        return None if has_answered else failure


def check_canary_urls(settings: Settings, rules: ConnectionRules) -> None:
    """Check that the canaries may be called at all. Raises SettingsError with a sentence for the operator."""
    for url in settings.canary_urls:
        parsed = parse_url(url)
        why = parsed if isinstance(parsed, str) else None
        if not isinstance(parsed, str) and (failure := find_static_failure(parsed, rules)) is not None:
            why = f"{failure.message} {failure.hint}"
        if why is not None:
            raise SettingsError(f"TOCSIN_CANARY_URLS is invalid: {url!r} cannot be called. {why}")
