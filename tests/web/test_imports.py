"""The readers of curl commands and crontabs in the dashboard, compared with Bash and curl themselves."""

import asyncio
import json
import random
import re
import shutil
import subprocess
from base64 import b64encode
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.outbound.servers import answering, response
from tests.web.dashboard_modules import needs_modules, read, values

needs_tool = {
    name: pytest.mark.skipif(shutil.which(name) is None, reason=f"there is no {name} on the PATH")
    for name in ("curl", "bash")
}
pytestmark = needs_modules


async def read_curl(command: str, variables: Any = None) -> Any:
    (found,) = await read(["readCurl", command, variables or {}])
    return found["value"]


# Commands, with {url} in place of the server. What curl sends is the truth.
COMMANDS = [
    "curl {url}",
    "curl {url}/a/b?x=1\\&y=2",
    "curl '{url}/a?x=1#part'",
    "curl {url}?q=1",
    "curl -X DELETE {url}/7",
    "curl -XPUT {url} -d a=1",
    "curl --request PATCH {url} --data a=1 --data b=2",
    "curl {url} -d 'a=1&b=2' -d c=3",
    "curl {url} -d 'name=J%C3%BCrgen+M'",
    "curl {url} -d 'a=1&b=2&a=3'",
    "curl {url} -d a=1 -d a=2",
    "curl {url} -d just-text",
    "curl {url} --data-raw '@not-a-file'",
    "curl {url} --data-binary $'line 1\\nline 2\\n' -H 'Content-Type: text/csv'",
    "curl {url} -d ''",
    "curl {url} --data-urlencode 'q=a b&c=d/é' --data-urlencode '=x y' --data-urlencode 'z +'",
    "curl -G {url}/search -d q=1 --data-urlencode 'lang=C++ & co'",
    "curl -G '{url}/search?a=1' -d q=1",
    "curl --get {url} --data-urlencode 'x=ü'",
    "curl {url}/s --url-query 'a=1 2' --url-query +raw=%20",
    "curl -I {url}/head",
    """curl {url} --json '{{"a": 1, "b": [true, null, "é"]}}'""",
    """curl {url} --json '{{"a":' --json '1}}'""",
    """curl {url} --json '{{"id": 12345678901234567890}}'""",
    """curl {url} --json '{{"a": 1}}' -H 'Content-Type: application/vnd.api+json' -H 'Accept: text/html'""",
    """curl {url} -H "Content-Type: application/json" -d '{{"a": "it'\\''s"}}'""",
    """curl {url} -H "Content-Type: application/json" -d "{{\\"price\\": 1.50, \\"a\\": 1}}" """,
    """curl {url} -d '{{"a": 1}}'""",
    "curl -u alice:s3cret:x {url}",
    "curl --user 'jürgen:pä' {url}",
    "curl --oauth2-bearer abc.def {url}",
    "curl -H 'Authorization: Bearer abc.def' {url}",
    "curl -H 'Authorization: Token abc' {url}",
    "curl -H 'Authorization: Basic YWxpY2U6cA==' {url}",
    "curl -A 'Robot/1.0' -e https://example.com/ -b 'a=1; b=2' {url}",
    "curl -H 'X-One: 1' -H 'X-Empty;' -H 'Accept:' -H 'X-Two:2' {url}",
    "curl -sSfLk --compressed -o /dev/null {url}/quiet",
    "curl -m 5 --connect-timeout 2.5 --retry 3 {url}",
    "curl -s \\\n  -H 'X-A: 1' \\\n  {url}/lines",
    "curl --url {url}/named -v -i",
    "curl -r 0-99 {url}",
    'curl "{url}/a?b=$((1))" || true'.replace("$((1))", "1"),
    "curl -s {url}/piped | cat",
    "/usr/bin/curl {url}/path > /dev/null 2>&1",
    "curl {url}/x%20y",
    "curl -g '{url}/{{a}}/[1-2]'",
    "curl {url} -H 'Host: example.com' -H 'Accept-Encoding: gzip' -H 'Content-Length: 0'",
    """curl '{url}/api' -X 'POST' -H 'accept: */*' -H 'content-type: application/json' \\
  --data-raw $'{{"a":"it\\'s \\u0021"}}' --insecure""",
]
_SET_BY_SERVER = {"host", "content-length", "accept-encoding"}


