"""Errors of the model become sentences, with the path of the part and a suggestion."""

from typing import Any

import pytest
from pydantic import ValidationError

from tocsin.workflows.language.definition import WorkflowDefinition
from tocsin.workflows.language.model_faults import describe_model_faults


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ({"name": "No"}, ("name",), "A workflow name has lowercase letters, digits and underscores"),
        ({"descripton": ""}, ("descripton",), "There is no descripton here. Did you mean description?"),
        ({"zzzzzz": ""}, ("zzzzzz",), "There is no zzzzzz here. There are: name, "),
        ({"steps": [{"key": "A", "wait": "PT1S"}]}, ("steps", 0, "key"), "A key has letters, digits and underscores"),
        (
            {"steps": [{"key": "a", "approval": {"bye": "x"}}]},
            ("steps", 0, "approval", "bye"),
            "There is no bye here. Did you mean by?",
        ),
    ],
)
def test_a_fault_names_its_part(fields: dict[str, Any], path: tuple[str | int, ...], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        WorkflowDefinition.model_validate({"name": "w", "steps": [{"key": "a", "wait": "PT1S"}], **fields})
    faults = dict(describe_model_faults(WorkflowDefinition, caught.value))
    assert faults[path].startswith(message)
