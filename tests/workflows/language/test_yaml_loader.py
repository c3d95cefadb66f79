"""Plain words are values of the core schema of YAML 1.2."""

from tocsin.workflows.language.yaml_reader import parse_yaml


def test_plain_words_are_what_yaml_1_2_says() -> None:
    text = "{a: NO, b: 22:30, c: 017, d: 1e3, e: True, f: ~, g: 0x1F, h: 1_000, i: 2027-01-01, j: yes, k: .5}"
    assert parse_yaml(text).data == {
        "a": "NO", "b": "22:30", "c": 17, "d": 1000.0, "e": True, "f": None, "g": 31, "h": "1_000", "i": "2027-01-01",
        "j": "yes", "k": 0.5,
    }  # fmt: skip
