"""The JSON Schema of workflows, for editors: names, kinds and what they mean. What it cannot say, saving says."""

from importlib.resources import files
from typing import Any

from pydantic import BaseModel

from tocsin.workflows.definition import WorkflowDefinition
from tocsin.workflows.timing import RetryGiven, ScheduleGiven

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TEXT = {"type": "string"}


def workflow_schema() -> dict[str, Any]:
    """The schema, made of the models. It is shipped as workflow.schema.json, which a test holds to this."""
    schema = _plain(WorkflowDefinition.model_json_schema(by_alias=True))
    for model in (RetryGiven, ScheduleGiven):
        _define(schema, model)
    steps, compensation = schema["$defs"]["Step"]["properties"], schema["$defs"]["Compensation"]["properties"]
    steps["retry"] = compensation["retry"] = {"$ref": "#/$defs/RetryGiven"}
    schema["properties"]["schedule"] = {"$ref": "#/$defs/ScheduleGiven"}
    steps["wait"] = {"anyOf": [_TEXT, {"$ref": "#/$defs/Wait"}]}
    steps["forEach"] = {"anyOf": [_TEXT, {"type": "array"}, {"$ref": "#/$defs/ForEach"}]}
    return {"$schema": _DRAFT, "title": "A workflow of Tocsin", **schema}


def shipped() -> str:
    """The text of the schema that is shipped."""
    return files("tocsin.workflows").joinpath("workflow.schema.json").read_text(encoding="utf-8")


def _define(schema: dict[str, Any], model: type[BaseModel]) -> None:
    made = _plain(model.model_json_schema(by_alias=True))
    schema["$defs"] |= {**made.pop("$defs", {}), model.__name__: made}


def _plain(schema: Any) -> Any:
    """Without the titles that repeat the names, and without null: what is not wanted is left out."""
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
