"""The filter of dead letters, and the hosts that it compares."""

import re
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address
from typing import Any, cast

from tocsin.clock import EPOCH, MILLISECOND
from tocsin.documents import DeadLetterFilterDocument, ErrorKind, Filter, RunReason, Trigger
from tocsin.errors import InvalidInput
from tocsin.outbound.urls import parse_url

_MAX_HOST = 300
_SPECIAL = str.maketrans({character: f"\\{character}" for character in r"\.+*?()|[]{}^$"})
_NO_HOST = re.compile(r"[/:?#@]")
FAR_FUTURE = datetime(9999, 12, 30, tzinfo=EPOCH.tzinfo)


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """Conditions that a dead letter must all meet. `finished_before` is exclusive.

    `workflow` is the name of the workflow that the run is a step of, `host` the host of an HTTP job's URL, in ASCII.
    """

    task: str | None = None
    workflow: str | None = None
    host: str | None = None
    error_kind: ErrorKind | None = None
    finished_after: datetime | None = None
    finished_before: datetime | None = None

    @property
    def is_empty(self) -> bool:
        """True if the filter has no conditions."""
        return self == DeadLetterFilter()

    def to_document(self) -> DeadLetterFilterDocument:
        """Return the stored form of the filter."""
        values = {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}
        return cast("DeadLetterFilterDocument", values)  # the slots have the names and types of its keys

    @classmethod
    def from_document(cls, stored: DeadLetterFilterDocument) -> "DeadLetterFilter":
        """Return the filter from its stored form."""
        kind = stored.get("error_kind")
        values: dict[str, Any] = {**stored, "error_kind": kind and ErrorKind(kind)}
        return cls(**values)

    def residual_query(self) -> Filter:
        """Return the conditions other than those on owner, status and time."""
        found: Filter = {"discarded_at": None, "reason": {"$ne": RunReason.INCONCLUSIVE}}
        if self.task is not None:
            found["task"] = self.task
        if self.workflow is not None:
            found["trigger"] = Trigger.WORKFLOW
            found["task_name"] = {"$regex": f"^{_escape_regex(self.workflow)} / "}
        if self.host is not None:
            names = "|".join(_escape_regex(name) for name in _spellings(self.host))
            found["job.params.url"] = {"$regex": f"^https?://({names})(:[0-9]*)?([/?#]|$)", "$options": "i"}
        if self.error_kind is not None:
            found["error.kind"] = self.error_kind
        return found

    def time_range(self, until: datetime = FAR_FUTURE) -> tuple[datetime, datetime]:
        """Return the earliest and the latest time at which a matching run finished."""
        last = max(self.finished_before, EPOCH) - MILLISECOND if self.finished_before else until
        return self.finished_after or EPOCH, min(last, until)


def find_url_host(url: object) -> str | None:
    """Return the host of a stored URL, in ASCII; None if it is not a URL."""
    parsed = parse_url(url) if isinstance(url, str) else ""
    return None if isinstance(parsed, str) else (parsed.raw_host or "").lower()


def parse_host(text: str, *path: str) -> str:
    """Parse a host in user input to ASCII. Raises InvalidInput at `path`."""
    is_address = text.count(":") > 1
    host = find_url_host(f"http://[{text}]/" if is_address else f"http://{text}/")
    if not host or len(text) > _MAX_HOST or (not is_address and _NO_HOST.search(text)):
        raise InvalidInput("Give a host name or address such as example.com, without scheme, port or path.", *path)
    return host


def _escape_regex(text: str) -> str:
    return text.translate(_SPECIAL)


def _spellings(host: str) -> list[str]:
    """Return the spellings of an ASCII host in URLs."""
    url = parse_url(f"http://{f'[{host}]' if ':' in host else host}/")
    readable = None if isinstance(url, str) else url.host
    names = [host] if readable in (None, host) else [host, readable]
    return [f"[{name}]" for name in _address_spellings(host)] if ":" in host else names


def _address_spellings(host: str) -> list[str]:
    """Return the common spellings of an IPv6 address. An IPv4-mapped one may end in dotted decimals."""
    address = IPv6Address(host)
    mapped = [] if address.ipv4_mapped is None else [f"::ffff:{address.ipv4_mapped}"]
    return sorted({host, str(address), address.exploded, *mapped})
