"""A request and what came of it, as values."""

from dataclasses import dataclass, field
from datetime import timedelta

from tocsin.outbound.failures import HttpFailure
from tocsin.outbound.redirects import Headers


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request to send. `headers` are added to the standard ones, or replace them; Host and Content-Length are added.

    `secret_names` (lower case) are headers not to forward to another origin. Timeouts are in seconds;
    `timeout` is for everything, redirects and reading included.
    """

    method: str
    url: str
    timeout: float
    headers: Headers = ()
    body: bytes | None = None
    secret_names: frozenset[str] = frozenset()
    connect_timeout: float | None = None


@dataclass(frozen=True, slots=True)
class HttpExchange:
    """What came of a request: what was answered, as far as it came, and why it is not complete if it is not.

    `request_headers` are those of the first request that was sent, redirects left out; none if none could be.
    `timings` are milliseconds since the request began (`first_byte`, `total`) or spent (`dns`, `connect`, which
    includes TLS; absent when a kept connection was used). `cookies` are headers with what servers set along the
    redirects and got back, which is secret.
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
