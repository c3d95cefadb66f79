"""The callback that an HTTP call can expect: its setting, and the URL that the target gets. Pure."""

import re
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
"""The place of the URL in stored parameters: without spaces, so that a URL with it stays a URL."""
MIN_WITHIN, MAX_WITHIN = timedelta(seconds=1), timedelta(days=30)
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


def compact_placeholders(text: str) -> str:
    """Return the text with each placeholder in its stored form."""
    return _PLACEHOLDER.sub(lambda _: CALLBACK_PLACEHOLDER, text)


def fill_with_sample(url: str) -> str:
    """Return a URL as it may be called, to be checked when it is saved."""
    return insert_into_url(url, _SAMPLE_URL)


def insert_into_url(url: str, callback_url: str) -> str:
    """Return a URL with the callback URL in place of the placeholders, percent-encoded."""
    return _PLACEHOLDER.sub(lambda _: quote(callback_url, safe=""), url)


def insert_into_text(text: str, callback_url: str) -> str:
    """Return a text with the callback URL in place of the placeholders. No JSON string needs it to be escaped."""
    return _PLACEHOLDER.sub(lambda _: callback_url, text)


def insert_into_body(body: HttpBody | None, callback_url: str) -> HttpBody | None:
    """Return a body with the callback URL in place of the placeholders."""
    if body is None:
        return None
    if isinstance(body.value, str):
        return HttpBody(kind=body.kind, value=insert_into_text(body.value, callback_url))
    pairs = [(name, insert_into_text(value, callback_url)) for name, value in body.value]
    return HttpBody(kind=body.kind, value=pairs)


def check_placeholders(value: Any) -> None:
    """Check how often the URL is to be inserted, which bounds the size of the request. Raises InvalidInput."""
    if (count := count_placeholders(value)) > _MAX_PLACEHOLDERS:
        message = f"The callback URL is inserted {count} times; at most {_MAX_PLACEHOLDERS} are allowed."
        raise InvalidInput(message, "expectCallback")


def count_placeholders(value: Any) -> int:
    """Return the number of placeholders in a JSON value."""
    if isinstance(value, str):
        return len(_PLACEHOLDER.findall(value))
    if isinstance(value, Mapping):
        return sum(count_placeholders(part) for pair in value.items() for part in pair)
    return sum(count_placeholders(part) for part in value) if isinstance(value, list | tuple) else 0


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
