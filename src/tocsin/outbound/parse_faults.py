"""Says in plain words why aiohttp's parser refused an answer. Pure.

The parser's messages quote the answer, which may hold secrets and has no end. Only its own sentence before the
quotation is taken.
"""

import re

HEADER_LINE_LIMIT = 16_384  # bytes of a header's name and value, or of a status line's phrase
HEADER_COUNT_LIMIT = 128
TOO_MANY_INTERIM = "Too many interim answers"

_BAD_START = "Bad status line"
_SENTENCE = re.compile(r"(?:Bad status line:\s+)?([^\n]{1,100}):\n\n")
_RECEIVED = re.compile(r"received (\d+) of (\d+) bytes")
_BOTH_LENGTHS = "it has both a Content-Length and a Transfer-Encoding, and only one can be right"
_WORDS = {
    "Expected HTTP/, RTSP/ or ICE/": "it does not begin with HTTP/1.1 or HTTP/1.0",
    "Expected dot": "its version is neither HTTP/1.1 nor HTTP/1.0",
    "Invalid HTTP version": "its version is neither HTTP/1.1 nor HTTP/1.0",
    "Invalid response status": "its status is not a number of three digits",
    "Invalid status code": "its status is not a number of three digits",
    "Content-Length can't be present with Transfer-Encoding": _BOTH_LENGTHS,
    "Transfer-Encoding can't be present with Content-Length": _BOTH_LENGTHS,
    "Duplicate Content-Length": "it has more than one Content-Length",
    "Invalid header token": "a header line is no name, colon and value",
}
_RULES_HINT = "The server, or a proxy before it, breaks the rules of HTTP. Its log may say why."
_START_HINT = "Does this port speak HTTP? For https, begin the URL with https://."
_LIMIT_HINT = "Let the server send less in its headers; cookies are often what makes them long."


def explain_refusal(text: str) -> tuple[str, str]:
    """Return what is wrong with the answer that the parser refused with `text`, as a predicate; and a hint."""
    if text.startswith("Got more than"):
        limit = f"{HEADER_LINE_LIMIT:,} bytes"
        return f"has a header or status line of more than {limit}, which is the most that Tocsin reads", _LIMIT_HINT
    if text == "Too many headers received":
        return f"has more than {HEADER_COUNT_LIMIT} headers, which is the most that Tocsin reads", _LIMIT_HINT
    if text == TOO_MANY_INTERIM:
        return "begins with more interim answers (status 100 to 199) than Tocsin reads", _RULES_HINT
    hint = _START_HINT if text.startswith(_BAD_START) else _RULES_HINT
    return f"is not valid HTTP ({_reason(text)})", hint


def explain_end(text: str) -> str | None:
    """Return how much came of an answer that ended too early, if the parser counted it, as "4 of 100 bytes"."""
    found = _RECEIVED.search(text)
    return found and f"{found[1]} of {found[2]} bytes"


def _reason(text: str) -> str:
    if text.startswith("Invalid HTTP header"):
        return "a header has a character that is not allowed"
    found = _SENTENCE.match(text)
    if found is None:
        return "it is malformed"
    return _WORDS.get(found[1], found[1])