def sent_by_curl(raw: bytes) -> tuple[str, str, dict[str, list[str]], bytes]:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    headers: dict[str, list[str]] = {}
    for name, value in (line.split(":", 1) for line in lines):
        headers.setdefault(name.lower(), []).append(value.strip())
    for name in _SET_BY_SERVER:
        headers.pop(name, None)
    if headers.get("user-agent", [""])[0].startswith("curl/"):
        del headers["user-agent"]
    if headers.get("accept") == ["*/*"]:
        del headers["accept"]
    return method, re.sub("%[0-9a-f]{2}", lambda found: found[0].upper(), target), headers, body  # some curls write %2b


def sent_by_task(request: Any, url: str) -> tuple[str, str, dict[str, list[str]], Any]:
    headers = {one["name"].lower(): [one["value"]] for one in request["headers"]}
    if headers.get("accept") == ["*/*"]:
        del headers["accept"]
    match request["authorization"]:
        case {"kind": "bearer", "token": token}:
            headers["authorization"] = [f"Bearer {token}"]
        case {"kind": "basic", "user": user, "password": password}:
            headers["authorization"] = ["Basic " + b64encode(f"{user}:{password}".encode()).decode()]
    types = {"json": "application/json", "form": "application/x-www-form-urlencoded"}
    if (kind := request["body"]["kind"]) in types:
        headers["content-type"] = [types[kind]]
    target = request["url"].removeprefix(url.rstrip("/")).partition("#")[0]
    return request["method"], target, headers, request["body"]


def assert_same_body(body: Any, sent: bytes) -> None:
    match body["kind"]:
        case "none":
            assert sent == b""
        case "text":
            assert body["text"].encode() == sent
        case "json":
            assert json.loads(body["text"]) == json.loads(sent)
        case "form":
            pairs = [(one["name"], one["value"]) for one in body["fields"]]
            assert pairs == parse_qsl(sent.decode(), keep_blank_values=True)


@needs_tool["curl"]
@needs_tool["bash"]
async def test_a_command_is_read_as_the_request_that_curl_sends() -> None:
    async with answering(response()) as target:
        url = target.url.rstrip("/")
        commands = [command.format(url=url) for command in COMMANDS]
        readings = await read(*(["readCurl", command, {}] for command in commands))
        for command, reading in zip(commands, readings, strict=True):
            target.seen.clear()
            process = await asyncio.create_subprocess_exec(
                "bash", "-c", command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={"PATH": "/usr/bin:/bin"}
            )
            _, errors = await process.communicate()
            assert len(target.seen) == 1, (command, errors)
            assert "fault" not in reading["value"], (command, reading)
            request = reading["value"]["request"]
            expected, found = sent_by_curl(target.seen[0]), sent_by_task(request, url)
            assert found[:3] == expected[:3], command
            assert_same_body(found[3], expected[3])


# What is copied from a run: method, target, body, and a header.
COPIED: list[tuple[str, str, str | None, str]] = [
    ("GET", "/a?b=1&c=$(id)", None, "$(id) `id` $HOME"),
    ("GET", "/it's?a='", None, "it's"),
    ("GET", "/a[1-3]?b={x,y}", None, "[1-3]"),
    ("GET", "/a/../b/./c", None, ""),
    ("GET", "/", "sent though", "x"),
    ("POST", "/", "@/etc/passwd", "@/etc/passwd"),
    ("POST", "/", 'it\'s\n$(id)\n\\ "x" \\', "a;b"),
    ("POST", "/", "a=1&b=%20", "x"),
    ("PUT", "/", "", "x"),
    ("POST", "/", None, "x"),
    ("HEAD", "/a", None, "x"),
    ("DELETE", "/-o/etc", None, "-o x"),
]


