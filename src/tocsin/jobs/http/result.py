"""The result of an HTTP call for later steps of a workflow. Pure."""

from collections.abc import Sequence
from typing import Any, TypedDict

from tocsin.jobs.base import Outcome
from tocsin.json_values import JsonText, dump_json, parse_json

_SET_COOKIE = "set-cookie"


class StepResult(TypedDict):
    """The result of a call. `headers` are by lowercase name; `body` is a value if it is JSON, else text."""

    statusCode: int | None
    headers: dict[str, str | list[str]]
    body: Any
    truncated: bool


def make_step_result(outcome: Outcome) -> StepResult | None:
    """Return the result of a call; None if it failed."""
    if outcome.error is not None:
        return None
    content_types = [value for name, value in outcome.response_headers if name.lower() == "content-type"]
    return {
        "statusCode": outcome.status_code,
        "headers": combine_headers(outcome.response_headers),
        "body": _parse_body(outcome.response_body, content_types[-1] if content_types else ""),
        "truncated": outcome.response_truncated,
    }


def make_step_result_text(
    status: int | None,
    headers: Sequence[tuple[str, str]],
    body: str | None,
    truncated: bool,
) -> JsonText:
    """Return the result as JSON text. Used for large responses, in a compute process. Raises InvalidJson."""
    outcome = Outcome(
        status_code=status, response_headers=list(headers), response_body=body, response_truncated=truncated
    )
    return JsonText(dump_json(make_step_result(outcome)))


def combine_headers(headers: Sequence[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Return the headers by lowercase name. Repeated ones are joined with a comma (RFC 9110 section 5.3), except
    Set-Cookie, which becomes a list.
    """
    combined: dict[str, str | list[str]] = {}
    for name, value in ((name.lower(), value) for name, value in headers):
        before = combined.get(name)
        if name == _SET_COOKIE:
            combined[name] = [*(before or ()), value]
        else:
            combined[name] = value if before is None else f"{before}, {value}"
    return combined


def _parse_body(text: str | None, content_type: str) -> Any:
    media_type = content_type.partition(";")[0].strip().lower()
    if text is None or not (media_type in {"application/json", "text/json"} or media_type.endswith("+json")):
        return text
    try:
        return parse_json(text)
    except ValueError:  # not JSON despite its type, truncated, or beyond the bounds
        return text
