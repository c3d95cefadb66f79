"""Texts that the dashboard writes, read by others: CSV by Python, commands by Bash and curl. And JSON that it reads."""

import asyncio
import csv
import io
import json
import random
import shutil
import subprocess
from typing import Any

import pytest

from tests.outbound.servers import answering, response
from tests.web.dashboard_modules import needs_modules, values

pytestmark = needs_modules
needs_curl = pytest.mark.skipif(
    shutil.which("curl") is None or shutil.which("bash") is None, reason="there is no curl or bash on the PATH"
)
URL = "https://a.example/x?a=1&b=$c"
GET = {"method": "GET"}
SPECIAL = [
    "'",
    '"',
    "\\",
    "$HOME",
    "`id`",
    "!",
    "\n",
    "\t",
    " ",
    ";",
    "&",
    "*",
    "é",
    "漢",
    "😀",
    "%s",
    "#",
    "$(id)",
    "a",
    "=",
]


def some_text(chance: random.Random) -> str:
    return "".join(chance.choices(SPECIAL, k=chance.randint(1, 12)))


async def to_csv(*rows: list[Any]) -> str:
    return "".join(await values(*(["toCsvRow", row] for row in rows)))


async def test_rows_are_read_back_as_they_were() -> None:
    chance = random.Random(2)
    cells = [
        "",
        "a,b",
        'say "yes"',
        "two\r\nlines",
        "one\nmore",
        " space ",
        "é漢😀",
        '"',
        "a'b",
        *(f"x{some_text(chance)}" for _ in range(200)),
    ]
    rows = [cells[at : at + 3] for at in range(0, len(cells) - 2, 3)]
    written = await to_csv(*rows)
    assert list(csv.reader(io.StringIO(written, newline=""))) == rows
    assert written.endswith("\r\n")


async def test_numbers_stay_numbers_and_nothing_is_empty() -> None:
    assert await to_csv([1, -2.5, 0, None, ""]) == "1,-2.5,0,,\r\n"


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1", "|calc", "%0A", "=HYPERLINK(\"https://a.example\",\"b\")",
        "\uff1d1", "\uff0b1", "\uff0d1", "\uff20a", "\x00=1",  # full-width
    ],
)  # fmt: skip
async def test_a_cell_that_a_spreadsheet_would_run_is_a_text(text: str) -> None:
    ((cell,),) = csv.reader(io.StringIO(await to_csv([text]), newline=""))
    assert cell == f"'{text}"


@pytest.mark.parametrize("text", ["a=1", "1+1", "a-b", "me@example.com", "'=1", "", "  a"])
async def test_other_cells_are_left_as_they_are(text: str) -> None:
    assert list(csv.reader(io.StringIO(await to_csv([text, "end"]), newline=""))) == [[text, "end"]]


def request(**changes: Any) -> dict[str, Any]:
    return {"method": "POST", "url": URL, "headers": [], "body": None, **changes}


def words_of(command: str) -> list[str]:
    """Return the words into which Bash splits a command."""
    printed = subprocess.run(
        ["bash", "-c", f"curl() {{ printf '%s\\0' \"$@\"; }}\n{command}"],
        capture_output=True, check=True, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "HOME": "/wrong"},
    )  # fmt: skip
    assert printed.stderr == b""
    return printed.stdout.decode().split("\0")[:-1]


@needs_curl
async def test_the_shell_changes_nothing_in_a_command() -> None:
    chance = random.Random(4)
    requests = [
        request(
            url=f"https://a.example/{some_text(chance)}",
            headers=[{"name": f"X-{number}", "value": some_text(chance)} for number in range(3)],
            body=some_text(chance),
        )
        for _ in range(60)
    ]
    for one, command in zip(requests, await values(*(["toCurl", one] for one in requests)), strict=True):
        headers = [word for each in one["headers"] for word in ("--header", f"{each['name']}: {each['value']}")]
        headers += ["--header", "Content-Type:"]  # there was none
        assert words_of(command) == ["--request", "POST", one["url"], *headers, "--data-raw", one["body"]]


