"""The JSON Schema for editors: it matches the models, accepts valid workflows and rejects invalid ones."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.workflows.language.invalid_workflows import INPUT_SPEC, YAML
from tocsin.workflows.language.json_schema import build_workflow_schema, load_shipped_schema
from tocsin.workflows.language.yaml_reader import parse_yaml
from tocsin.workflows.samples import load_samples

RICH = """
name: rich
inputs: {n: {type: integer, default: 1}}
schedule: {every: {interval: PT1H}}
overlap: SKIP
timeout: P1D
steps:
  - {key: a, wait: PT1S}
  - {key: b, wait: {until: "2027-01-01T00:00:00Z"}}
  - key: c
    job: http
    params: {url: "https://example.com"}
    forEach: {items: "${{ inputs.n }}", concurrency: 3}
    retry: {maxRetries: 2, backoff: {initial: PT1S}}
    timeout: PT5S
    onFailure: compensate
    compensation: {job: http, params: {}, retry: {maxRetries: 0}}
  - {key: d, forEach: [1, 2], job: http}
  - {key: e, approval: {by: admins, timeout: P1D, remindEvery: PT4H, onTimeout: approve}}
"""


def test_what_is_shipped_is_what_the_models_say() -> None:
    """To regenerate it: `scripts/print-workflow-schema > src/tocsin/workflows/workflow.schema.json`."""
    assert json.loads(load_shipped_schema()) == build_workflow_schema()
    Draft202012Validator.check_schema(build_workflow_schema())


@pytest.mark.parametrize("text", [RICH, INPUT_SPEC, *load_samples().values()])
def test_what_is_right_is_taken(text: str) -> None:
    Draft202012Validator(build_workflow_schema()).validate(parse_yaml(text).data)


@pytest.mark.parametrize(
    "name",
    [
        "no name",
        "steps that are no list",
        "a name with capitals",
        "an unknown key",
        "an unknown key of a step",
        "a step without a key",
        "a priority beyond ten",
        "an unknown way to fail",
        "an unknown overlap",
        "an unknown key of retry",
        "too many items",
    ],
)
def test_what_is_plainly_wrong_is_found(name: str) -> None:
    data: Any = parse_yaml(YAML[name]).data
    assert list(Draft202012Validator(build_workflow_schema()).iter_errors(data))


def test_every_key_is_described_and_built_in_jobs_are_suggested() -> None:
    schema = build_workflow_schema()
    models = {"": schema, **schema["$defs"]}
    keys = [(name, key, value) for name, model in models.items() for key, value in model.get("properties", {}).items()]
    assert [(name, key) for name, key, value in keys if not value.get("description")] == []
    assert {"http", "email"} <= set(schema["$defs"]["Step"]["properties"]["job"]["examples"])
