"""Helpers of the tests of public links."""

from typing import Any

from tests.graphql.conftest import Caller

CREATE = """mutation($input: CreatePublicLinkInput!) { createPublicLink(input: $input) {
  url publicLink { id kind title hint url badgeUrl requestInput lastUsedAt } userErrors { field code message } } }"""
WORKFLOW = """
name: alices
inputs:
  version: {type: string, default: "1"}
  count: {type: integer, default: 1}
  event: {type: any, default: null}
steps:
  - key: ask
    approval: {by: alice@example.test}
"""


async def create_link(caller: Caller, subject: str, kind: str, **more: Any) -> dict[str, Any]:
    """Create a link and return it, with its URL as `url`."""
    payload = (await caller.ask(CREATE, input={"subjectId": subject, "kind": kind, **more}))["createPublicLink"]
    assert payload["userErrors"] == []
    return {**payload["publicLink"], "url": payload["url"]}


async def create_workflow(caller: Caller, yaml: str = WORKFLOW) -> str:
    """Save a workflow and return its global ID."""
    save = "mutation($yaml: String!) { saveWorkflow(input: {yaml: $yaml}) { workflow { id } userErrors { message } } }"
    payload = (await caller.ask(save, yaml=yaml))["saveWorkflow"]
    assert payload["userErrors"] == []
    return str(payload["workflow"]["id"])
