"""Secrets of workflows over the API: kept by `***` for the server that they were given for, never shown."""

from typing import Any

import pytest
import yaml

from tests.graphql.conftest import Api

SAVE = """
mutation($i: SaveWorkflowInput!) { saveWorkflow(input: $i) {
  workflow { version definition yaml } userErrors { field code message }
} }
"""
DATA = {"$secret": "call.token", "nested": [{"$secret": "call.token"}]}


def workflow(url: str, token: str = "***") -> dict[str, Any]:
    params = {"url": url, "method": "POST", "token": token, "body": DATA}
    return {
        "name": "w",
        "inputs": {"url": {"default": url}},
        "steps": [{"key": "call", "job": "http", "params": params}],
    }


async def save(api: Api, given: dict[str, Any], form: str) -> Any:
    sent = {"definition": given} if form == "definition" else {"yaml": yaml.safe_dump(given)}
    return (await api.alice.ask(SAVE, i=sent))["saveWorkflow"]


@pytest.mark.parametrize("form", ["yaml", "definition"])
async def test_a_secret_stays_with_its_server(api: Api, form: str) -> None:
    saved = await save(api, workflow("https://api.example.com/one", "s3cret"), form)
    assert saved["userErrors"] == []
    assert saved["workflow"]["definition"] == workflow("https://api.example.com/one")
    assert yaml.safe_load(saved["workflow"]["yaml"]) == workflow("https://api.example.com/one")
    for url, expected in (
        ("https://evil.example/one", "stays with the server"),
        ("https://api.example.com:8443/one", "stays with the server"),
        ("http://api.example.com/one", "stays with the server"),
        ("${{ inputs.url }}", "is set by an expression"),
        ("https://api.example.com${{ inputs.url }}", "is set by an expression"),
    ):
        payload = await save(api, workflow(url), form)
        (error,) = payload["userErrors"]
        assert payload["workflow"] is None
        assert (error["field"], error["code"]) == ([form, "steps", "0", "params", "token"], "INVALID")
        assert expected in error["message"]
    kept = await save(api, workflow("https://API.example.com:443/two/${{ inputs.url }}"), form)
    assert (kept["userErrors"], kept["workflow"]["version"]) == ([], 2)
