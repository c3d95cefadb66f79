from typing import Any

import pytest

from tocsin.documents import ErrorKind
from tocsin.errors import InvalidInput
from tocsin.jobs import registry, results
from tocsin.jobs.base import AttemptError, Outcome, SaveContext
from tocsin.security.secret_box import SecretBox

SAVING = SaveContext("alice", SecretBox(bytes(32)))
HOLDS_ITSELF: list[Any] = []
HOLDS_ITSELF.append(HOLDS_ITSELF)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"a": float("inf")}, "inf is not a JSON number."),
        ({"a": "\ud83d"}, "The string has a lone surrogate (U+D83D), which is not a character."),
        (b"x", "bytes is not a JSON type."),
        ([10**5_000], "This number has more than 308 digits."),
        (HOLDS_ITSELF, "It is nested more than 256 levels deep."),
    ],
)
def test_a_result_that_is_no_json_fails_the_run_and_says_why(value: Any, why: str) -> None:
    kept = results.encode_result_now(Outcome(result=value))
    assert kept.error == AttemptError(ErrorKind.JOB, f"The job's result cannot be stored as JSON. {why}", None, False)
    assert kept.result is None


def test_a_result_is_read_as_it_was_given() -> None:
    value = {"$a": [2**70, 1e300, None, True], "": "\0", "é.b": {}}
    assert results.decode_result(results.encode_result_now(Outcome(result=value)).result) == value
    assert results.encode_result_now(Outcome()).result is results.decode_result(None) is None


def test_what_a_job_says_of_its_failure_can_be_stored() -> None:
    kept = results.encode_result_now(Outcome.failed("broke at \ud83d", "look at \udc00"))
    assert kept.error is not None
    assert (kept.error.message, kept.error.hint) == ("broke at ?", "look at ?")


@pytest.mark.parametrize(
    ("data", "path", "why"),
    [
        ([{"id": 2**63}], ("data", "0", "id"), "This whole number does not fit in 64 bits."),
        ({"a\0": 1}, ("data",), "A name must not contain the character U+0000."),
    ],
)
def test_parameters_that_the_database_cannot_hold_are_refused(data: Any, path: tuple[str, ...], why: str) -> None:
    params = {"title": "T", "format": "JSON", "data": data}
    with pytest.raises(InvalidInput) as caught:
        registry.prepare_params("report", params, SAVING)
    assert caught.value.path == path
    assert caught.value.message.startswith(why)
    ((place, said),) = registry.RegisteredJobs().check("report", params)
    assert tuple(map(str, place)) == path
    assert said.startswith(why)


def test_parameters_may_have_any_names() -> None:
    params = {"title": "T", "format": "JSON", "data": {"$set": {"a.b": 1}, "": -(2**63)}}
    assert registry.prepare_params("report", params, SAVING)["data"] == params["data"]
    assert registry.RegisteredJobs().check("report", params) == []
