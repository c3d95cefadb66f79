"""The result of a run as it is stored: a JSON text, so that no key or number is bent by the database. Pure."""

from dataclasses import replace
from typing import Any

from tocsin.jobs.base import AttemptError, ErrorKind, Outcome
from tocsin.jobs.json_values import DEEPEST, UnfitJson, read_json, write_json

LIMIT = 1024 * 1024
"""Bytes. More is kept as a file, or where it came from."""
_NOT_JSON = "The job's result cannot be kept as JSON. {}"
_TOO_LARGE = "The job's result has {} bytes as JSON; {} are kept at most."


def stored(outcome: Outcome) -> Outcome:
    """The outcome with its result as text; a failed one if the result cannot be kept."""
    if outcome.error is not None:
        return replace(outcome, error=_without_halves(outcome.error))
    if outcome.result is None:
        return outcome
    try:
        text = write_json(outcome.result)
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