@needs_tool["curl"]
@needs_tool["bash"]
async def test_a_copied_command_sends_the_request_again() -> None:
    async with answering(response()) as target:
        url = target.url.rstrip("/")
        requests = [
            {"method": method, "url": url + path, "headers": [{"name": "X-Odd", "value": odd}], "body": body}
            for method, path, body, odd in COPIED
        ]
        for (method, path, body, odd), command in zip(
            COPIED, await values(*(["toCurl", one] for one in requests)), strict=True
        ):
            target.seen.clear()
            process = await asyncio.create_subprocess_exec(
                "bash", "-c", command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={"PATH": "/usr/bin:/bin"}
            )
            _, errors = await process.communicate()
            assert len(target.seen) == 1, (command, errors)
            head, _, sent = target.seen[0].partition(b"\r\n\r\n")
            line, *headers = head.decode().split("\r\n")
            assert line == f"{method} {path} HTTP/1.1", command
            assert sent.decode() == (body or ""), command
            named = {name.lower(): value for name, _, value in (header.partition(": ") for header in headers)}
            assert named.pop("x-odd", named.pop("x-odd:", None)) == odd, command
            assert named.keys() <= {"host", "user-agent", "accept", "content-length"}, command


REFUSED = {
    "wget https://example.com": "The command is wget, not curl.",
    "curl": "no URL",
    "curl https://a.example https://b.example": "2 URLs",
    "curl -F file=@a https://example.com": "multipart",
    "curl -T a https://example.com": "sends a file",
    "curl -d @body.json https://example.com": "reads a file",
    "curl --data-urlencode q@file https://example.com": "reads a file",
    "curl -H @headers https://example.com": "reads a file",
    "curl -b jar.txt https://example.com": "reads a file",
    "curl -x http://proxy https://example.com": "proxy",
    "curl --cert a.pem https://example.com": "client certificate",
    "curl --digest -u a:b https://example.com": "digest",
    "curl https://example.com --next https://b.example": "several requests",
    "curl https://example.com/[1-9]": "pattern",
    "curl https://example.com/{a,b}": "pattern",
    "curl -X FETCH https://example.com": "method FETCH",
    "curl -d": "no value",
    "curl -ß https://example.com": "no option -ß",
    "curl -H nothing https://example.com": "no name and value",
    "curl https://example.com -H 'A: 1": "quotation mark ' is missing",
    'curl https://example.com -H "A: 1': 'quotation mark " is missing',
    "curl https://example.com -H $'A: 1": "quotation mark ' is missing",
    'curl -H "Authorization: Bearer $TOKEN" https://example.com': "The variable $TOKEN is not known here",
    "curl https://example.com/$(date)": "not evaluated",
    "curl https://example.com/`date`": "backticks",
    "curl https://example.com < body": "from a file",
    "curl https://example.com/a?b=1&c=2": "Put the URL in quotation marks",
    "curl https://example.com && rm -rf x": "Another one follows",
    "curl https://example.com; curl https://b.example": "Another one follows",
    'curl ^"https://example.com^" ^\n -H ^"A: 1^"': "Copy as cURL (bash)",
    "curl https://example.com/{a,b} -H 'A: ${{ secrets.a }}'": "pattern",
    "curl https://example.com -u 'me:${{ secrets.a }}'": "base64 of user:password",
    'curl "https://example.com/${{ env.A }}"': "not evaluated",
    "": "Paste a command",
}


async def test_what_cannot_be_imported_is_refused_with_a_reason() -> None:
    readings = await read(*(["readCurl", command, {}] for command in REFUSED))
    for (command, reason), reading in zip(REFUSED.items(), readings, strict=True):
        assert reason in reading["value"].get("fault", ""), (command, reading)


A = "${{ secrets.a }}"
WITH_SECRETS: list[tuple[str, dict[str, Any]]] = [
    (f"curl {A}", {"url": A}),
    (f"curl '{A}'", {"url": A}),
    (f'curl "https://{A}?x={A}"', {"url": f"https://{A}/?x={A}"}),
    (f"curl https://a.example/${{{{secrets.a}}}}/b -d x={A}", {"url": "https://a.example/${{secrets.a}}/b"}),
    (f"curl -G https://a.example/ --data-urlencode 'q=a b{A}'", {"url": f"https://a.example/?q=a+b{A}"}),
    (f'curl https://a.example/ -H "Authorization: Bearer {A}"', {"authorization": {"kind": "bearer", "token": A}}),
    (f"curl https://a.example/ --oauth2-bearer '{A}'", {"authorization": {"kind": "bearer", "token": A}}),
    (
        f"curl https://a.example/ -H 'Authorization: Basic {A}'",
        {"authorization": {"kind": "none"}, "headers": [{"name": "Authorization", "value": f"Basic {A}"}]},
    ),
    (f'curl https://a.example/ -H "X-Key: {A}"', {"headers": [{"name": "X-Key", "value": A}]}),
    (
        f"curl https://a.example/ -d 'x={A}&y=1'",
        {"body": {"kind": "form", "text": "", "fields": [{"name": "x", "value": A}, {"name": "y", "value": "1"}]}},
    ),
    (
        f"""curl https://a.example/ --json '{{"x": "{A}"}}'""",
        {"body": {"kind": "json", "text": f'{{"x": "{A}"}}', "fields": []}},
    ),
]


