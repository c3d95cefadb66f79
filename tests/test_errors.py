"""Errors are collected with the paths of the invalid fields."""

import pytest

from tocsin.errors import (
    Conflict,
    ErrorCollector,
    IdempotencyKeyReused,
    InvalidInput,
    MultipleInvalid,
    NotFound,
    QuotaExceeded,
    Unauthenticated,
    UserError,
    UserErrorCode,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInput("wrong", "a", "b"), UserErrorCode.INVALID),
        (NotFound("none", "a", "b"), UserErrorCode.NOT_FOUND),
        (Conflict("changed", "a", "b"), UserErrorCode.CONFLICT),
        (QuotaExceeded("used up", "a", "b"), UserErrorCode.QUOTA_EXCEEDED),
    ],
)
def test_a_path_is_prefixed_from_the_outside(error: UserError, code: UserErrorCode) -> None:
    assert error.code is code
    assert error.prefix_path("input").prefix_path("tasks", "3") is error
    assert error.path == ("tasks", "3", "input", "a", "b")
    assert error.all_errors == (error,)


def test_a_reused_key_names_its_field() -> None:
    assert IdempotencyKeyReused().path == ("idempotencyKey",)


def test_several_errors_look_like_their_first_and_are_prefixed_together() -> None:
    first, second = Conflict("taken", "name"), InvalidInput("too long", "url")
    both = MultipleInvalid([first, second])
    assert (both.code, both.message, both.path) == (UserErrorCode.CONFLICT, "taken", ("name",))
    both.prefix_path("input")
    assert both.path == ("input", "name")
    assert [error.path for error in both.all_errors] == [("input", "name"), ("input", "url")]


def parse_positive(number: int, name: str = "number") -> int:
    if number <= 0:
        raise InvalidInput(f"{name} must be positive.", name)
    return number


def parse_pair(left: int, right: int) -> tuple[int, int]:
    raise MultipleInvalid([InvalidInput("left is wrong.", "left"), InvalidInput("right is wrong.", "right")])


def test_a_collector_returns_values_and_collects_errors_under_their_paths() -> None:
    errors = ErrorCollector()
    assert errors.try_parse(parse_positive, 3) == 3
    assert not errors.has_errors
    errors.raise_if_any()
    assert errors.try_parse(parse_positive, 0, "size", at=("input",)) is None
    assert errors.try_parse(parse_pair, 1, 2, at=("input", "pair")) is None
    assert errors.has_errors
    with pytest.raises(MultipleInvalid) as caught:
        errors.raise_if_any()
    assert [(error.message, error.path) for error in caught.value.all_errors] == [
        ("size must be positive.", ("input", "size")),
        ("left is wrong.", ("input", "pair", "left")),
        ("right is wrong.", ("input", "pair", "right")),
    ]


def test_an_error_that_was_collected_twice_is_reported_once() -> None:
    errors, error = ErrorCollector(), InvalidInput("wrong", "name")

    def fail() -> None:
        raise error

    errors.try_parse(fail)
    errors.try_parse(fail)
    with pytest.raises(MultipleInvalid) as caught:
        errors.raise_if_any()
    assert caught.value.all_errors == (error,)


def test_other_exceptions_are_not_collected() -> None:
    errors = ErrorCollector()
    with pytest.raises(ZeroDivisionError):
        errors.try_parse(lambda: 1 // 0)


def test_each_kind_of_invalid_token_has_a_code_of_its_own() -> None:
    kinds: list[type[Unauthenticated]] = [Unauthenticated, *Unauthenticated.__subclasses__()]
    assert len({kind.code for kind in kinds}) == len(kinds) == 3
