"""Steps are read from their definitions, within limits."""

import pytest

from tocsin.jobs import registry
from tocsin.workflows.language.source import WorkflowInvalid
from tocsin.workflows.language.validation import parse_definition
from tocsin.workflows.language.yaml_reader import parse_yaml


@pytest.mark.parametrize(("every", "right"), [("PT1S", False), ("PT59M59S", False), ("PT1H", True), ("P1D", True)])
def test_reminders_come_an_hour_apart_at_least(every: str, right: bool) -> None:
    text = f"name: w\nsteps:\n  - {{key: ask, approval: {{by: admins, remindEvery: {every}}}}}\n"
    if right:
        parse_definition(parse_yaml(text), registry.RegisteredJobs())
        return
    with pytest.raises(WorkflowInvalid) as caught:
        parse_definition(parse_yaml(text), registry.RegisteredJobs())
    (fault,) = caught.value.faults
    assert fault.path == ("steps", 0, "approval", "remindEvery")
    assert fault.message == f"remindEvery must be PT1H or longer; it is {every}."
