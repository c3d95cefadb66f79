"""Advice after an answer that is not success, by its status. Pure."""

_HINTS = {
    101: "The server went over to another protocol, which it was not asked for.",
    300: "The server offers several URLs. Use one of them; the response headers and body may list them.",
    304: "Nothing has changed since. Leave out the conditional headers (If-None-Match, If-Modified-Since).",
    305: "The server wants to be called through a proxy. This status is obsolete, and no proxy is used.",
    306: "This status is not in use any more. Check the server's set-up.",
    401: "Check the token or the credentials in the headers.",
    403: "The server knows the request but does not allow it. Check the credentials and their rights.",
    404: "Check the path of the URL.",
    405: "Check the method: the server does not take this one here.",
    408: "The server stopped waiting for the request.",
    413: "Send a smaller body.",
    415: "Check the Content-Type header.",
    429: "The server asks to be called less often.",
    503: "The server is overloaded or being maintained.",
}


def hint_for(status: int, *, has_location: bool) -> str:
    """The hint for an answer of `status`; `has_location` says whether a Location header came with it."""
    if status in _HINTS:
        return _HINTS[status]
    if 300 <= status < 400:
        if has_location:
            return "This redirect was not followed. Use the URL that it leads to."
        return "This redirect has no Location header, so it leads nowhere. Check the server's set-up."
    if status >= 500:
        return "The fault is on the server's side; its log may say why."
    return "The response body may say what the server expects."
