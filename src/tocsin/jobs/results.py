"""The result of a run as it is stored: a JSON text, so that no key or number is bent by the database. Pure."""

import asyncio
from dataclasses import replace
from typing import Any

from tocsin.jobs.base import AttemptError, ErrorKind, Outcome
from tocsin.jobs.json_values import DEEPEST, JsonText, UnfitJson, read_json, write_json

LIMIT = 1024 * 1024
"""Bytes. More is kept as a file, or where it came from."""
_SMALL = 2_000
"""Parts of a result that are written at once; 64 characters of a text are one."""
_NOT_JSON = "The job's result cannot be kept as JSON. {}"
_TOO_LARGE = "The job's result has {} bytes as JSON; {} are kept at most."


async def store(outcome: Outcome) -> Outcome:
    """The same, in a thread if it takes longer than others should wait."""
    return stored(outcome) if _is_small(outcome.result) else await asyncio.to_thread(stored, outcome)


def _is_small(value: Any) -> bool:
    left, ahead = _SMALL, [value]
    while ahead and left > 0:
        part = ahead.pop()
        left -= 1 + (len(part) // 64 if isinstance(part, str) else 0)
        if isinstance(part, dict | list):
            left -= len(part)
            ahead += (part.values() if isinstance(part, dict) else part) if left > 0 else ()
    return left > 0


def stored(outcome: Outcome) -> Outcome:
    """The outcome with its result as text; a failed one if the result cannot be kept."""
    if outcome.error is not None:
        return replace(outcome, error=_without_halves(outcome.error))
    if outcome.result is None:
        return outcome
    try:
        text = outcome.result if isinstance(outcome.result, JsonText) else write_json(outcome.result)
    except UnfitJson as error:
        return Outcome.failed(_NOT_JSON.format(error))
    size = len(text.encode())
    if size > LIMIT:
        hint = "Let the job return less, or keep what is large as a file."
        return Outcome.failed(_TOO_LARGE.format(size, LIMIT), hint, ErrorKind.RESULT_TOO_LARGE)
    return replace(outcome, result=text)


def _without_halves(error: AttemptError) -> AttemptError:
    """The error with a question mark for each half of a surrogate pair, which the database cannot hold."""
    message, hint = (
        None if text is None else text.encode(errors="replace").decode() for text in (error.message, error.hint)
    )
    return replace(error, message=message or "", hint=hint)


def read(text: str | None) -> Any:
    """The result that was stored as this text. One from before there were bounds stays a text if it is beyond them."""
    try:
        return None if text is None else read_json(text, DEEPEST)
    except ValueError:
        return text
