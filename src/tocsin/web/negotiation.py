"""Content negotiation: the format of a response, by the Accept header (RFC 9110 section 12.5.1)."""

import re
from dataclasses import dataclass

from tocsin.web.error_responses import RequestRefused

MODERN_MEDIA_TYPE = "application/graphql-response+json"
LEGACY_MEDIA_TYPE = "application/json"
STREAM_MEDIA_TYPE = "text/event-stream"
_QUALITY = re.compile(r"[01](?:\.[0-9]{0,3})?")


@dataclass(frozen=True)
class AcceptedFormats:
    """The formats that a client accepts.

    `media_type` is for a response in one piece; None if the client accepts none of ours. `accepts_stream`: it accepts
    server-sent events; `prefers_stream`: it prefers them for every operation.
    """

    media_type: str | None
    accepts_stream: bool
    prefers_stream: bool


@dataclass(frozen=True)
class _MediaRange:
    type: str
    subtype: str
    quality: float

    def fits(self, media_type: str) -> int:
        """Return how specifically the range matches: 3 exactly, 2 by type, 1 as `*/*`, 0 not at all."""
        type_, _, subtype = media_type.partition("/")
        if (self.type, self.subtype) == ("*", "*"):
            return 1
        if self.type != type_:
            return 0
        return {subtype: 3, "*": 2}.get(self.subtype, 0)


def negotiate(accept: str) -> AcceptedFormats:
    """Return the formats that a client with this Accept header accepts. Raises RequestRefused (406) if there are none.

    `*/*` and a missing header mean `application/json`, as the GraphQL-over-HTTP specification recommends for legacy
    clients. They never mean a stream, which must be accepted explicitly.
    """
    ranges = [found for part in (accept.strip() or "*/*").split(",") if (found := _parse_range(part)) is not None]
    offers = [(*_quality(ranges, media_type), media_type) for media_type in (MODERN_MEDIA_TYPE, LEGACY_MEDIA_TYPE)]
    quality, _, single = max(offers, key=_rank)
    stream_quality, how = _quality(ranges, STREAM_MEDIA_TYPE)
    streams = stream_quality > 0 and how > 1
    if quality == 0 and not streams:
        raise RequestRefused(
            406, f"The Accept header allows none of {MODERN_MEDIA_TYPE}, {LEGACY_MEDIA_TYPE} and {STREAM_MEDIA_TYPE}."
        )
    return AcceptedFormats(single if quality > 0 else None, streams, streams and stream_quality > quality)


def _rank(offer: tuple[float, int, str]) -> tuple[float, int, bool]:
    """Return the sort key of an offer: quality, then specificity. Ties go to the modern type if it is named."""
    quality, how, media_type = offer
    return quality, how, (media_type == MODERN_MEDIA_TYPE) == (how == 3)


def _quality(ranges: list[_MediaRange], media_type: str) -> tuple[float, int]:
    """Return the quality of a media type by the most specific range that matches, and that specificity."""
    fitting = [(how, one.quality) for one in ranges if (how := one.fits(media_type))]
    how, quality = max(fitting, default=(0, 0.0))
    return quality, how


def _parse_range(text: str) -> _MediaRange | None:
    """Parse one media range; None if it is invalid, or requires a charset other than UTF-8."""
    name, *parameters = [part.strip() for part in text.split(";")]
    type_, slash, subtype = name.lower().partition("/")
    pairs = [parameter.partition("=") for parameter in parameters]
    options = {key.strip().lower(): value.strip().strip('"') for key, _, value in pairs}
    quality = options.get("q", "1")
    if not (slash and type_ and subtype and _QUALITY.fullmatch(quality)):
        return None
    if options.get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
        return None
    return _MediaRange(type_, subtype, min(float(quality), 1.0))
