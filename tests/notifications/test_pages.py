"""The pages that mails link to: valid requests to the API about the right object."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from graphql import OperationDefinitionNode, build_schema, parse, validate

from tocsin.documents import to_global_id
from tocsin.graphql.schema import schema
from tocsin.notifications.pages import (
    approval_page_path,
    channel_page_path,
    incident_page_path,
    replay_page_path,
    report_page_path,
    run_page_path,
    run_type_name,
)

TASK_RUN = "65a000000000000000000001/65a000000000000000000002:1795338000000"
STEP_RUN = "65a000000000000000000001/w65a000000000000000000002-1795338000000:fetch[3]"
WORKFLOW_RUN = "65a000000000000000000001/w65a000000000000000000002-1795338000000"


@pytest.mark.parametrize(
    ("page", "variables"),
    [
        (run_page_path(TASK_RUN), {"id": to_global_id("Run", TASK_RUN)}),
        (run_page_path(STEP_RUN), {"id": to_global_id("Run", STEP_RUN)}),
        (run_page_path(WORKFLOW_RUN), {"id": to_global_id("WorkflowRun", WORKFLOW_RUN)}),
        (report_page_path(TASK_RUN), {"id": to_global_id("Run", TASK_RUN)}),
        (replay_page_path("u1/r1"), {"id": to_global_id("Replay", "u1/r1")}),
        (incident_page_path("u1/t:3"), {"id": to_global_id("Incident", "u1/t:3")}),
        (channel_page_path("u1/c1"), {"id": to_global_id("NotificationChannel", "u1/c1")}),
        (
            approval_page_path(WORKFLOW_RUN, "ask"),
            {
                "input": {
                    "id": to_global_id("WorkflowRun", WORKFLOW_RUN),
                    "step": "ask",
                    "approved": True,
                    "comment": "",
                }
            },
        ),
    ],
)
def test_a_page_brings_a_request_that_the_api_understands(page: str, variables: dict[str, object]) -> None:
    parts = urlsplit(page)
    given = parse_qs(parts.query)
    assert (parts.scheme, parts.netloc, parts.path) == ("", "", "/playground")
    document = parse(given["query"][0])
    assert validate(build_schema(schema.as_str()), document) == []
    assert json.loads(given["variables"][0]) == variables
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    assert {each.variable.name.value for each in operation.variable_definitions or ()} == variables.keys()
    assert page.isascii()
    assert " " not in page


def test_the_id_of_a_run_shows_its_type() -> None:
    assert [run_type_name(each) for each in (TASK_RUN, STEP_RUN, WORKFLOW_RUN)] == ["Run", "Run", "WorkflowRun"]
