"""Hints for unsuccessful responses, by status code. Pure."""

_HINTS = {
    101: "The server switched to another protocol without being asked to.",
    300: "The server offers several URLs. Use one of them; the response headers and body may list them.",
    304: "The resource has not changed. Leave out the conditional headers (If-None-Match, If-Modified-Since).",
    305: "The server wants to be called through a proxy. This status is obsolete, and Tocsin uses no proxy.",
    306: "This status is no longer in use. Check the server's configuration.",
    401: "Check the token or the credentials in the headers.",
    403: "The server does not allow this request. Check the credentials and their permissions.",
    404: "Check the path of the URL.",
    405: "Check the method: the server does not accept it for this URL.",
    408: "The server timed out while waiting for the request.",
    413: "Send a smaller body.",
    415: "Check the Content-Type header.",
    429: "The server limits how often it may be called. Call it less often.",
    503: "The server is overloaded or under maintenance.",
}


def find_status_hint(status: int, *, has_location: bool) -> str:
    """Return the hint for a status. Set `has_location` if the response has a Location header."""
    if status in _HINTS:
        return _HINTS[status]
    if 300 <= status < 400:
        if has_location:
            return "This redirect was not followed. Use the URL that it points to."
        return "This redirect has no Location header, so it cannot be followed. Check the server's configuration."
    if status >= 500:
        return "The error is on the server's side; its log may say why."
    return "The response body may say what the server expects."
