"""The JSON Schema of workflows, for editors. It covers names and types; saving validates the rest."""

from importlib.resources import files
from typing import Any

from pydantic import BaseModel

from tocsin.jobs.registry import BUILT_IN
from tocsin.schedules.specs import ScheduleSpec
from tocsin.tasks.retry_spec import RetrySpec
from tocsin.workflows.language.definition import WorkflowDefinition
from tocsin.workflows.language.schema_descriptions import describe_keys

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TEXT = {"type": "string"}


def build_workflow_schema() -> dict[str, Any]:
    """Build the schema from the models. It is shipped as workflow.schema.json, which a test keeps in sync."""
    schema = _plain(WorkflowDefinition.model_json_schema(by_alias=True))
    for model in (RetrySpec, ScheduleSpec):
        _define(schema, model)
    steps, compensation = schema["$defs"]["Step"]["properties"], schema["$defs"]["Compensation"]["properties"]
    steps["retry"] = compensation["retry"] = {"$ref": "#/$defs/RetrySpec"}
    schema["properties"]["schedule"] = {"$ref": "#/$defs/ScheduleSpec"}
    steps["wait"] = {"anyOf": [_TEXT, {"$ref": "#/$defs/Wait"}]}
    steps["forEach"] = {"anyOf": [_TEXT, {"type": "array"}, {"$ref": "#/$defs/ForEach"}]}
    for properties in (steps, compensation):
        properties["job"] = {**_TEXT, "examples": [built_in.kind for built_in in BUILT_IN]}
    describe_keys(schema)
    return {"$schema": _DRAFT, "title": "Tocsin workflow", **schema}


def load_shipped_schema() -> str:
    """Return the text of the shipped schema."""
    return files("tocsin.workflows").joinpath("workflow.schema.json").read_text(encoding="utf-8")


def _define(schema: dict[str, Any], model: type[BaseModel]) -> None:
    made = _plain(model.model_json_schema(by_alias=True))
    schema["$defs"] |= {**made.pop("$defs", {}), model.__name__: made}


def _plain(schema: Any) -> Any:
    """Remove titles, which repeat the names, and null: optional keys are left out instead."""
    if isinstance(schema, list):
        return [_plain(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {
        name: {key: _plain(part) for key, part in value.items()} if name in {"properties", "$defs"} else _plain(value)
        for name, value in schema.items()
        if name != "title" and not (name == "default" and value is None)
    }
    choices = [choice for choice in plain.get("anyOf", []) if choice != {"type": "null"}]
    return {**plain, **choices[0]} if len(choices) == 1 and plain.pop("anyOf", None) else plain