@needs_curl
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (GET, [URL]),
        ({"body": "q", **GET}, ["--request", "GET", URL, "--header", "Content-Type:", "--data-raw", "q"]),
        ({"method": "HEAD"}, ["--head", URL]),
        ({"method": "DELETE", "body": ""}, ["--request", "DELETE", URL, "--header", "Content-Type:", "--data-raw", ""]),
        ({"headers": [{"name": "X-A", "value": ""}], **GET}, [URL, "--header", "X-A;"]),
        ({"headers": [{"name": "Host", "value": "b"}, {"name": "CONTENT-LENGTH", "value": "3"}], **GET}, [URL]),
    ],
    ids=["get", "get-with-body", "head", "empty-body", "empty-header", "own-headers"],
)  # fmt: skip
async def test_a_command_has_what_curl_needs(changes: dict[str, Any], expected: list[str]) -> None:
    (command,) = await values(["toCurl", request(**changes)])
    assert words_of(command) == expected


@needs_curl
async def test_curl_sends_the_request_again() -> None:
    body = '{"name": "it\'s $HOME & `id`\\n漢"}'
    headers = [
        {"name": "X-Odd", "value": 'it\'s "$HOME" \\ `id` !x'},
        {"name": "X-Empty", "value": ""},
        {"name": "Content-Type", "value": "application/json"},
    ]
    async with answering(response("204 No Content")) as server:
        one = request(url=f"{server.url}hook?a=1&b=%24c", headers=headers, body=body, method="PATCH")
        (command,) = await values(["toCurl", one])
        process = await asyncio.create_subprocess_exec(
            "bash", "-c", f"{command} --silent", env={"PATH": "/usr/bin:/bin"}
        )
        assert await process.wait() == 0
        (seen,) = server.seen
    head, _, sent = seen.decode().partition("\r\n\r\n")
    assert head.startswith("PATCH /hook?a=1&b=%24c HTTP/1.1\r\n")
    lines = head.split("\r\n")
    assert 'X-Odd: it\'s "$HOME" \\ `id` !x' in lines
    assert {"X-Empty:", "Content-Type: application/json"} <= {line.strip() for line in lines}
    assert sent == body


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, "a value is expected"),
        ('{"a": 1', 1, 8, "a comma or }"),
        ('{"a": [1, 2\n}', 2, 1, "a comma or ]"),
        ('{\n  "a": 1,\n}', 3, 1, "a name in double quotes"),
        ('{\n  "a" 1}', 2, 7, "a colon"),
        ("{'a': 1}", 1, 2, "a name in double quotes"),
        ("[1, 'a']", 1, 5, "double quotes"),
        ("[1, 2,]", 1, 7, "a value is expected"),
        ('{"a": x}', 1, 7, "a value is expected"),
        ("[01]", 1, 2, "a value is expected"),
        ("[truely]", 1, 2, "a value is expected"),
        ('["a\nb"]', 1, 2, "not closed"),
        ('["\\x"]', 1, 2, "not closed"),
        ("1 2", 1, 3, "nothing can follow"),
        ("[" * 100_000, 1, 502, "nested too deeply"),
    ],
    ids=[
        "empty", "object", "array", "comma", "colon", "name", "quotes", "end", "word", "zero", "longer", "line",
        "escape", "more", "deep",
    ],
)  # fmt: skip
async def test_a_fault_in_json_is_told_with_its_place(text: str, line: int, column: int, message: str) -> None:
    ((read),) = await values(["readJson", text])
    fault = read["fault"]
    assert (fault["line"], fault["column"]) == (line, column), fault
    assert message in fault["message"]


async def test_each_text_that_is_no_json_has_a_place() -> None:
    chance = random.Random(6)
    valid = json.dumps({"a": [1, -2.5e3, True, None, 'é"\\'], "b": {"c": {}, "d": []}}, indent=1)
    texts = [valid]
    for _ in range(400):
        at = chance.randrange(len(valid))
        texts.append(valid[:at] + chance.choice(["", "x", ",", "}", '"', "1", " "]) + valid[at + 1 :])
    for text, read in zip(texts, await values(*(["readJson", text] for text in texts)), strict=True):
        try:
            json.loads(text)
        except ValueError:
            lines = text[: read["fault"]["at"]].split("\n")
            assert (read["fault"]["line"], read["fault"]["column"]) == (len(lines), len(lines[-1]) + 1)
            assert "SyntaxError" not in read["fault"]["message"], text  # its place was found
        else:
            assert read == {"value": json.loads(text), "fault": None}
