"""HTTP requests and their results, as values."""

from dataclasses import dataclass, field
from datetime import timedelta

from tocsin.outbound.failures import HttpFailure
from tocsin.outbound.host_patterns import SecretHosts
from tocsin.outbound.redirects import Headers


@dataclass(slots=True)  # not frozen: every attempt makes one, in a quarter of the time
class HttpRequest:
    """A request to send. `headers` extend or replace the standard ones; Host and Content-Length are added.

    `secret_names` (lower case) are headers that are not forwarded to another origin. Without `follows_redirects`, a
    redirect is the response. Timeouts are in seconds; `timeout` covers everything, including redirects and reading.
    `named_secrets` are those that are part of it: it goes, with its redirects, only to hosts that each of them allows.
    """

    method: str
    url: str
    timeout: float
    headers: Headers = ()
    body: bytes | None = None
    secret_names: frozenset[str] = frozenset()
    connect_timeout: float | None = None
    follows_redirects: bool = True
    named_secrets: tuple[SecretHosts, ...] = ()


@dataclass(slots=True)  # not frozen: every attempt makes one, in a quarter of the time
class HttpExchange:
    """The result of a request: the response as far as it was received, and a failure if it is not complete.

    `request_headers` are those of the first request, before any redirect; empty if none was sent. `timings` are
    milliseconds since the request began (`first_byte`, `total`) or spent (`dns`, `connect`, which includes TLS; absent
    when a connection was reused). `cookies` are the headers with cookies that servers set along the redirects and
    received back; they are secret.
    """

    failure: HttpFailure | None
    status: int | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    request_headers: Headers = ()
    body: str | None = None
    truncated: bool = False
    redirects: int = 0
    retry_after: timedelta | None = None
    timings: dict[str, float] = field(default_factory=dict)
    cookies: list[tuple[str, str]] = field(default_factory=list)