async def test_references_to_secrets_stay_as_they_are_however_they_are_quoted() -> None:
    readings = await read(*(["readCurl", command, {}] for command, _ in WITH_SECRETS))
    for (command, expected), reading in zip(WITH_SECRETS, readings, strict=True):
        request = reading["value"].get("request", reading["value"])
        assert {name: request.get(name) for name in expected} == expected, command


async def test_what_is_left_out_is_told() -> None:
    command = "curl -k -c jar --retry 3 -o file https://example.com -H 'Host: x' | jq ."
    notes = " ".join((await read_curl(command))["request"]["notes"])
    for told in ("--insecure", "--cookie-jar", "--retry", "--output", "header Host", "jq"):
        assert told in notes
    mistaken = await read_curl("""curl https://example.com -d '{"a": 1}'""")
    assert "looks like JSON" in mistaken["request"]["notes"][0]


async def test_known_variables_are_inserted_and_never_split() -> None:
    command = 'curl "$BASE/a" -H "X-Key: ${KEY}" -H X-Raw:$KEY'
    request = (await read_curl(command, {"BASE": "https://example.com", "KEY": "a b"}))["request"]
    assert request["url"] == "https://example.com/a"
    assert [one["value"] for one in request["headers"]] == ["a b", "a b"]


def quoted_at_random(word: str, chance: random.Random) -> str:
    """Write a word for the shell, in any of its ways."""
    parts: list[str] = []
    while word or not parts:
        size = chance.randint(1, 4)
        piece, word = word[:size], word[size:]
        style = chance.choice("s'\"\\$" if piece else "'\"$")
        if style == "'" and "'" not in piece:
            parts.append(f"'{piece}'")
        elif style == '"':
            parts.append('"' + "".join(f"\\{one}" if one in '$`"\\' else one for one in piece) + '"')
        elif style == "$":
            codes = [
                chance.choice([f"\\U{ord(one):08x}", f"\\u{ord(one):04x}"])
                if ord(one) < 65536
                else f"\\U{ord(one):08x}"
                for one in piece
            ]
            parts.append("$'" + "".join(codes) + "'")
        else:
            parts.append("".join("'\n'" if one == "\n" else f"\\{one}" for one in piece))
    return chance.choice(["", "\\\n"]).join(parts)


@needs_tool["bash"]
async def test_words_are_split_as_bash_does() -> None:
    chance = random.Random(7)  # not a secret
    alphabet = "aé9 \t\n'\"\\$`#;|&<>(){}[]*?!~=%^@-😀"
    lines = []
    for _ in range(400):
        words = ["".join(chance.choices(alphabet, k=chance.randint(0, 9))) for _ in range(chance.randint(1, 5))]
        separator = chance.choice([" ", "\t", "  ", " \\\n "])
        lines.append((words, separator.join(quoted_at_random(word, chance) for word in words)))
    script = "\n".join(f"printf '%s\\0' {text}\nprintf '\\1'" for _, text in lines)
    printed = subprocess.run(
        ["bash", "-c", script], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    )
    truth = [part.decode().split("\0")[:-1] for part in printed.stdout.split(b"\1")[:-1]]
    readings = await read(*(["splitCommand", text] for _, text in lines))
    for (words, text), expected, reading in zip(lines, truth, readings, strict=True):
        assert expected == words, text  # what the test writes is what it means
        assert reading.get("value", reading) == {"words": words, "rest": ""}, text


