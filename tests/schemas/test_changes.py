"""That no change of the API breaks clients unannounced, and that the comparison would notice one."""

import pytest

from tests.schemas.changes import BASELINE, CHANGELOG, SCHEMA, announced, changes, unannounced

OLD = """
type Query { task(id: ID!, full: Boolean): Task  tasks: [Task!]! }
type Task { id: ID!  name: String!  note: String  status: Status! }
enum Status { ACTIVE PAUSED }
input NewTask { name: String! note: String }
type Mutation { create(input: NewTask!): Task }
"""
BREAKING = [
    ("note: String  status", "status", "Field Task.note was removed."),
    ("name: String!  note", "name: String  note", "Field Task.name changed type from String! to String."),
    ("ACTIVE PAUSED", "ACTIVE", "Enum value Status.PAUSED was removed."),
    ("(id: ID!, full: Boolean)", "(id: ID!)", "Argument Query.task(full:) was removed."),
    ("full: Boolean", "full: Boolean!", "Argument Query.task(full:) has changed type from Boolean to Boolean!."),
    ("note: String }", "note: String! }", "Field NewTask.note changed type from String to String!."),
    ("note: String }", "note: String at: Int! }", "A required field NewTask.at was added."),
    ("tasks: [Task!]!", "tasks: Int", "Field Query.tasks changed type from [Task!]! to Int."),
]
HARMLESS = [
    ("status: Status!", "status: Status! since: Int"),
    ("note: String  status", "note: String!  status"),
    ("note: String }", "note: String at: Int }"),
    ("full: Boolean", "full: Boolean, deep: Boolean"),
    ("ACTIVE PAUSED", "ACTIVE PAUSED ENDED"),
    ("note: String  status", 'note: String @deprecated(reason: "Use name.")  status'),
]


def test_no_change_breaks_clients_unannounced() -> None:
    missing = unannounced(BASELINE.read_text(), SCHEMA.read_text(), CHANGELOG.read_text())
    lines = "\n".join(missing)
    assert not missing, f"clients would break; undo it, or add to CHANGELOG.md, [Unreleased], ### Breaking:\n{lines}"


@pytest.mark.parametrize(("right", "changed", "sentence"), BREAKING)
def test_what_breaks_clients_is_noticed(right: str, changed: str, sentence: str) -> None:
    assert right in OLD
    assert changes(OLD, OLD.replace(right, changed))["breaking"] == [sentence]


@pytest.mark.parametrize(("right", "changed"), HARMLESS)
def test_what_does_not_break_them_is_let_through(right: str, changed: str) -> None:
    new = OLD.replace(right, changed)
    assert new != OLD
    assert changes(OLD, new)["breaking"] == []
    assert unannounced(OLD, new, "") == []


CHANGES = """# Changelog

## [Unreleased]

### Added
- `Field Task.name was removed.`

### Breaking
- `Field Task.note was removed.` Use `name`.
- Cookies are gone.

## [1.0.0]

### Breaking
- `Enum value Status.PAUSED was removed.`
"""


def test_only_what_is_quoted_as_breaking_and_unreleased_is_announced() -> None:
    assert announced(CHANGES) == ["Field Task.note was removed."]
    assert announced(CHANGES.replace("[Unreleased]", "[2.0.0]")) == []
    assert announced("") == []


def test_the_lines_to_add_are_those_that_are_missing() -> None:
    new = OLD.replace("name: String!  note: String  ", "").replace("ACTIVE PAUSED", "ACTIVE")
    missing = unannounced(OLD, new, CHANGES)
    assert missing == ["- `Enum value Status.PAUSED was removed.`", "- `Field Task.name was removed.`"]
    mended = CHANGES.replace("### Breaking\n", "\n".join(["### Breaking", *missing, ""]), 1)
    assert unannounced(OLD, new, mended) == []
