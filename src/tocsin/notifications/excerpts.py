"""Excerpts from texts of users and servers for notifications: on one line, limited, and without secrets. Pure."""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from tocsin.documents import ErrorDocument, ErrorKind
from tocsin.outbound.mail_text import to_single_line

_MAX_NAME = 80
_MAX_URL = 300
_MAX_MESSAGE = 500
_UNKNOWN = "The reason is unknown."
_URL = re.compile(r"[a-z][a-z0-9+.-]{0,30}://[^\s\"'<>]+", re.IGNORECASE)


def truncate(text: str, limit: int) -> str:
    """Truncate the text to `limit` characters."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def excerpt_name(name: str) -> str:
    """Return the name of a task or workflow on one short line."""
    return truncate(to_single_line(name), _MAX_NAME)


def excerpt_message(message: str) -> str:
    """Return the message on one line, with its URLs redacted: one may have a token in its query."""
    return truncate(_URL.sub(lambda match: redact_url(match[0]), to_single_line(message)), _MAX_MESSAGE)


def redact_url(url: str) -> str:
    """Remove the parts of `url` that may be secret: user, password, query string and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(an invalid URL)"
    public = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")
    return truncate(public.geturl(), _MAX_URL)


@dataclass(frozen=True, slots=True)
class ErrorExcerpt:
    """The message and hint of an error, without what may be secret. The kind is None if it is unknown."""

    message: str
    hint: str
    kind: ErrorKind | None = None

    @classmethod
    def from_document(cls, error: ErrorDocument | None) -> Self:
        """Return the excerpt of a stored error, or of one that is not known."""
        if not error:
            return cls(_UNKNOWN, "")
        return cls(
            excerpt_message(error["message"]) or _UNKNOWN, excerpt_message(error.get("hint") or ""), error["kind"]
        )