async def test_no_text_makes_the_readers_fail_otherwise_than_with_a_sentence() -> None:
    chance = random.Random(11)  # not a secret
    marks = [*"@=:{*%#|><é\n '\"\\`😀", "$'", "$A", "[1-2]", "\\u", "\\x", "${{ secrets.a }}"]
    tokens = [*marks, "curl", "wget", "timeout", "flock", "-d", "-H", "-X", "--json", "https://a.example", "@daily"]
    tokens += ["5 4 * * *", "CRON_TZ="]
    texts = ["".join(chance.choices(tokens, k=chance.randint(1, 14))) for _ in range(1_500)]
    calls = [["readCurl", f"curl {text}", {}] for text in texts] + [["readCrontab", text, "UTC"] for text in texts]
    for call, reading in zip(calls, await read(*calls), strict=True):
        assert "value" in reading, (call, reading)


CRONTAB = r"""
# Backups of the intranet
MAILTO=ops@example.com
BASE="https://example.com"
SHELL=/bin/bash

# m h  dom mon dow   command
0 9 * * 1-5 curl -fsS -X POST $BASE/wake -d a=1 > /dev/null 2>&1
*/5 * * * * /usr/bin/curl -m 10 --retry 3 https://hc.example/ping/1

# Close the books
@monthly root timeout 2m wget -q -O- --header="X-Key: k" https://example.com/close
#10 3 * * * curl https://example.com/old
@reboot curl https://example.com/boot
30 4 * * * /usr/local/bin/backup.sh --all
CRON_TZ=Europe/Berlin
15 10 1,15 * * flock -n /tmp/lock curl "https://example.com/a?d=\%20"
0 0 * * * curl https://example.com/%20x
0 1 * * * cd /srv && curl https://example.com
0 2 * * * curl -H "X: $SECRET" https://example.com
bad line
"""


async def test_a_crontab_is_read_line_by_line() -> None:
    ((found),) = await read(["readCrontab", CRONTAB, "Asia/Tokyo"])
    entries = found["value"]
    shown = [
        (one["name"], one["expression"], one["timeZone"], one["request"] and one["request"]["url"]) for one in entries
    ]
    assert shown[:3] == [
        ("example.com/wake", "0 9 * * 1-5", "Asia/Tokyo", "https://example.com/wake"),
        ("hc.example/ping/1", "*/5 * * * *", "Asia/Tokyo", "https://hc.example/ping/1"),
        ("Close the books", "@monthly", "Asia/Tokyo", "https://example.com/close"),
    ]
    assert entries[0]["request"]["method"] == "POST"
    assert entries[1]["request"]["timeout"] == 10
    assert entries[2]["request"]["timeout"] == 120
    assert entries[2]["request"]["headers"] == [{"name": "X-Key", "value": "k"}]
    assert shown[5][2:] == ("Europe/Berlin", "https://example.com/a?d=%20")
    reasons = {one["line"]: one["reason"] for one in entries if one["reason"]}
    told = [
        "@reboot is not a time",
        "runs backup.sh",
        "% ends the command",
        "runs cd",
        "$SECRET",
        "no line of a crontab",
    ]
    assert len(reasons) == len(told)
    for reason, part in zip(reasons.values(), told, strict=True):
        assert part in reason
    assert all((one["request"] is None) == bool(one["reason"]) for one in entries)
    assert [one["line"] for one in entries] == sorted(one["line"] for one in entries)


@pytest.mark.parametrize(
    ("command", "method", "body"),
    [
        ("wget --post-data=a=1 https://example.com", "POST", "form"),
        ("wget --method PUT --body-data x https://example.com", "PUT", "text"),
        ("wget -q --spider https://example.com", "HEAD", "none"),
        ("wget -nv -t 3 -T5 -U robot https://example.com", "GET", "none"),
    ],
)
async def test_wget_is_read_too(command: str, method: str, body: str) -> None:
    ((found),) = await read(["readCrontab", f"@daily {command}", "UTC"])
    (entry,) = found["value"]
    assert entry["reason"] == ""
    assert (entry["request"]["method"], entry["request"]["body"]["kind"]) == (method, body)


async def test_json_is_kept_as_text_if_parsing_would_change_it() -> None:
    kept = ["12345678901234567890", '{"a":1.0}', '{"a":1,"a":2}', "{a:1}", "null", ""]
    plain = ['{"a": 1}', '[ "a  b" ]', '"é"', "true"]
    found = await read(*(["isPlainJson", text] for text in kept + plain))
    assert [one["value"] for one in found] == [False] * len(kept) + [True] * len(plain)
