"""References to named secrets in texts: found, marked and filled exactly where they are."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.named_secrets.references import (
    compact_references,
    fill_references,
    find_names,
    find_reference_faults,
    find_unknown,
    has_references,
    is_secret_name,
    make_secret_marker,
    mark_references,
    show_references,
)

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,63}", fullmatch=True)
PIECES = ["$", "{", "}", "s", "secrets", ".", " ", "a", "${{", "}}", "${{ secrets.a }}", "\n"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
PARTS = st.lists(st.tuples(st.text("abc {}.\n/?"), NAMES), max_size=4)


def filled(text: str, marker: str | None = None, **values: str) -> str:
    return fill_references(text, marker, lambda name, _: values[name])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("${{ secrets.slack }}", ["slack"]),
        ("${{secrets.slack}}", ["slack"]),
        ("a ${{ secrets.A_1 }}${{secrets._b}} c ${{ secrets.A_1 }}", ["A_1", "_b", "A_1"]),
        ("$${{ secrets.slack }}", []),
        ("${{ secrets }}", []),
        ("${{ secrets.1a }}", []),
        ("${{ secrets.a-b }}", []),
        ("${{ secrets.a.b }}", []),
        ("${{ toJSON(secrets) }}", []),
        ("${{ secrets.a || 'x' }}", []),
        ("{{ secrets.a }}", []),
        ("${{ secrets." + "a" * 65 + " }}", []),
        ("${{" + " " * 21 + "secrets.a }}", []),
    ],
)
def test_references_are_found(text: str, names: list[str]) -> None:
    assert find_names(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "${{ secrets }}",
        "${{secrets.a-b}}",
        "${{ secrets.a || 'x' }}",
        "${{\tsecrets.a }}",
        "${{ secrets.a",
        "${{ secrets['a'] }}",
    ],
)
def test_what_looks_like_a_reference_is_told_apart(text: str) -> None:
    assert [path for path, _ in find_reference_faults({"a": ["${{ secrets.ok }}", text]})] == [("a", "1")]


@pytest.mark.parametrize(
    "text", ["$${{ secrets }}", "${{ secrets.a }}", "secrets", "${{ inputs.secrets }}", "$${{ secrets.a-b }}"]
)
def test_other_texts_are_none(text: str) -> None:
    assert list(find_reference_faults(text)) == []


def test_names() -> None:
    assert all(map(is_secret_name, ["a", "_", "A1", "slack_WEBHOOK", "x" * 64]))
    assert not any(map(is_secret_name, ["", "1a", "a-b", "a.b", "a b", "é", "x" * 65, "a\n"]))


def test_unknown_names_are_found_with_their_path() -> None:
    value = {"url": "https://x/${{ secrets.GONE }}", "list": ["${{ secrets.Slack }}"]}
    assert list(find_unknown(value, {"slack"})) == [
        (("url",), "You have no secret GONE. Create it with setSecret, or under Account in the dashboard.")
    ]


def test_a_value_that_looks_like_a_reference_is_not_filled_again() -> None:
    assert filled("${{ secrets.a }}${{ secrets.b }}", a="${{ secrets.b }}", b="$") == "${{ secrets.b }}$"
    assert filled("$${{ secrets.a }}", a="x") == "${{ secrets.a }}"
    assert filled("${{ ${{ secrets.a }} }}", a="secrets.b") == "${{ secrets.b }}"


@given(TEXTS)
def test_filling_changes_nothing_but_references(text: str) -> None:
    if not has_references(text):
        assert filled(text) == text
    cut = filled(text, a="")
    assert len(cut) <= len(text)
    assert mark_references(text, make_secret_marker()) == text or find_names(text)


@given(PARTS, st.text("abc"))
def test_markers_stand_for_references_and_can_be_shown_again(parts: list[tuple[str, str]], end: str) -> None:
    text = "".join(f"{before}${{{{ secrets.{name} }}}}" for before, name in parts) + end
    marker = make_secret_marker()
    marked = mark_references({"a": [text]}, marker)["a"][0]
    assert find_names(marked, marker) == find_names(text) == [name for _, name in parts]
    assert "secrets." not in marked
    assert show_references(marked, marker) == text
    assert show_references(marked, marker, compact=True) == compact_references(text)
    values = {name: f"<{name}>" for _, name in parts}
    assert filled(marked, marker, **values) == filled(text, None, **values)


def test_text_of_data_is_no_marker() -> None:
    marker, other = make_secret_marker(), make_secret_marker()
    text = f"${{{{ secrets.a }}}} {other}.a."
    assert find_names(text, marker) == []
    assert filled(text, marker) == text


def test_escaped_references_are_not_marked() -> None:
    assert mark_references("$${{ secrets.a }}", make_secret_marker()) == "$${{ secrets.a }}"


def test_names_of_members_are_not_marked() -> None:
    value: Any = {"${{ secrets.a }}": 1}
    assert mark_references(value, make_secret_marker()) == value
