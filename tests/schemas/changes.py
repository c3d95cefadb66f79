"""What has changed for clients since the schema was last released: nothing that breaks them goes unannounced.

`tests/schemas/baseline.graphql` is the released schema. Each change that breaks clients is quoted in CHANGELOG.md,
under `### Breaking` of `[Unreleased]`. `scripts/accept-schema`, at a release, makes the present schema the baseline.
"""

import re
import sys
from pathlib import Path

from graphql import build_schema
from graphql.utilities import BreakingChange, DangerousChange, SafeChange, find_schema_changes

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "schema.graphql"
BASELINE = ROOT / "tests" / "schemas" / "baseline.graphql"
CHANGELOG = ROOT / "CHANGELOG.md"
KINDS = {BreakingChange: "breaking", DangerousChange: "dangerous", SafeChange: "safe"}


def changes(old: str, new: str) -> dict[str, list[str]]:
    """The changes from one schema to the other, `breaking`, `dangerous` and `safe`, each as a sentence."""
    found: dict[str, list[str]] = {kind: [] for kind in KINDS.values()}
    for change in find_schema_changes(build_schema(old), build_schema(new)):
        found[KINDS[type(change)]].append(" ".join(change.description.split()))
    return {kind: sorted(set(sentences)) for kind, sentences in found.items()}


def announced(changelog: str) -> list[str]:
    """What the changelog quotes as breaking in what is not released yet."""
    section = _section(_section(changelog, "## [Unreleased]"), "### Breaking")
    return re.findall(r"^- `(.+?)`", section, re.MULTILINE)


def _section(text: str, heading: str) -> str:
    """What stands below the heading, up to the next of its rank."""
    rank = heading.split()[0]
    found = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^{rank} |\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def unannounced(old: str, new: str, changelog: str) -> list[str]:
    """The lines that the changelog lacks."""
    known = set(announced(changelog))
    return [f"- `{sentence}`" for sentence in changes(old, new)["breaking"] if sentence not in known]


def accept() -> None:
    """Make the present schema the baseline, and say what that means for clients."""
    old, new = BASELINE.read_text(), SCHEMA.read_text()
    missing = unannounced(old, new, CHANGELOG.read_text())
    if missing:
        sys.exit("\n".join([f"{CHANGELOG.name} does not announce, under [Unreleased], ### Breaking:", *missing]))
    for kind, sentences in changes(old, new).items():
        print("\n".join([f"{kind}: {len(sentences)}", *(f"  {sentence}" for sentence in sentences)]))
    BASELINE.write_text(new)


if __name__ == "__main__":
    accept()
