from datetime import timedelta
from typing import Any

import pytest

from tocsin.notifications.channels.answers import MAX_WAIT, Answer, limit_wait, quote_answer

URL = "https://monitoring.example.org/in/c0ffeec0ffee%2Fx1?key=Mn0pQr"


@pytest.mark.parametrize(
    "text",
    [
        f"no such hook: {URL}",
        "no such hook: /in/c0ffeec0ffee%2Fx1?key=Mn0pQr",
        "no such hook: c0ffeec0ffee/x1",
        "bad key: Mn0pQr",
        r"https:\/\/monitoring.example.org\/in\/c0ffeec0ffee",
        "bad key: %4dn0pQr",
        "bad key: &#77;n0pQr",
        "x" * 190 + " c0ffeec0ffee",
    ],
)
def test_an_answer_that_repeats_a_secret_or_a_part_of_it_is_not_quoted(text: str) -> None:
    assert quote_answer(text, [URL]) == ""


def test_other_answers_are_quoted_on_one_short_line() -> None:
    assert quote_answer("monitoring.example.org:\r\n no such\x00hook", [URL]) == "monitoring.example.org: no such hook"
    assert quote_answer("x" * 100_000, [URL]) == "x" * 199 + "…"


@pytest.mark.parametrize(
    ("seconds", "wait"),
    [
        (64.57, timedelta(seconds=64.57)),
        (3, timedelta(seconds=3)),
        (10**300, MAX_WAIT),
        (0, None),
        (-1, None),
        (True, None),
        ("3", None),
        (None, None),
    ],
)
def test_a_wait_is_a_number_of_seconds_and_at_most_a_day(seconds: Any, wait: timedelta | None) -> None:
    assert limit_wait(seconds) == wait


@pytest.mark.parametrize(
    "text", ["", "<html>", "[1]", "null", '"error"', "{", "[" * 100_000, '{"error":1}' + " " * 100_000]
)
def test_what_is_not_a_json_object_has_no_values(text: str) -> None:
    assert Answer(400, text).find("error", "message") is None
    assert Answer(400, text).find_text("error") == ""


def test_an_unknown_status_has_no_name() -> None:
    assert (Answer(404, "").status_line, Answer(599, "").status_line) == ("404 Not Found", "599")
