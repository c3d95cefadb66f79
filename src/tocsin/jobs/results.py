"""The result of a run as it is stored: a JSON text, so that no key or number is bent by the database. Pure."""

import json
from dataclasses import replace
from typing import Any

from tocsin.jobs.base import ErrorKind, Outcome

LIMIT = 1024 * 1024
"""Bytes. More is kept as a file, or where it came from."""
_NOT_JSON = "The job's result is no JSON value: {}"
_TOO_LARGE = "The job's result has {} bytes as JSON; {} are kept at most."


def stored(outcome: Outcome) -> Outcome:
    """The outcome with its result as text; a failed one if the result cannot be kept."""
    if outcome.result is None:
        return outcome
    try:
        text = json.dumps(outcome.result, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError) as error:
        return Outcome.failed(_NOT_JSON.format(error), kind=ErrorKind.INTERNAL)
    if size > LIMIT:
        hint = "Let the job return less, or keep what is large as a file."
        return Outcome.failed(_TOO_LARGE.format(size, LIMIT), hint, ErrorKind.RESULT_TOO_LARGE)
    return replace(outcome, result=text)


def read(text: str | None) -> Any:
    """The result that was stored as this text."""
    return None if text is None else json.loads(text)
