"""Plain words are values of the core schema of YAML 1.2."""

import json

import pytest

from tocsin.workflows.language.yaml_reader import parse_yaml


def test_plain_words_are_what_yaml_1_2_says() -> None:
    text = "{a: NO, b: 22:30, c: 017, d: 1e3, e: True, f: ~, g: 0x1F, h: 1_000, i: 2027-01-01, j: yes, k: .5}"
    assert parse_yaml(text).data == {
        "a": "NO", "b": "22:30", "c": 17, "d": 1000.0, "e": True, "f": None, "g": 31, "h": "1_000", "i": "2027-01-01",
        "j": "yes", "k": 0.5,
    }  # fmt: skip


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029"])
def test_only_newlines_break_lines(character: str) -> None:
    """They are ordinary characters in JSON and in YAML 1.2, also where PyYAML would fold a line."""
    value = {f"a{character}b": f"{character}c", "plain": f"d{character}e"}
    assert parse_yaml(json.dumps(value, ensure_ascii=False)).data == value
    assert parse_yaml(f"plain: d{character}e").data == {"plain": f"d{character}e"}
