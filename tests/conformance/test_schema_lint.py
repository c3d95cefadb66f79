"""The rules of graphql-eslint for schemas. tests/node/eslint.config.js lists the exceptions and their reasons."""

import subprocess
from pathlib import Path

import pytest

from tests.conformance.node import TOOLS, needs_node

SCHEMA = Path(__file__).parents[2] / "schema.graphql"


def lint(text: str) -> subprocess.CompletedProcess[str]:
    """Return the findings of eslint about this schema."""
    command = ["node", "node_modules/eslint/bin/eslint.js", "--stdin", "--stdin-filename", "schema.graphql"]
    return subprocess.run(command, cwd=TOOLS, input=text, capture_output=True, text=True, check=False, timeout=60)


@needs_node
def test_the_schema_follows_the_rules() -> None:
    found = lint(SCHEMA.read_text())
    assert found.returncode == 0, found.stdout + found.stderr


@needs_node
@pytest.mark.parametrize(
    ("right", "wrong", "rule"),
    [
        ('  """Kind of the job, such as `http`."""\n', "", "require-description"),
        ("  RUN_ONCE\n", "  run_once\n", "naming-convention"),
        ("  pageInfo: PageInfo!", "  pageInfo: PageInfo", "relay-connection-types"),
    ],
)
def test_the_rules_are_alive(right: str, wrong: str, rule: str) -> None:
    text = SCHEMA.read_text()
    assert right in text
    found = lint(text.replace(right, wrong))
    assert found.returncode == 1
    assert f"@graphql-eslint/{rule}" in found.stdout
