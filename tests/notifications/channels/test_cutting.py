import html
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notifications.channels.helpers import FAMILY, utf16
from tocsin.notifications.channels.cutting import (
    ELLIPSIS,
    Measure,
    cut,
    measure_escaped,
    measure_json,
    measure_utf8,
    measure_utf16,
)

TEXTS = st.text(st.sampled_from('ab é\n"\\&<>\x01😀🇩🇪👩\u200d\u0301🏽') | st.characters(exclude_categories=["Cs"]))


def escape(text: str) -> str:
    return html.escape(text, quote=False)


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("", 3, ""),
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("a    d", 4, "a…"),
        ("ab😀", 4, "ab😀"),
        ("ab😀c", 4, "ab…"),
        ("ab😀cd", 5, "ab😀…"),
        (f"a{FAMILY}b", utf16(FAMILY) + 1, "a…"),
        (f"a{FAMILY}b", utf16(FAMILY) + 2, f"a{FAMILY}b"),
        (f"a{FAMILY}bc", utf16(FAMILY) + 2, f"a{FAMILY}…"),
        ("e\u0301e\u0301e\u0301", 4, "e\u0301…"),
        ("👍🏽👍🏽", 7, "👍🏽…"),
        ("🇩🇪🇫🇷🇮🇹", 8, "🇩🇪…"),
        ("🇩🇪🇫🇷🇮🇹", 10, "🇩🇪🇫🇷…"),
        ("❤️❤️", 3, "❤️…"),
    ],
)
def test_cuts_between_characters_as_users_see_them(text: str, limit: int, expected: str) -> None:
    assert cut(text, limit) == expected


def test_a_text_of_accents_only_is_cut_all_the_same() -> None:
    assert cut("a" + "\u0301" * 100_000, 1_000) == "a" + "\u0301" * 998 + ELLIPSIS


@pytest.mark.parametrize(
    ("measure", "size"),
    [
        (measure_utf16, utf16),
        (measure_utf8, lambda text: len(text.encode())),
        (measure_json, lambda text: len(json.dumps(text, ensure_ascii=False).encode()) - 2),
        (measure_escaped(escape), lambda text: utf16(escape(text))),
    ],
    ids=["utf16", "utf8", "json", "escaped"],
)
@given(TEXTS, st.integers(10, 60))
def test_the_result_is_within_the_limit_and_as_it_was_up_to_the_cut(
    measure: Measure, size: Measure, text: str, limit: int
) -> None:
    result = cut(text, limit, measure)
    assert sum(map(measure, text)) == size(text)
    assert size(result) <= limit
    if size(text) <= limit:
        assert result == text
    else:
        assert result.endswith(ELLIPSIS)
        assert text.startswith(result.removesuffix(ELLIPSIS))


@given(TEXTS, st.integers(10, 60))
def test_no_escape_is_cut(text: str, limit: int) -> None:
    escaped = escape(cut(text, limit, measure_escaped(escape)))
    assert re.sub("&(amp|lt|gt);", "", escaped).count("&") == 0
    assert html.unescape(escaped).removesuffix(ELLIPSIS) in text
