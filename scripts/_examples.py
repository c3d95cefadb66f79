"""Writes the requests of docs/examples as collections for Postman and Bruno. Run by scripts/export-examples.

    python scripts/_examples.py [DIRECTORY]

An example is a file NN-name.graphql, its variables NN-name.json beside it. Its first comment is its title; a comment
`Keeps: name = path` names a variable of the collection that takes what the answer's data has at that path.
"""

import json
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parent.parent / "docs" / "examples"
POSTMAN = "tocsin.postman_collection.json"
BRUNO = "bruno"
ABOUT = "The requests of docs/examples. Made by scripts/export-examples; change those, not these."
_KEEPS = re.compile(r"Keeps: (\w+) = ([\w.]+)")
_STREAM = {"accept": "text/event-stream"}  # over HTTP, events come so


@dataclass(frozen=True)
class Example:
    """One request: `keeps` says which variable takes what of the answer."""

    name: str
    title: str
    about: str
    query: str
    variables: str
    keeps: dict[str, str]

    @property
    def is_public(self) -> bool:
        """Whether it is sent without a token: those that bring one are."""
        return "accessToken" in self.keeps

    @property
    def headers(self) -> dict[str, str]:
        """The headers that it needs beside those of all."""
        return _STREAM if re.search(r"^subscription\b", self.query, re.MULTILINE) else {}


def examples() -> list[Example]:
    """All examples, in their order."""
    return [_example(file) for file in sorted(SOURCE.glob("[0-9]*.graphql"))]


def fixed() -> dict[str, str]:
    """The collections' variables and what they are at first."""
    values: dict[str, str] = json.loads((SOURCE / "variables.json").read_text())
    return values


def _example(file: Path) -> Example:
    query = file.read_text()
    comments = [line[2:] for line in query.split("\n") if line.startswith("# ")]
    keeps = {match[1]: match[2] for line in comments if (match := _KEEPS.fullmatch(line))}
    title, *about = (line for line in comments if not _KEEPS.fullmatch(line))
    variables = file.with_suffix(".json")
    given = variables.read_text() if variables.exists() else "{}\n"
    return Example(file.stem, title, " ".join(about), query, given, keeps)


# --- Postman ----------------------------------------------------------------------------------------------------------


def postman() -> str:
    """A collection of Postman's format 2.1."""
    collection = {
        "info": {
            "name": "Tocsin",
            "description": ABOUT,
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{accessToken}}", "type": "string"}]},
        "variable": [{"key": name, "value": value, "type": "string"} for name, value in fixed().items()],
        "item": [_postman_item(example) for example in examples()],
    }
    return json.dumps(collection, indent=2) + "\n"


def _postman_item(example: Example) -> dict[str, Any]:
    request = {
        **({"auth": {"type": "noauth"}} if example.is_public else {}),
        "method": "POST",
        "header": [{"key": name, "value": value} for name, value in example.headers.items()],
        "body": {"mode": "graphql", "graphql": {"query": example.query, "variables": example.variables}},
        "url": {"raw": "{{baseUrl}}/graphql", "host": ["{{baseUrl}}"], "path": ["graphql"]},
        "description": example.about,
    }
    script = {"type": "text/javascript", "exec": [] if example.headers else _postman_script(example)}
    return {"name": example.title, "event": [{"listen": "test", "script": script}], "request": request}


def _postman_script(example: Example) -> list[str]:
    return [
        "const answer = pm.response.json();",
        'pm.test("no errors", () => pm.expect(answer.errors).to.equal(undefined));',
        "const faults = Object.values(answer.data ?? {}).flatMap((field) => field?.userErrors ?? []);",
        'pm.test("no user errors", () => pm.expect(faults).to.eql([]));',
        *(
            f'if (!faults.length) pm.collectionVariables.set("{name}", answer.data.{path});'
            for name, path in example.keeps.items()
        ),
    ]


# --- Bruno ------------------------------------------------------------------------------------------------------------


def bruno() -> dict[str, str]:
    """The files of a Bruno collection."""
    about = {"version": "1", "name": "Tocsin", "type": "collection", "ignore": []}
    parts = [
        _block("auth", "mode: bearer"),
        _block("auth:bearer", "token: {{accessToken}}"),
        _block("vars:pre-request", "\n".join(f"{name}: {value}" for name, value in fixed().items())),
        _block("docs", ABOUT),
    ]
    return {
        "bruno.json": json.dumps(about, indent=2) + "\n",
        "collection.bru": "\n".join(parts),
        **{f"{example.name}.bru": _bru(number, example) for number, example in enumerate(examples(), 1)},
    }


def _bru(number: int, example: Example) -> str:
    auth = "none" if example.is_public else "inherit"
    fields = "\n".join(f"{name}: {value}" for name, value in example.headers.items())
    kept = [f'if (!faults.length) bru.setVar("{name}", answer.data.{path});' for name, path in example.keeps.items()]
    script = "\n".join([_BRUNO_SCRIPT, *kept])
    return "\n".join(
        [
            _block("meta", f"name: {example.title}\ntype: graphql\nseq: {number}"),
            _block("post", f"url: {{{{baseUrl}}}}/graphql\nbody: graphql\nauth: {auth}"),
            *([_block("headers", fields)] if fields else []),
            _block("body:graphql", example.query.rstrip()),
            _block("body:graphql:vars", example.variables.rstrip()),
            *([] if fields else [_block("tests", script)]),
            _block("docs", example.about),
        ]
    )


_BRUNO_SCRIPT = """const answer = res.getBody();
test("no errors", () => expect(answer.errors).to.equal(undefined));
const faults = Object.values(answer.data ?? {}).flatMap((field) => field?.userErrors ?? []);
test("no user errors", () => expect(faults).to.eql([]));"""


def _block(name: str, text: str) -> str:
    indented = "".join(f"  {line}".rstrip() + "\n" for line in text.split("\n"))
    return f"{name} {{\n{indented}}}\n"


def write(directory: Path) -> None:
    """Write both collections, replacing what is there of them."""
    (directory / POSTMAN).write_text(postman())
    shutil.rmtree(directory / BRUNO, ignore_errors=True)
    for name, text in bruno().items():
        file = directory / BRUNO / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE)
