"""What the pages on security name as proof is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "docs" / name for name in ("security.md", "asvs.md")]
_PROOF = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def proofs(page: Path) -> set[tuple[str, str]]:
    return set(_PROOF.findall(page.read_text()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_is_named_exists(page: Path) -> None:
    named = proofs(page)
    assert len(named) > 40
    missing = [f"{file}::{test}" for file, test in sorted(named) if not _exists(ROOT / file, test)]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_promise_is_without_proof(page: Path) -> None:
    """A row that says that something holds, or is promised, ends with what shows it."""
    rows = [line for line in page.read_text().splitlines() if line.startswith("| ") and "---" not in line]
    without = [row for row in rows if "| holds |" in row and not row.rstrip(" |").endswith("`")]
    assert without == []


def _exists(file: Path, test: str) -> bool:
    if not file.is_file():
        return False
    defined = {node.name for node in ast.walk(ast.parse(file.read_text())) if hasattr(node, "name")}
    return not test or test in defined
