"""Results of runs, stored as JSON text so that the database changes no key or number. Pure."""

import asyncio
from dataclasses import replace
from typing import Any

from tocsin.documents import ErrorKind
from tocsin.jobs.base import AttemptError, Outcome
from tocsin.json_values import MAX_JSON_DEPTH, InvalidJson, JsonText, dump_json, parse_json

MAX_RESULT_BYTES = 1024 * 1024
"""Bytes of a result as JSON. Larger results belong in a file."""
_MAX_PARTS_IN_LOOP = 2_000
"""Parts of a result that is encoded in the event loop; 64 characters of a string count as one."""
_NOT_JSON = "The job's result cannot be stored as JSON. {}"
_TOO_LARGE = "The job's result has {} bytes as JSON; the limit is {}."


async def encode_result(outcome: Outcome) -> Outcome:
    """Encode the result like `encode_result_now`, in a thread if it is large."""
    return (
        encode_result_now(outcome) if _is_small(outcome.result) else await asyncio.to_thread(encode_result_now, outcome)
    )


def _is_small(value: Any) -> bool:
    left, ahead = _MAX_PARTS_IN_LOOP, [value]
    while ahead and left > 0:
        part = ahead.pop()
        left -= 1 + (len(part) // 64 if isinstance(part, str) else 0)
        if isinstance(part, dict | list):
            left -= len(part)
            ahead += (part.values() if isinstance(part, dict) else part) if left > 0 else ()
    return left > 0


def encode_result_now(outcome: Outcome) -> Outcome:
    """Return the outcome with its result as JSON text, or a failed one if the result cannot be stored."""
    if outcome.error is not None:
        return replace(outcome, error=_replace_surrogates(outcome.error))
    if outcome.result is None:
        return outcome
    try:
        text = outcome.result if isinstance(outcome.result, JsonText) else dump_json(outcome.result)
    except InvalidJson as error:
        return Outcome.failed(_NOT_JSON.format(error))
    size = len(text.encode())
    if size > MAX_RESULT_BYTES:
        hint = "Return less, or save large data as a file."
        return Outcome.failed(_TOO_LARGE.format(size, MAX_RESULT_BYTES), hint, ErrorKind.RESULT_TOO_LARGE)
    return replace(outcome, result=text)


def _replace_surrogates(error: AttemptError) -> AttemptError:
    """Return the error with lone surrogates, which the database cannot store, replaced by question marks."""
    message, hint = (
        None if text is None else text.encode(errors="replace").decode() for text in (error.message, error.hint)
    )
    return replace(error, message=message or "", hint=hint)


def decode_result(text: str | None) -> Any:
    """Return the result stored as this text. Text that exceeds the bounds, from an older version, stays a string."""
    try:
        return None if text is None else parse_json(text, MAX_JSON_DEPTH)
    except ValueError:
        return text
