"""The update that records an advance. Pure."""

from tocsin.documents import Changes, StepDocument, WorkflowRunDocument
from tocsin.documents.updates import CHANGED_NOW, Expression, change_when, has_value


def build_advance_update(document: WorkflowRunDocument, changes: Changes) -> Expression:
    """Return the update of a workflow run that was not changed since it was read: only what differs from `document`.

    A chain of a hundred steps changes two of them in an advance, and a `forEach` step never changes its items' values.
    """
    fields, rev = {**changes, "rev": document["rev"] + 1}, has_value("rev", document["rev"])
    if "steps" not in fields:
        return change_when(rev, fields, CHANGED_NOW)
    steps: dict[str, StepDocument] = fields.pop("steps")
    before = document["steps"]
    changed = {key: _build_step(key, before[key], step) for key, step in steps.items() if step != before[key]}
    return change_when(rev, fields, {"steps": {"$mergeObjects": ["$steps", changed]}, **CHANGED_NOW})


def _build_step(key: str, before: StepDocument, after: StepDocument) -> Expression:
    """Return the new state of a step. Its key needs no quoting: it has only letters, digits and underscores."""
    if "values" not in after or after["values"] is not before.get("values"):
        return {"$literal": after}
    others = {name: value for name, value in after.items() if name != "values"}
    return {"$mergeObjects": [{"$literal": others}, {"values": f"$steps.{key}.values"}]}
