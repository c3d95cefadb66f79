"""`tocsin tasks`."""

import asyncio
import sys
from pathlib import Path

from tests.acceptance.server import Server, run_server

FILE = """
name: Nightly backup
description: Rings the backup.
tags: [backup]
job: {http: {url: "https://example.com/backup", method: POST}}
schedule: {cron: {expression: "0 3 * * *", timeZone: Europe/Berlin}}
---
- name: Once
  job: {http: {url: "https://example.com/"}}
  schedule: {at: 2099-01-01T00:00:00Z}
"""


ODD = """
name: Odd values
job:
  http:
    url: https://example.com/
    method: POST
    body: {country: NO, is_on: yes, time: 22:30, day: 2026-12-24, mode: 0o17, number: 1e3, nothing: ~, text: "07"}
schedule: {at: 2099-01-01T00:00:00Z}
"""


async def apply(server: Server, *arguments: str, token: str | None = None) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tocsin", "tasks", "apply", *arguments,
        "--server", server.url.removesuffix("/graphql"), "--token", token or server.token or "",
        cwd=server.directory, env=server.environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, error = await process.communicate()
    return process.returncode, out.decode(), error.decode()


async def test_tasks_in_files_are_created_updated_and_left_alone(tmp_path: Path) -> None:
    files = tmp_path / "tasks"
    files.mkdir()
    (files / "tasks.yaml").write_text(FILE)
    (files / "more.json").write_text(
        '{"name": "Ping", "job": {"http": {"url": "https://example.com"}}, "schedule": {"every": {"interval": "PT1H"}}}'
    )
    async with run_server(tmp_path) as server:
        await server.sign_up()
        assert await apply(server, str(files)) == (
            0,
            "created    Ping\ncreated    Nightly backup\ncreated    Once\n",
            "",
        )
        (files / "tasks.yaml").write_text(FILE.replace("[backup]", "[backup, night]"))
        assert (await apply(server, str(files)))[1] == "unchanged  Ping\nupdated    Nightly backup\nunchanged  Once\n"
        (files / "more.json").write_text('{"name": "Ping", "job": {"http": {"url": "x"}}, "schedule": {"now": true}}')
        code, out, error = await apply(server, str(files))
        assert (code, out) == (1, "unchanged  Nightly backup\nunchanged  Once\n")
        assert "more.json: Ping: job.http.url: " in error
        for text in ("[1]", "{", "[" * 100, "a: !!python/name:os.system", "a: !!int x"):
            (files / "more.json").write_text(text)
            assert (await apply(server, str(files)))[0] == 2, text
        (files / "more.json").unlink()
        await reads_values_as_workflows_do(server, files)
        assert (await apply(server, str(files / "tasks.yaml"), token="nonsense"))[0] == 1


async def reads_values_as_workflows_do(server: Server, files: Path) -> None:
    """YAML 1.2 has the types of JSON: the country code NO is a text, and 22:30 is no number."""
    (files / "odd.yaml").write_text(ODD)
    assert (await apply(server, str(files / "odd.yaml")))[1] == "created    Odd values\n"
    answer = await server.query('{ tasks(filter: {text: "Odd"}) { nodes { job { ... on HttpJob { body } } } } }')
    assert answer["tasks"]["nodes"][0]["job"]["body"] == {
        "country": "NO", "is_on": "yes", "time": "22:30", "day": "2026-12-24", "mode": 15, "number": 1000.0,
        "nothing": None, "text": "07",
    }  # fmt: skip
