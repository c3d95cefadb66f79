"""In which form the client takes an answer: its Accept header, read as RFC 9110 section 12.5.1 says."""

import re
from dataclasses import dataclass

from tocsin.web.faults import Refused

MODERN = "application/graphql-response+json"
LEGACY = "application/json"
STREAM = "text/event-stream"
_QUALITY = re.compile(r"[01](?:\.[0-9]{0,3})?")


@dataclass(frozen=True)
class Wanted:
    """`single` is the media type for an answer in one piece, None if the client takes none of ours.

    `streams`: it takes server-sent events; `streams_first`: it would rather have them for whatever it asks.
    """

    single: str | None
    streams: bool
    streams_first: bool


@dataclass(frozen=True)
class _Range:
    type: str
    subtype: str
    quality: float

    def fits(self, media_type: str) -> int:
        """How exactly this range names the media type: 3 by its name, 2 by its type, 1 as anything, 0 not at all."""
        type_, _, subtype = media_type.partition("/")
        if (self.type, self.subtype) == ("*", "*"):
            return 1
        if self.type != type_:
            return 0
        return {subtype: 3, "*": 2}.get(self.subtype, 0)


def negotiate(accept: str) -> Wanted:
    """What a client with this header takes. Raises Refused (406) if it is none of ours.

    Anything (`*/*`, or no header) is `application/json`, as the GraphQL-over-HTTP specification has it until clients
    have moved on. It is never a stream: that must be asked for.
    """
    ranges = [found for part in (accept.strip() or "*/*").split(",") if (found := _parsed(part)) is not None]
    offers = [(*_quality(ranges, media_type), media_type) for media_type in (MODERN, LEGACY)]
    quality, _, single = max(offers, key=_rank)
    stream_quality, how = _quality(ranges, STREAM)
    streams = stream_quality > 0 and how > 1
    if quality == 0 and not streams:
        raise Refused(406, f"The answer is {MODERN}, {LEGACY} or {STREAM}; the Accept header takes none of them.")
    return Wanted(single if quality > 0 else None, streams, streams and stream_quality > quality)


def _rank(offer: tuple[float, int, str]) -> tuple[float, int, bool]:
    """The better liked, then the more exactly named; of two named alike the modern one, by wildcards the other."""
    quality, how, media_type = offer
    return quality, how, (media_type == MODERN) == (how == 3)


def _quality(ranges: list[_Range], media_type: str) -> tuple[float, int]:
    """How well the media type is liked, by the range that names it most exactly, and how exactly that is."""
    fitting = [(how, one.quality) for one in ranges if (how := one.fits(media_type))]
    how, quality = max(fitting, default=(0, 0.0))
    return quality, how


def _parsed(text: str) -> _Range | None:
    """One media range; None if it is none, or asks for an encoding that is not ours."""
    name, *parameters = [part.strip() for part in text.split(";")]
    type_, slash, subtype = name.lower().partition("/")
    pairs = [parameter.partition("=") for parameter in parameters]
    given = {key.strip().lower(): value.strip().strip('"') for key, _, value in pairs}
    quality = given.get("q", "1")
    if not (slash and type_ and subtype and _QUALITY.fullmatch(quality)):
        return None
    if given.get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
        return None
    return _Range(type_, subtype, min(float(quality), 1.0))
