"""Plain explanations of the errors of aiohttp's response parser. Pure.

The parser's messages quote the response, which may contain secrets and be of any length. Only its own sentence before
the quotation is used.
"""

import re

MAX_HEADER_LINE_BYTES = 16_384  # bytes of a header's name and value, or of a status line's phrase
MAX_HEADERS = 128
TOO_MANY_INTERIM_RESPONSES = "Too many interim responses"

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
    "Invalid header token": "a header line is not of the form `name: value`",
}
_RULES_HINT = "The server, or a proxy in front of it, violates HTTP. Its log may say why."
_START_HINT = "Does this port speak HTTP? For https, begin the URL with https://."
_LIMIT_HINT = "Let the server send shorter headers. Cookies are often the reason."


def explain_parse_error(text: str) -> tuple[str, str]:
    """Explain the parser's error `text` as a predicate about the response, with a hint."""
    if text.startswith("Got more than"):
        limit = f"{MAX_HEADER_LINE_BYTES:,} bytes"
        return f"has a header or status line of more than {limit}, which is the maximum that Tocsin reads", _LIMIT_HINT
    if text == "Too many headers received":
        return f"has more than {MAX_HEADERS} headers, which is the maximum that Tocsin reads", _LIMIT_HINT
    if text == TOO_MANY_INTERIM_RESPONSES:
        return "begins with more interim responses (status 100 to 199) than Tocsin reads", _RULES_HINT
    hint = _START_HINT if text.startswith(_BAD_START) else _RULES_HINT
    return f"is not valid HTTP ({_reason(text)})", hint


def describe_received_length(text: str) -> str | None:
    """Return the received part of a truncated response, such as "4 of 100 bytes", if the parser counted it."""
    found = _RECEIVED.search(text)
    return found and f"{found[1]} of {found[2]} bytes"


def _reason(text: str) -> str:
    if text.startswith("Invalid HTTP header"):
        return "a header contains an invalid character"
    found = _SENTENCE.match(text)
    if found is None:
        return "it is malformed"
    return _WORDS.get(found[1], found[1])
