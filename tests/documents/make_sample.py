"""Makes a sample of stored data: what a real server writes, some of everything, left in the middle of its work.

At a release, with that release's program: `python -m tests.documents.make_sample tests/documents/stored/1.json`; the
number is the version of its data. The tests of migrations begin with these files.
"""

import argparse
import asyncio
import json
import socket
import tempfile
from pathlib import Path
from typing import Any

from bson import json_util
from pymongo import AsyncMongoClient

from tests.acceptance.server import Server, free_port
from tests.harness import TargetServer, serve_target, wait_until
from tocsin.embedded import EmbeddedDatabase

KEYS = {"TOCSIN_JWT_SECRET": "j" * 40, "TOCSIN_ENCRYPTION_KEY": "a" * 43 + "="}
"""The keys of the sample, which its secrets are encrypted with."""
_TASK = "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { message } } }"
_SAVE = "mutation($i: SaveWorkflowInput!) { saveWorkflow(input: $i) { userErrors { message } } }"
_EXECUTE = "mutation($i: ExecuteWorkflowInput!) { executeWorkflow(input: $i) { userErrors { message } } }"
_OTHERS = """mutation($queue: UpdateQueueInput!, $invite: InviteUserInput!, $token: CreateApiTokenInput!) {
  updateQueue(input: $queue) { userErrors { message } }
  inviteUser(input: $invite) { userErrors { message } }
  createApiToken(input: $token) { userErrors { message } } }"""
_REPLAY = "mutation { replayDeadLetters(input: {canary: false}) { count userErrors { message } } }"
_WORKFLOW = """
name: sample
steps:
  - {key: call, job: http, params: {url: "%s/ok", token: s3cret}}
  - {key: agree, dependsOn: [call], approval: {by: admins, message: "Go on?"}}
"""


async def _make(file: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="tocsin-sample-") as directory:
        server = Server(Path(directory), TOCSIN_MAX_RETRIES="0", TOCSIN_CIRCUIT_FAILURES="2", **KEYS)
        async with serve_target() as target:
            await server.start()
            try:
                await _fill(server, target)
                await _until_written(server)
            finally:
                await server.kill()
        await _dump(Path(directory) / "data", file)


async def _fill(server: Server, target: TargetServer) -> None:
    await server.run_command("users", "create", "alice@example.com", "--admin", given="correct horse battery\n" * 2)
    answer = await server.query(
        "mutation($i: LogInInput!) { logIn(input: $i) { session { accessToken } } }",
        {"i": {"email": "alice@example.com", "password": "correct horse battery"}},
    )
    server.token = answer["logIn"]["session"]["accessToken"]
    await server.run_command("keys", "rotate")
    queue = {"name": "slow", "concurrency": 3, "ratePerMinute": 60, "priority": 1}
    token = {"name": "a program", "scopes": ["READ"]}
    await server.query(_OTHERS, {"queue": queue, "invite": {"email": "bob@example.com"}, "token": token})
    target.script = [500]
    await _create(server, "dead", {"http": {"url": f"{target.url}/broken", "token": "s3cret"}}, {"now": True})
    await wait_until(lambda: asyncio.sleep(0, target.calls))
    target.release.clear()
    for name, job, schedule in _tasks(target.url):
        await _create(server, name, job, schedule)
    for mutation, given in ((_SAVE, {"yaml": _WORKFLOW % target.url}), (_EXECUTE, {"name": "sample"})):
        (payload,) = (await server.query(mutation, {"i": given})).values()
        assert payload["userErrors"] == [], payload


def _tasks(url: str) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    secret = {"url": f"{url}/ok", "headers": {"X-Key": "k"}, "secretHeaders": ["X-Key"]}
    away = {"url": f"http://127.0.0.1:{free_port()}/"}
    report = {"title": "Sales", "format": "CSV", "data": [{"country": "FR", "sold": 3}]}
    return [
        ("hourly", {"http": secret}, {"every": {"interval": "PT1H"}}),
        ("daily", {"http": secret}, {"cron": {"expression": "0 9 * * 1-5", "timeZone": "Europe/Berlin"}}),
        ("once", {"http": secret}, {"at": "2099-01-01T00:00:00Z"}),
        ("done", {"http": secret}, {"now": True}),
        ("hanging", {"http": {"url": f"{url}/wait"}}, {"now": True}),
        ("report", {"report": report}, {"now": True}),
        ("circuit", {"http": away}, {"every": {"interval": "PT1S"}}),
        ("mail", {"email": {"to": ["alice@example.com"], "subject": "Hello", "body": "You."}}, {"now": True}),
    ]


async def _create(server: Server, name: str, job: dict[str, Any], schedule: dict[str, Any]) -> None:
    given = {"name": name, "job": job, "schedule": schedule, "idempotencyKey": name}
    answer = await server.query(_TASK, {"i": given})
    assert answer["createTask"]["userErrors"] == [], answer


async def _until_written(server: Server) -> None:
    """Wait until every kind of document exists."""

    async def circuit_open() -> bool:
        answer = await server.query("{ circuits { state } workflowRuns(first: 1) { nodes { steps { status } } } }")
        steps = answer["workflowRuns"]["nodes"][0]["steps"]
        return bool(answer["circuits"]) and [step["status"] for step in steps] == ["COMPLETED", "WAITING"]

    await wait_until(circuit_open, 30)
    replay = await server.query(_REPLAY)
    assert replay["replayDeadLetters"]["count"], replay

    async def settled() -> bool:
        answer = await server.query(
            "{ runs(first: 50) { nodes { taskName status } } replays(first: 1) { totalCount } }"
        )
        done = {run["taskName"] for run in answer["runs"]["nodes"] if run["status"] == "COMPLETED"}
        return {"dead", "done", "report", "mail"} <= done

    await wait_until(settled, 30)
    await asyncio.sleep(1)  # what follows from it, mails above all, is written


async def _dump(data_dir: Path, file: Path) -> None:
    server = EmbeddedDatabase(data_dir)
    await server.start()
    try:
        async with AsyncMongoClient[dict[str, Any]](server.uri, tz_aware=True) as client:
            database = client["tocsin"]
            names = sorted(await database.list_collection_names())
            content = {name: await database[name].find({}).to_list() for name in names}
    finally:
        await server.stop()
    text = "{\n" + ",\n".join(map(_as_json, content.items())) + "\n}\n"
    file.write_text(text.replace(f"{socket.gethostname()}-", "server-"), "utf-8")
    print({name: len(documents) for name, documents in content.items()})


def _as_json(collection: tuple[str, list[dict[str, Any]]]) -> str:
    name, documents = collection
    options = json_util.CANONICAL_JSON_OPTIONS
    lines = ",\n".join(json_util.dumps(document, json_options=options) for document in documents)
    return f"{json.dumps(name)}: [\n{lines}\n]"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    asyncio.run(_make(parser.parse_args().file))
