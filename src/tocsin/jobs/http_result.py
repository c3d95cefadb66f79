"""What later steps of a workflow see of an HTTP call. Pure."""

import json
from typing import Any

from tocsin.jobs.base import Outcome


def step_result(outcome: Outcome) -> dict[str, Any] | None:
    """`statusCode`, `headers` by their names in small letters, `body`: the value if it is JSON, else the text."""
    if outcome.error is not None:
        return None
    headers = {name.lower(): value for name, value in outcome.response_headers}
    return {
        "statusCode": outcome.status_code,
        "headers": headers,
        "body": _body(outcome.response_body, headers.get("content-type", "")),
        "truncated": outcome.response_truncated,
    }


def _body(text: str | None, content_type: str) -> Any:
    media_type = content_type.partition(";")[0].strip().lower()
    if text is None or not (media_type == "application/json" or media_type.endswith("+json")):
        return text
    try:
        return json.loads(text)
    except ValueError:  # what it says it is, or what was cut off
        return text
