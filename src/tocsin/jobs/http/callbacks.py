"""The callback that an HTTP call can expect: its setting, and the URL that the target gets. Pure."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from tocsin.documents import JobDocument
from tocsin.errors import InvalidInput
from tocsin.jobs.http.body import HttpBody
from tocsin.outbound.responses import MASK

CALLBACK_PATH = "/callbacks/"
CALLBACK_HEADER = "Tocsin-Callback-Url"
CALLBACK_PLACEHOLDER = "${{callback.url}}"
"""The place of the URL in the stored parameters of tasks: without spaces, so that a URL with it stays a URL."""
MIN_WITHIN, MAX_WITHIN = timedelta(seconds=1), timedelta(days=30)
MAX_MESSAGE_LENGTH = 1_000
"""Maximum characters of the message of a callback. Targets may cut off what they say there."""
NEEDS_EXPECTATION = "callback.url needs expectCallback: the time within which the callback is expected."
_MAX_PLACEHOLDERS = 10
_PLACEHOLDER = re.compile(r"\$\{\{ {0,20}callback\.url {0,20}\}\}")
_SAMPLE_URL = "https://tocsin.example" + CALLBACK_PATH + "x"

Header = tuple[str, str]


def expects_callback(job: JobDocument) -> bool:
    """Return whether the target of this job is expected to call back."""
    return job["kind"] == "http" and job.get("params", {}).get("expect_callback") is not None


def check_within(within: timedelta) -> float:
    """Return the time within which a callback is expected, in seconds. Raises InvalidInput."""
    if not MIN_WITHIN <= within <= MAX_WITHIN:
        raise InvalidInput("within must be from PT1S to P30D.", "expectCallback", "within")
    return within.total_seconds()


def make_callback_marker() -> str:
    """Return a place of the URL for the parameters of a step: random, so that no data can contain it."""
    return f"tocsin-callback-url-{secrets.token_hex(16)}"


def compact_placeholders(text: str) -> str:
    """Return the text with each placeholder in its stored form."""
    return _PLACEHOLDER.sub(lambda _: CALLBACK_PLACEHOLDER, text)


def fill_with_sample(url: str, marker: str | None = None) -> str:
    """Return a URL as it may be called, to be checked when it is saved."""
    return insert_into_url(url, _SAMPLE_URL, marker)


def insert_into_url(url: str, callback_url: str, marker: str | None = None) -> str:
    """Return a URL with the callback URL in place of the placeholders, or of the marker, percent-encoded."""
    return insert_into_text(url, quote(callback_url, safe=""), marker)


def insert_into_text(text: str, callback_url: str, marker: str | None = None) -> str:
    """Return a text with the callback URL in place of the placeholders; with a marker, in place of that only.

    No JSON string needs the URL to be escaped.
    """
    return _PLACEHOLDER.sub(lambda _: callback_url, text) if marker is None else text.replace(marker, callback_url)


def insert_into_body(body: HttpBody | None, callback_url: str, marker: str | None = None) -> HttpBody | None:
    """Return a body with the callback URL in place of the placeholders, or of the marker."""
    if body is None:
        return None
    if isinstance(body.value, str):
        return HttpBody(kind=body.kind, value=insert_into_text(body.value, callback_url, marker))
    pairs = [(name, insert_into_text(value, callback_url, marker)) for name, value in body.value]
    return HttpBody(kind=body.kind, value=pairs)


def check_placeholders(value: Any, marker: str | None = None) -> None:
    """Check how often the URL is to be inserted, which bounds the size of the request. Raises InvalidInput."""
    if (count := count_placeholders(value, marker)) > _MAX_PLACEHOLDERS:
        message = f"The callback URL is inserted {count} times; at most {_MAX_PLACEHOLDERS} are allowed."
        raise InvalidInput(message, "expectCallback")


def check_without_marker(value: Any, marker: str | None) -> None:
    """Check that parameters whose call expects no callback do not name its URL. Raises InvalidInput."""
    if marker is not None and count_placeholders(value, marker):
        raise InvalidInput(NEEDS_EXPECTATION, "expectCallback")


def count_placeholders(value: Any, marker: str | None = None) -> int:
    """Return the number of placeholders, or of the marker, in a JSON value."""
    if isinstance(value, str):
        return len(_PLACEHOLDER.findall(value)) if marker is None else value.count(marker)
    if isinstance(value, Mapping):
        return sum(count_placeholders(part, marker) for pair in value.items() for part in pair)
    return sum(count_placeholders(part, marker) for part in value) if isinstance(value, list | tuple) else 0


@dataclass(frozen=True, slots=True)
class OfferedCallback:
    """The callback URL of one attempt. Its last part is a signature, by which whoever knows it may settle the run."""

    url: str

    @property
    def header(self) -> Header:
        """The header by which the target gets the URL."""
        return CALLBACK_HEADER, self.url

    @property
    def secret(self) -> Header:
        """The secret part of the URL, in the form in which secrets are masked."""
        return CALLBACK_HEADER, self.url.rpartition(".")[2]

    def hide_in(self, text: str) -> str:
        """Return what was sent without the secret part. It is hexadecimal, so no encoding changes it."""
        return text.replace(self.secret[1], MASK)
