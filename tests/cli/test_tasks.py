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
        (files / "more.json").write_text("[1]")
        assert (await apply(server, str(files)))[0] == 2
        assert (await apply(server, str(files / "tasks.yaml"), token="nonsense"))[0] == 1
