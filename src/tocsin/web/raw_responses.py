"""Error responses as bytes, for connections that the application does not see."""

from http import HTTPStatus

from tocsin.web.error_responses import error_body
from tocsin.web.security_headers import SECURITY_HEADERS


def raw_response(status: int, message: str) -> bytes:
    """Return the bytes of an error response."""
    body = error_body(status, message)
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        *(f"{name}: {value}" for name, value in response_headers(body)),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def response_headers(body: bytes) -> list[tuple[str, str]]:
    """Return the headers of an error response with this body."""
    ours = [(name.decode(), value.decode()) for name, value in SECURITY_HEADERS]
    return [("content-type", "application/json"), ("content-length", str(len(body))), ("connection", "close"), *ours]
