"""Writes the requests of docs/examples as collections for Postman and Bruno. Run by scripts/export-examples.

    python scripts/_examples.py [DIRECTORY]

An example is a file NN-name.graphql, its variables NN-name.json beside it. Its first comment is its title. A comment
`Keeps: name = path` names a variable of the collection that takes what the answer's data has at that path. A comment
`Waits: path = VALUE` lets the collection send the request again until the answer's data has that value there.
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
WAIT_MS = 500
"""Between two sendings of a request that waits."""
MOST_SENDINGS = 60
_KEEPS = re.compile(r"Keeps: (\w+) = ([\w.]+)")
_WAITS = re.compile(r"Waits: ([\w.]+) = (\w+)")
_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
_STREAM = {"accept": "text/event-stream"}  # over HTTP, events come so
_END = "event: complete"


@dataclass(frozen=True)
class Example:
    """One request: `keeps` says which variable takes what of the answer, `waits` what it is sent again for."""

    name: str
    title: str
    about: str
    query: str
    variables: str
    keeps: dict[str, str]
    waits: tuple[str, str] | None

    @property
    def is_public(self) -> bool:
        """Whether it is sent without a token: those that bring one are."""
        return "accessToken" in self.keeps

    @property
    def needs(self) -> set[str]:
        """The variables that it is sent with."""
        return set(_PLACEHOLDER.findall(self.variables))

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
    waits = next((match for line in comments if (match := _WAITS.fullmatch(line))), None)
    title, *about = (line for line in comments if not _KEEPS.fullmatch(line) and not _WAITS.fullmatch(line))
    variables = file.with_suffix(".json")
    given = variables.read_text() if variables.exists() else "{}\n"
    return Example(file.stem, title, " ".join(about), query, given, keeps, waits and (waits[1], waits[2]))


def required(example: Example) -> dict[str, str]:
    """The variables that must have been kept before this example is sent, and the titles of those that bring them."""
    givers: dict[str, str] = {}
    for other in examples():
        if other.name >= example.name:
            break
        givers |= {name: other.title for name in other.keeps if name not in givers or not other.is_public}
    needed = example.needs if example.is_public else {"accessToken", *example.needs}
    return {name: givers[name] for name in sorted(needed) if name in givers}


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
    scripts = {"prerequest": _postman_guard(example), "test": _postman_script(example)}
    events = [
        {"listen": name, "script": {"type": "text/javascript", "exec": lines}}
        for name, lines in scripts.items()
        if lines
    ]
    return {"name": example.title, "event": events, "request": request}


def _postman_guard(example: Example) -> list[str]:
    """Does not send what it has no ids for, and says what brings them."""
    return [
        line
        for name, title in required(example).items()
        for line in (
            f'if (!pm.variables.get("{name}")) {{',
            f"  pm.test({json.dumps(_first(title))}, () => pm.expect.fail());",
            "  pm.execution.skipRequest();",
            "}",
        )
    ]


def _first(title: str) -> str:
    return f'Send "{title}" first.'


def _postman_wait(example: Example) -> list[str]:
    if example.waits is None:
        return []
    path, value = example.waits
    return [
        f'const waits = answer.data?.{path.replace(".", "?.")} !== "{value}";',
        'const sendings = Number(pm.variables.get("sendings") ?? 0) + 1;',
        f"const again = waits && sendings < {MOST_SENDINGS};",
        'pm.variables.set("sendings", again ? sendings : 0);',
        "if (again) {",
        "  pm.execution.setNextRequest(pm.info.requestName);",
        f"  setTimeout(() => {{}}, {WAIT_MS});",
        f'}} else pm.test("{path} is {value}", () => pm.expect(waits).to.equal(false));',
    ]


def _postman_script(example: Example) -> list[str]:
    if example.headers:
        return [f'pm.test("it ends", () => pm.expect(pm.response.text()).to.include("{_END}"));']
    return [
        "const answer = pm.response.json();",
        *_postman_wait(example),
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
    script = _BRUNO_STREAM if fields else "\n".join([_BRUNO_SCRIPT, *_bruno_wait(example), *kept])
    guard = _bruno_guard(example)
    return "\n".join(
        [
            _block("meta", f"name: {example.title}\ntype: graphql\nseq: {number}"),
            _block("post", f"url: {{{{baseUrl}}}}/graphql\nbody: graphql\nauth: {auth}"),
            *([_block("headers", fields)] if fields else []),
            _block("body:graphql", example.query.rstrip()),
            _block("body:graphql:vars", example.variables.rstrip()),
            *([_block("script:pre-request", guard)] if guard else []),
            _block("tests", script),
            _block("docs", example.about),
        ]
    )


def _bruno_guard(example: Example) -> str:
    """Does not send what it has no ids for, and says what brings them."""
    return "\n".join(
        f'if (!bru.getVar("{name}") && !bru.getCollectionVar("{name}")) throw new Error({json.dumps(_first(title))});'
        for name, title in required(example).items()
    )


def _bruno_wait(example: Example) -> list[str]:
    if example.waits is None:
        return []
    path, value = example.waits
    return [
        f'const waits = answer.data?.{path.replace(".", "?.")} !== "{value}";',
        'const sendings = (bru.getVar("sendings") ?? 0) + 1;',
        f"const again = waits && sendings < {MOST_SENDINGS};",
        'bru.setVar("sendings", again ? sendings : 0);',
        "if (again) {",
        f"  await bru.sleep({WAIT_MS});",
        "  bru.runner.setNextRequest(req.getName());",
        f'}} else test("{path} is {value}", () => expect(waits).to.equal(false));',
    ]


_BRUNO_STREAM = f'test("it ends", () => expect(res.getBody()).to.include("{_END}"));'
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
