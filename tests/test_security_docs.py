"""docs/asvs.md and docs/security.md name only existing files, and every requirement."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ASVS, SECURITY = ROOT / "docs" / "asvs.md", ROOT / "docs" / "security.md"
SECTIONS = {
    1: {1: 2, 2: 9, 3: 11, 4: 3, 5: 2},
    2: {1: 3, 2: 3, 3: 4, 4: 1},
    3: {2: 2, 3: 4, 4: 6, 5: 5, 7: 2},
    4: {1: 3, 2: 1, 3: 2, 4: 4},
    5: {1: 1, 2: 3, 3: 2, 4: 3},
    6: {1: 3, 2: 12, 3: 4, 4: 4, 5: 5, 6: 3, 8: 4},
    7: {1: 3, 2: 4, 3: 2, 4: 5, 5: 2, 6: 2},
    8: {1: 2, 2: 3, 3: 1, 4: 1},
    9: {1: 3, 2: 4},
    10: {1: 2, 2: 2, 3: 4, 4: 11, 5: 5, 6: 2, 7: 3},
    11: {1: 2, 2: 3, 3: 3, 4: 4, 5: 1, 6: 1},
    12: {1: 3, 2: 2, 3: 4},
    13: {1: 1, 2: 5, 3: 2, 4: 5},
    14: {1: 2, 2: 4, 3: 3},
    15: {1: 3, 2: 3, 3: 7},
    16: {1: 1, 2: 5, 3: 4, 4: 3, 5: 3},
    17: {1: 1, 2: 4, 3: 2},
}
"""ASVS 5.0.0: how many requirements of levels 1 and 2 each section of each chapter has. They are numbered from 1."""
STATES = ("holds", "does not apply", "does not hold")
Number = tuple[int, ...]
_ROW = re.compile(r"\| V([0-9.]+)(?:\u2013V([0-9.]+))? \| \**([a-z ]+?)\** \| (.*) \| (.*) \|")
_NAMED = re.compile(r"`((?:tests/[\w/]+\.py)(?:::\w+)?)`")
_CODE = re.compile(r"`([^`]+)`")


def rows() -> list[tuple[list[Number], str, str, list[str]]]:
    """Yield the requirements, verdict, explanation and proof of each row."""
    found = _ROW.findall(ASVS.read_text())
    return [
        (list(_expand(first, last or first)), state, how, _CODE.findall(proof))
        for first, last, state, how, proof in found
    ]


def _expand(first: str, last: str) -> Iterator[Number]:
    """Yield the requirements from `first` to `last`: `1.2.6` to `1.2.8`, or whole sections, `10.1` to `10.7`."""
    *chapter, begin = map(int, first.split("."))
    *same, end = map(int, last.split("."))
    assert chapter == same, (first, last)
    for number in range(begin, end + 1):
        if len(chapter) == 2:
            yield (*chapter, number)
        else:
            yield from ((*chapter, number, one) for one in range(1, SECTIONS[chapter[0]][number] + 1))


@cache
def names_of_tests(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in tree.body if isinstance(node, functions) and node.name.startswith("test_")}


@pytest.mark.parametrize("document", [ASVS, SECURITY], ids=lambda path: path.name)
def test_every_test_that_is_named_exists(document: Path) -> None:
    named = set(_NAMED.findall(document.read_text()))
    assert len(named) > 30
    missing = set()
    for node in named:
        path, _, name = node.partition("::")
        tests = names_of_tests(path) if (ROOT / path).is_file() else set()
        if not tests or (name and name not in tests):
            missing.add(node)
    assert missing == set()


def test_every_requirement_is_spoken_of_once() -> None:
    wanted = {
        (chapter, section, number)
        for chapter, sections in SECTIONS.items()
        for section, count in sections.items()
        for number in range(1, count + 1)
    }
    spoken_of = Counter(number for numbers, *_ in rows() for number in numbers)
    assert set(spoken_of) ^ wanted == set()
    assert [number for number, times in spoken_of.items() if times > 1] == []


def test_the_counts_at_the_top_are_those_of_the_rows() -> None:
    stated = dict(re.findall(r"^\| ([a-z ]+) \| (\d+) \|$", ASVS.read_text(), re.MULTILINE))
    counts: Counter[str] = Counter()
    for numbers, state, *_ in rows():
        counts[state] += len(numbers)
    assert {state: int(stated[state]) for state in STATES} == counts
    assert int(stated["all"]) == counts.total()


def test_what_holds_names_its_proof_and_all_else_its_reason() -> None:
    for numbers, state, how, proof in rows():
        assert how, numbers
        assert state != "holds" or proof, numbers
        assert [path for path in proof if not (ROOT / path.partition("::")[0]).is_file()] == [], numbers
