"""The base of channels that send a notice in one HTTP request, and judge the answer by its status and words."""

from abc import abstractmethod
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from tocsin import clock
from tocsin.documents import ErrorKind
from tocsin.json_values import dump_json
from tocsin.notifications.channels.answers import MAX_WAIT, Answer, limit_wait, quote_answer
from tocsin.notifications.channels.base import DeliveryRefused, DeliveryUnavailable, EndpointGone
from tocsin.notifications.channels.configurable import ChannelSettings, ConfigurableChannel
from tocsin.notifications.channels.notice import Notice
from tocsin.outbound.exchanges import HttpExchange, HttpRequest
from tocsin.outbound.failures import HttpFailure
from tocsin.outbound.http_client import HttpClient
from tocsin.outbound.redirects import REDIRECT_STATUSES, Headers

TIMEOUT = 10.0
"""Seconds for the whole request."""
_FORBIDDEN = frozenset({ErrorKind.BAD_URL, ErrorKind.BLOCKED_ADDRESS, ErrorKind.BLOCKED_PORT})
_TEMPORARY = frozenset({408, 425, 429})
S = TypeVar("S", bound=ChannelSettings)


@dataclass(frozen=True, slots=True, repr=False)
class Post:
    """A request that posts this JSON text. URL, body and headers may be secret, so that it has no `repr`."""

    url: str
    body: str
    headers: Headers = ()

    @classmethod
    def from_value(cls, url: str, value: Any, headers: Headers = ()) -> "Post":
        """Return the request that posts a JSON value."""
        return cls(url, dump_json(value), headers)


class HttpChannel(ConfigurableChannel[S]):
    """A channel that posts JSON to a service. A subclass composes the request and declares how to read the answer.

    `service` is its name in messages. `gone_statuses` say that the endpoint does not exist any more. `reason_path` is
    where a JSON answer has the reason of a refusal, `wait_path` where it has the seconds to wait.
    """

    service: ClassVar[str] = ""
    gone_statuses: ClassVar[Collection[int]] = (404, 410)
    reason_path: ClassVar[tuple[str, ...]] = ("message",)
    wait_path: ClassVar[tuple[str, ...]] = ()

    def __init__(self, clock: Callable[[], datetime] = clock.now) -> None:
        self._clock = clock

    @abstractmethod
    def compose(self, notice: Notice, settings: S) -> Post:
        """Return the request that tells the notice."""

    async def deliver(self, notice: Notice, settings: S, http: HttpClient) -> None:
        """Send the request as the notice's owner, without following redirects, which would carry secrets elsewhere."""
        post = self.compose(notice, settings)
        headers = [("Content-Type", "application/json"), *post.headers]
        request = HttpRequest("POST", post.url, TIMEOUT, headers, post.body.encode(), follows_redirects=False)
        exchange = await http.request(request, notice.owner)
        if exchange.failure is not None:
            raise _explain_failure(exchange.failure)
        answer = _to_answer(exchange)
        if not self.is_delivered(answer):
            raise self._explain_answer(answer, self.find_service_name(settings), settings.secret_values().values())

    def find_service_name(self, _settings: S) -> str:
        """Return the name of the called server for messages."""
        return self.service

    def is_delivered(self, answer: Answer) -> bool:
        """Tell whether the service accepted the notice."""
        return answer.is_success

    def is_gone(self, answer: Answer) -> bool:
        """Tell whether no notice will ever be accepted with these settings."""
        return answer.status in self.gone_statuses

    def is_temporary(self, answer: Answer) -> bool:
        """Tell whether the service may accept the same notice later."""
        return answer.status in _TEMPORARY or answer.status >= 500

    def find_reason(self, answer: Answer) -> str:
        """Return the service's words about a refusal; empty if there are none."""
        return answer.find_text(*self.reason_path)

    def _explain_answer(
        self, answer: Answer, service: str, secrets: Collection[str]
    ) -> DeliveryRefused | DeliveryUnavailable:
        reason = quote_answer(self.find_reason(answer), secrets)
        message = f"{service} answered {answer.status_line}{f': {reason}' if reason else '.'}"
        if answer.status in REDIRECT_STATUSES:
            message += " Redirects are not followed: use the URL that it leads to."
        if self.is_gone(answer):
            return EndpointGone(message)
        if self.is_temporary(answer):
            return DeliveryUnavailable(message, self._find_wait(answer))
        return DeliveryRefused(message)

    def _find_wait(self, answer: Answer) -> Any:
        header = answer.retry_after and min(answer.retry_after, MAX_WAIT)
        told = limit_wait(answer.find(*self.wait_path)) if self.wait_path else None
        return max(filter(None, (header, told)), default=None)


def _to_answer(exchange: HttpExchange) -> Answer:
    return Answer(exchange.status or 0, exchange.body or "", exchange.retry_after)


def _explain_failure(failure: HttpFailure) -> DeliveryRefused | DeliveryUnavailable:
    if failure.kind is ErrorKind.BAD_URL:  # its message may quote the URL
        return DeliveryRefused("The URL of the channel cannot be called.")
    if failure.kind in _FORBIDDEN:
        return DeliveryRefused(f"{failure.message} {failure.hint}")
    return DeliveryUnavailable(failure.message)  # its hint is about tasks
