"""References to named secrets in the parameters of an HTTP call, as they are saved. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from yarl import URL

from tocsin.errors import InvalidInput
from tocsin.jobs.http.body import HttpBodyDocument
from tocsin.jobs.http.params import SealedHeader
from tocsin.named_secrets.references import (
    MAX_REFERENCES,
    compact_references,
    explain_unknown,
    fill_references,
    find_names,
    find_reference_faults,
    has_references,
    secret_key,
    text_before_references,
)
from tocsin.named_secrets.store import KnownSecrets
from tocsin.outbound.host_patterns import find_host_refusal
from tocsin.outbound.urls import parse_url

_LITERAL_ORIGIN = re.compile(r"https?://[^/?#\\@]+[/?#]", re.IGNORECASE)
_SAMPLE = "x"
_SAMPLE_URL = "https://tocsin.example/x"
UNBOUND = (
    "A secret determines the server of the url, so this value is bound to none. Store it as a named secret too, and "
    "write a reference to that here."
)
PlacedText = tuple[tuple[str, ...], str]


@dataclass(frozen=True, slots=True)
class ReferenceRules:
    """The rules for references in parameters that are being saved.

    `known` are the owner's secrets; None if they are not checked. `marker` stands for
    references in the evaluated parameters of a step, instead of `${{ secrets.name }}`, which may come from data.
    """

    known: KnownSecrets | None = None
    marker: str | None = None

    def has_names(self, text: str) -> bool:
        """Return whether a text references a secret."""
        return bool(find_names(text, self.marker))

    def is_used(self, texts: Iterable[str]) -> bool:
        """Return whether the texts have to be searched for references when they are sent."""
        return any(has_references(text) if self.marker is None else self.has_names(text) for text in texts)

    def compact(self, text: str) -> str:
        """Return a text with references without spaces, for a URL and a token."""
        return compact_references(text) if self.marker is None else text

    def fill_with_sample(self, url: str) -> str:
        """Return a URL as it may be called, to be checked when it is saved."""
        return fill_references(url, self.marker, lambda _, before: _SAMPLE if before else _SAMPLE_URL)

    def check_texts(self, texts: Iterable[PlacedText]) -> None:
        """Check the references in texts with their paths. Raises InvalidInput."""
        count = 0
        for path, text in texts:
            self._check_text(path, text)
            count += len(find_names(text, self.marker))
            if count > MAX_REFERENCES:
                raise InvalidInput(f"A job may reference secrets {MAX_REFERENCES} times at most.", *path)

    def leaves_server_open(self, url: str) -> bool:
        """Return whether a secret determines the server of a URL."""
        return self.has_names(url) and not self._has_literal_origin(url)

    def check_hosts(self, url: str, texts: Iterable[PlacedText]) -> None:
        """Check that secrets may be sent to the server of a URL. Raises InvalidInput."""
        for path, message in find_host_faults(url, texts, self.known or {}):
            raise InvalidInput(message, *path)

    def check_bound(
        self, url: str, sealed: Mapping[str, str | SealedHeader], token: str | None, *, keeps_token: bool
    ) -> None:
        """Check that sealed values without a reference go to a server that the URL names. Raises InvalidInput."""
        if not self.leaves_server_open(url):
            return
        for name, value in sealed.items():
            if isinstance(value, SealedHeader) or not self.has_names(value):
                raise InvalidInput(UNBOUND, "headers", name)
        if token is not None and (keeps_token or not self.has_names(token)):
            raise InvalidInput(UNBOUND, "token")

    def _check_text(self, path: tuple[str, ...], text: str) -> None:
        if self.marker is not None:
            return
        for _, message in find_reference_faults(text):
            raise InvalidInput(message, *path)
        for name in find_names(text) if self.known is not None else ():
            if secret_key(name) not in (self.known or ()):
                raise InvalidInput(explain_unknown(name), *path)

    def _has_literal_origin(self, url: str) -> bool:
        return _LITERAL_ORIGIN.match(text_before_references(url, self.marker)) is not None


NO_REFERENCE_RULES = ReferenceRules()


def find_host_faults(url: str, texts: Iterable[PlacedText], known: KnownSecrets) -> Iterator[PlacedText]:
    """Yield why secrets may not be sent to the server of a URL, with the paths of the texts that reference them.

    None if the URL does not name its server: they are also checked before each request.
    """
    origin = _LITERAL_ORIGIN.match(text_before_references(url, None) if find_names(url) else f"{url}/")
    called = parse_url(origin[0]) if origin is not None and "${{" not in origin[0] else None
    if not isinstance(called, URL):
        return
    for path, text in texts:
        for name in find_names(text):
            secret = known.get(secret_key(name))
            if secret is not None and (refusal := find_host_refusal(called, [secret])) is not None:
                allowed = f"The secret {secret.name} may be sent to {', '.join(secret.patterns)} only"
                yield path, f"{allowed}, not to {called.host}. {refusal.hint}"


def body_texts(body: HttpBodyDocument | None, place: str) -> list[PlacedText]:
    """Return the texts of a stored body that references in it are searched in."""
    if body is None:
        return []
    value = body["value"]
    return [((place,), value)] if isinstance(value, str) else [((place, name), text) for name, text in value]
