"""Answers of services, and what may be quoted from them. Pure."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from http import HTTPStatus
from json import JSONDecodeError
from typing import Any
from urllib.parse import unquote

from tocsin.json_values import InvalidJson, parse_json
from tocsin.notifications.channels.cutting import cut
from tocsin.outbound.mail_text import to_single_line
from tocsin.outbound.urls import parse_url

MAX_WAIT = timedelta(days=1)
"""The longest wait that a service can ask for."""
_MAX_JSON, _MAX_READ, _MAX_QUOTED = 65_536, 20_000, 200
"""Characters of an answer: with values that are looked for, searched for secrets, and quoted."""
_MIN_WORD, _MIN_PART = 8, 4
_PARTS = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True)
class Answer:
    """A service's answer to a request. `retry_after` is the wait from its header."""

    status: int
    text: str
    retry_after: timedelta | None = None

    @property
    def is_success(self) -> bool:
        """True if the status is one of success."""
        return 200 <= self.status < 300

    @property
    def status_line(self) -> str:
        """The status with its name, such as `404 Not Found`."""
        known = {status.value: status.phrase for status in HTTPStatus}
        return f"{self.status} {known.get(self.status, '')}".strip()

    def find(self, *path: str) -> Any:
        """Return the value at this path of a JSON answer; None if there is none, or the answer is very long."""
        if len(self.text) > _MAX_JSON:
            return None
        try:
            value = parse_json(self.text)
        except (JSONDecodeError, InvalidJson):
            return None
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def find_text(self, *path: str) -> str:
        """Return the string at this path of a JSON answer; empty if there is none."""
        value = self.find(*path)
        return value if isinstance(value, str) else ""


def limit_wait(seconds: Any) -> timedelta | None:
    """Return the wait of that many seconds, at most `MAX_WAIT`; None unless it is a number above 0."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
        return None
    return timedelta(seconds=min(seconds, MAX_WAIT.total_seconds()))


def quote_answer(text: str, secrets: Collection[str]) -> str:
    """Return the beginning of a text on one line; nothing if it repeats a secret or part of one, encoded or not."""
    line = to_single_line(text[:_MAX_READ])
    decoded = {line, unquote(line), unescape(line)}
    parts = {part for secret in secrets for part in _parts(secret)}
    return "" if any(part in form for part in parts for form in decoded) else cut(line, _MAX_QUOTED)


def _parts(secret: str) -> Iterator[str]:
    """Yield the secret and its parts, except short words and the host of a URL: its path alone is as secret."""
    url = parse_url(secret)
    confidential = secret if isinstance(url, str) else url.raw_path_qs
    if len(secret) >= _MIN_PART:
        yield secret
    for form in {confidential, unquote(confidential)}:
        yield from (part for part in _PARTS.findall(form) if len(part) >= (_MIN_WORD if part.isalpha() else _MIN_PART))
