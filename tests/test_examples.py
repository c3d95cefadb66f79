"""The requests in docs/examples: they are valid, the same in all exports, and work in order."""

import importlib.util
import json
import re
import sys
from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import build_schema, parse, validate

from tests.acceptance.server import Server, run_server
from tests.harness import wait_until
from tocsin.web import pages

ROOT = Path(__file__).parent.parent
DIRECTORY = ROOT / "docs" / "examples"
_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")


def _module() -> Any:
    specification = importlib.util.spec_from_file_location("_examples", ROOT / "scripts" / "_examples.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module  # its dataclasses look themselves up there
    specification.loader.exec_module(module)
    return module


collections = _module()
EXAMPLES = collections.examples()


def each(example: Any) -> str:
    name: str = example.name
    return name


# --- what they are ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", EXAMPLES, ids=each)
def test_an_example_is_one_named_operation_of_the_schema(example: Any) -> None:
    schema = build_schema((ROOT / "schema.graphql").read_text())
    document = parse(example.query)

    assert validate(schema, document) == []
    (operation,) = document.definitions
    assert getattr(operation, "name", None) is not None
    assert example.about.endswith((".", "?", ")."))


def test_variables_are_kept_before_they_are_used() -> None:
    known = {name for name, value in collections.fixed().items() if value}
    for example in EXAMPLES:
        assert set(_PLACEHOLDER.findall(example.variables)) <= known, example.name
        known |= set(example.keeps)
    assert known == set(collections.fixed())


# --- where they stand -------------------------------------------------------------------------------------------------


def test_the_collections_are_up_to_date(tmp_path: Path) -> None:
    collections.write(tmp_path)
    written = {str(file.relative_to(tmp_path)): file.read_text() for file in tmp_path.rglob("*") if file.is_file()}
    sources = {file.name for file in DIRECTORY.glob("[0-9]*")} | {"variables.json", "README.md"}
    committed = {str(file.relative_to(DIRECTORY)): file for file in DIRECTORY.rglob("*") if file.is_file()}

    assert written == {name: file.read_text() for name, file in committed.items() if name not in sources}, (
        "run scripts/export-examples"
    )


def test_postman_has_the_same_requests() -> None:
    items = json.loads((DIRECTORY / collections.POSTMAN).read_text())["item"]
    bodies = [item["request"]["body"]["graphql"] for item in items]

    assert [
        (item["name"], body["query"], json.loads(body["variables"])) for item, body in zip(items, bodies, strict=True)
    ] == [(example.title, example.query, json.loads(example.variables)) for example in EXAMPLES]


def test_bruno_has_the_same_requests() -> None:
    files = [(DIRECTORY / collections.BRUNO / f"{example.name}.bru").read_text() for example in EXAMPLES]

    assert [(_part(text, "body:graphql"), json.loads(_part(text, "body:graphql:vars"))) for text in files] == [
        (example.query, json.loads(example.variables)) for example in EXAMPLES
    ]
    assert len(list((DIRECTORY / collections.BRUNO).glob("[0-9]*.bru"))) == len(EXAMPLES)


def _part(text: str, name: str) -> str:
    inside = re.search(rf"^{name} \{{\n(.*?)^\}}$", text, re.MULTILINE | re.DOTALL)
    assert inside is not None
    return re.sub(r"^  ", "", inside[1], flags=re.MULTILINE)


def test_the_playground_has_the_same_requests() -> None:
    (script,) = (pages.STATIC_DIRECTORY / "assets").glob("playground-*.js")
    bundle = script.read_text()

    assert [example.name for example in EXAMPLES if example.query not in bundle] == []


# --- that they work ---------------------------------------------------------------------------------------------------


class Reader:
    """Sends examples as the collections do, and keeps the values that they ask to keep."""

    def __init__(self, server: Server) -> None:
        self.url = server.url
        self.values = {**collections.fixed(), "baseUrl": server.url.removesuffix("/graphql")}

    def request(self, example: Any) -> dict[str, Any]:
        """Return the request for httpx."""
        variables = _PLACEHOLDER.sub(lambda match: self.values[match[1]], example.variables)
        token = {} if example.is_public else {"authorization": f"Bearer {self.values['accessToken']}"}
        body = {"query": example.query, "variables": json.loads(variables)}
        return {"url": self.url, "json": body, "headers": {**token, **example.headers}}

    async def send(self, example: Any) -> dict[str, Any]:
        """Send the example and return the data of the response. Fails on errors of any kind."""
        async with httpx.AsyncClient(timeout=20, verify=False) as client:
            answer = (await client.post(**self.request(example))).json()
        assert "errors" not in answer, (example.name, answer)
        data: dict[str, Any] = answer["data"]
        assert [
            fault for field in data.values() if isinstance(field, dict) for fault in field.get("userErrors", ())
        ] == []
        for name, path in example.keeps.items():
            self.values[name] = _at(data, path)
        return data

    async def events(self, example: Any) -> AsyncGenerator[Any]:
        """Return the results of a subscription."""
        async with (
            httpx.AsyncClient(timeout=20, verify=False) as client,
            client.stream("POST", **self.request(example)) as answer,
        ):
            async for line in answer.aiter_lines():
                if line.startswith("data: {"):
                    yield json.loads(line.removeprefix("data: "))


def _at(data: Any, path: str) -> str:
    for step in path.split("."):
        data = data[step]
    assert isinstance(data, str)
    return data


async def test_the_examples_work_one_after_the_other(tmp_path: Path) -> None:
    async with run_server(tmp_path) as server:
        reader = Reader(server)

        async def reached(example: Any) -> bool:
            path, value = example.waits
            return bool(_at(await reader.send(example), path) == value)

        for example in EXAMPLES:
            if example.headers:
                events = [event async for event in reader.events(example)]
                assert next(iter(events[0]["data"].values()))["kind"] == "SNAPSHOT"
                assert len(events) == json.loads(example.variables).get("limit", len(events))
            elif example.waits:
                await wait_until(partial(reached, example), 20)
            else:
                await reader.send(example)
