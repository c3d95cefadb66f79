"""Stored secrets of workflows are bound to their job and server, and user data is never mistaken for one."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import yaml

from tests.harness import SECRETS, Stack, TargetServer, make_settings, run_stack, serve_target
from tests.workflows.samples import require, step
from tocsin.documents import Database
from tocsin.jobs import registry
from tocsin.jobs.base import Job, JobContext, Outcome, ParamsModel
from tocsin.keys import reencryption
from tocsin.security.secret_box import SecretBox
from tocsin.workflows.language.source import WorkflowInvalid
from tocsin.workflows.language.yaml_reader import parse_yaml
from tocsin.workflows.secrets import SecretPlace, find_kept_secrets, read_stored_version, seal_secrets
from tocsin.workflows.versions import VersionCache

TOKEN = "s3cret-token"


@pytest.fixture
async def thief() -> AsyncIterator[TargetServer]:
    """Run a server of someone else."""
    async with serve_target() as target:
        yield target


def workflow(*steps: Any, **fields: Any) -> str:
    return yaml.safe_dump({"name": "w", "steps": list(steps), **fields})


def call(key: str, url: str, **params: Any) -> Any:
    return {"key": key, "job": "http", "params": {"url": url, **params}, "retry": {"maxRetries": 0}}


async def complete(stack: Stack, given: Any = None) -> Any:
    """Start a run of the workflow and return it once it has ended."""
    stack.workflows.request_advance(run_id := await stack.execute("w", given))
    return await stack.wait_for_workflow_run(run_id, "COMPLETED", "FAILED")


def sent(target: TargetServer) -> list[str | None]:
    return [call["headers"].get("Authorization") for call in target.calls]


@pytest.mark.parametrize("secret", [{"token": "***"}, {"headers": {"X-Key": "***"}, "secretHeaders": ["X-Key"]}])
@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("{thief}/", "stays with the server that it was given for"),
        ("http://localhost:{port}/", "stays with the server"),
        ("https://127.0.0.1:{port}/", "stays with the server"),
        ("${{{{ inputs.url }}}}", "is set by an expression"),
        ("http://127.0.0.1${{{{ inputs.url }}}}", "is set by an expression"),
        ("http://127.0.0.1:{port}${{{{ inputs.url }}}}", "is set by an expression"),
        ("http://${{{{ inputs.url }}}}/", "is set by an expression"),
        ("${{{{ '{thief}' }}}}/", "is set by an expression"),
    ],
)
async def test_a_kept_secret_goes_nowhere_else(
    database: Database, target: TargetServer, thief: TargetServer, secret: Any, url: str, message: str
) -> None:
    async with run_stack(database, schedule=False) as stack:
        given = json.loads(json.dumps(secret).replace("***", TOKEN))
        await stack.save_workflow(workflow(call("a", f"{target.url}/ok", **given)))
        moved = url.format(thief=thief.url, port=target.url.rpartition(":")[2])
        inputs = {"url": {"type": "string", "default": thief.url}}
        with pytest.raises(WorkflowInvalid, match=message) as caught:
            await stack.save_workflow(workflow(call("a", moved, **secret), inputs=inputs))
        (fault,) = caught.value.faults
        assert fault.path[:3] == ("steps", 0, "params")
        assert fault.line is not None
        assert thief.calls == []


async def test_one_that_was_saved_with_an_expression_for_its_server_is_given_again(
    database: Database, target: TargetServer
) -> None:
    async with run_stack(database, schedule=False) as stack:
        inputs = {"url": {"type": "string"}}
        await stack.save_workflow(workflow(call("a", "${{ inputs.url }}", token=TOKEN), inputs=inputs))
        for url in (f"{target.url}/", "${{ inputs.url }}"):
            with pytest.raises(WorkflowInvalid, match="was set by an expression"):
                await stack.save_workflow(workflow(call("a", url, token="***"), inputs=inputs))


async def test_a_kept_secret_stays_with_its_server_whatever_else_is_changed(
    database: Database, target: TargetServer
) -> None:
    port = target.url.rpartition(":")[2]
    inputs = {"x": {"type": "string", "default": "two"}}
    async with run_stack(database) as stack:
        await stack.save_workflow(workflow(call("a", f"{target.url}/one", token=TOKEN)))
        again = [
            call("first", f"{target.url}/first"),
            call("a", f"HTTP://127.0.0.1:{port}/${{{{ inputs.x }}}}?q=1", token="***", method="POST"),
        ]
        await stack.save_workflow(workflow(*again, inputs=inputs))
        assert (await complete(stack))["status"] == "COMPLETED"
    assert [(call["path"], call["headers"].get("Authorization")) for call in target.calls] == [
        ("/first", None),
        ("/two", f"Bearer {TOKEN}"),
    ]


async def test_a_kept_secret_stays_with_its_step_and_job(
    database: Database, target: TargetServer, thief: TargetServer
) -> None:
    def two(first: str, second: str, **secrets: str) -> str:
        undo = {"job": "http", "params": {"url": f"{target.url}/undo", "token": secrets.get("undo", "***")}}
        return workflow(
            call(first, f"{target.url}/", token=secrets.get("a", "***")),
            {**call(second, f"{thief.url}/", token=secrets.get("b", "***")), "compensation": undo},
        )

    async with run_stack(database) as stack:
        await stack.save_workflow(two("a", "b", a="for-a", b="for-b", undo="for-undo"))
        with pytest.raises(WorkflowInvalid, match=r"there is none at c\.token"):
            await stack.save_workflow(two("c", "b"))
        with pytest.raises(WorkflowInvalid, match="stays with the server"):
            await stack.save_workflow(two("b", "a"))
        undo = {"job": "http", "params": {"url": f"{thief.url}/", "token": "***"}}
        other = {**call("b", f"{thief.url}/"), "compensation": undo}
        with pytest.raises(WorkflowInvalid, match=r"b\.compensation\.token stays with the server"):
            await stack.save_workflow(workflow(other))
        await stack.save_workflow(two("a", "b"))
        assert (await complete(stack))["status"] == "COMPLETED"
    assert (sent(target), sent(thief)) == (["Bearer for-a"], ["Bearer for-b"])


class _MailboxParams(ParamsModel):
    server: str
    password: str
    folder: str = ""


class _MailboxJob(Job[_MailboxParams]):
    kind = "mailbox"
    Params = _MailboxParams

    def find_secret_paths(self, given: Any) -> list[tuple[str, ...]]:
        return [("password",)]

    async def perform(self, params: _MailboxParams, context: JobContext) -> Outcome:
        return Outcome(result={"server": params.server})


class _RudeJob(_MailboxJob):
    kind = "rude"

    def prepare(self, given: Any, saving: Any) -> dict[str, Any]:
        raise ZeroDivisionError("a detail of the package")


@pytest.fixture
def _packages(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = {**registry.load_jobs(), "mailbox": _MailboxJob(), "rude": _RudeJob()}
    monkeypatch.setattr(registry, "load_jobs", lambda: jobs)


@pytest.mark.usefixtures("_packages")
async def test_a_job_of_a_package_keeps_a_secret_while_nothing_else_of_it_changes(database: Database) -> None:
    def mailbox(kind: str = "mailbox", server: str = "mail.example.com", password: str = "***") -> str:
        return workflow({"key": "a", "job": kind, "params": {"server": server, "password": password}})

    async with run_stack(database, schedule=False) as stack:
        await stack.save_workflow(mailbox(password=TOKEN))
        assert (await stack.save_workflow(mailbox()))["version"] == 1
        for changed, message in (
            (mailbox(server="mail.evil.example"), "stays with the server"),
            (mailbox(server="${{ workflow.name }}"), "is set by an expression"),
            (mailbox("rude"), "was given for the job mailbox, not for rude"),
        ):
            with pytest.raises(WorkflowInvalid, match=message):
                await stack.save_workflow(changed)


@pytest.mark.usefixtures("_packages")
async def test_a_job_that_raises_fails_its_step(database: Database) -> None:
    async with run_stack(database, schedule=False) as stack:
        await stack.save_workflow(workflow({"key": "a", "job": "rude", "params": {"server": "x", "password": TOKEN}}))
        stack.workflows.start()
        run = await complete(stack)
    assert run["error"]["message"] == (
        "The parameters are invalid: The job rude could not be prepared. See the server log for details."
    )


async def test_what_looks_like_a_former_marker_is_data(database: Database, target: TargetServer) -> None:
    """Markers in a body, an input, an item, a condition and a result are data, not secrets."""
    marker = {"$secret": "call.token"}
    body = {
        "plain": marker,
        "given": "${{ inputs.x }}",
        "item": "${{ item }}",
        "list": [marker],
        "$secret": "call.token",
    }
    step = {**call("call", target.url, token=TOKEN, method="POST", body=body), "forEach": {"items": [marker]}}
    inputs = {"x": {"default": {"y": marker}}}
    output = {"seen": "${{ inputs.x }}", "also": marker}
    async with run_stack(database) as stack:
        saved = await stack.save_workflow(workflow(step, inputs=inputs, output=output))
        run = await complete(stack)
        shown = await stack.versions.get(saved["_id"], 1)
    stored = require(await database.runs.find_one({"task": run["_id"]}))
    assert json.loads(stored["job"]["params"]["body"]["value"]) == {
        "plain": marker, "given": {"y": marker}, "item": marker, "list": [marker], "$secret": "call.token",
    }  # fmt: skip
    assert json.loads(run["output"]) == {"seen": {"y": marker}, "also": marker}
    assert sent(target) == [f"Bearer {TOKEN}"]
    assert shown.masked_definition["steps"][0]["params"] == {
        "url": target.url,
        "method": "POST",
        "token": "***",
        "body": body,
    }


def _former(target: TargetServer, token: Any, body: Any) -> Any:
    steps = [call("call", f"{target.url}/", token=token, method="POST", body=body)]
    sealed = SECRETS.seal(TOKEN, "alice")
    return {
        "definition": json.dumps({"name": "w", "steps": steps}),
        "secrets": {"all": [{"place": "call.token", "sealed": sealed}]},
    }


async def test_what_was_stored_before_is_still_run_and_kept(database: Database, target: TargetServer) -> None:
    marker = {"$secret": "call.token"}
    async with run_stack(database) as stack:
        saved = await stack.save_workflow(workflow(call("call", f"{target.url}/", token="other")))
        former = _former(target, marker, {"x": marker})
        await database.workflow_versions.update_one({"_id": f"{saved['_id']}@1"}, {"$set": former})
        run = await complete(stack)
        stored = require(await database.runs.find_one({"task": run["_id"]}))
        assert json.loads(stored["job"]["params"]["body"]["value"]) == {"x": marker}
        again = call("call", f"{target.url}/", token="***", method="POST", body={"x": 1})
        await stack.save_workflow(workflow(again))
        await complete(stack)
        with pytest.raises(WorkflowInvalid, match="stays with the server"):
            await stack.save_workflow(
                workflow({**again, "params": {**again["params"], "url": "https://evil.example/"}})
            )
    assert sent(target) == [f"Bearer {TOKEN}"] * 2


def test_a_former_marker_stands_where_it_says() -> None:
    here, elsewhere = {"$secret": "a.token"}, {"$secret": "b.token"}
    steps = [
        {"key": "a", "job": "http", "params": {"token": here, "body": here, "headers": {"X": elsewhere}}},
        {"key": "b", "job": "http", "params": {"token": elsewhere}},
    ]
    secrets = {"all": [{"place": "a.token", "sealed": "A"}, {"place": "b.token", "sealed": "B"}]}
    version: Any = {"definition": json.dumps({"steps": steps}), "secrets": secrets}
    data, found = read_stored_version(version)
    assert {str(place): sealed for place, sealed in found.items()} == {"a.token": "A", "b.token": "B"}
    assert data["steps"][0]["params"] == {"token": "***", "body": here, "headers": {"X": elsewhere}}
    assert {str(place): kept.sealed for place, kept in find_kept_secrets(version).items()} == {
        "a.token": "A",
        "b.token": "B",
    }


@pytest.mark.parametrize("token", ["***", {"$secret": "call.token"}])
async def test_a_secret_that_is_not_there_fails_its_step(database: Database, target: TargetServer, token: Any) -> None:
    async with run_stack(database, schedule=False) as stack:
        saved = await stack.save_workflow(workflow(call("call", f"{target.url}/", token="other")))
        lost = {**_former(target, token, None), "secrets": {"all": []}}
        await database.workflow_versions.update_one({"_id": f"{saved['_id']}@1"}, {"$set": lost})
        stack.workflows.start()
        run = await complete(stack)
    assert run["status"] == "FAILED"
    assert run["steps"]["call"]["status"] == "FAILED"
    assert "The parameters are invalid" in run["error"]["message"]
    assert target.calls == []


async def test_a_header_named_as_secret_in_either_spelling_is_sealed(database: Database, target: TargetServer) -> None:
    async with run_stack(database) as stack:
        await stack.save_workflow(workflow(call("a", target.url, headers={"X-Key": TOKEN}, secret_headers=["X-Key"])))
        await complete(stack)
    stored = [*await database.workflow_versions.find({}).to_list(), *await database.runs.find({}).to_list()]
    assert TOKEN not in str(stored)
    assert target.calls[0]["headers"]["X-Key"] == TOKEN


KID = "0123456789abcdef"


async def test_secrets_are_sealed_used_masked_and_kept(database: Database, target: TargetServer) -> None:
    params = {"url": target.url, "token": "s3cret-token", "headers": {"X-Api-Key": "other-s3cret"}}
    async with run_stack(database) as stack:
        first = await stack.save_workflow(workflow(step("a", "", params=params)))
        again = await stack.save_workflow(workflow(step("a", "", params=params)))
        assert (first["version"], again["version"]) == (1, 1)
        kept = {**params, "token": "***", "url": f"{target.url}/moved"}
        changed = await stack.save_workflow(workflow(step("a", "", params=kept)))
        assert changed["version"] == 2
        stack.workflows.request_advance(run_id := await stack.execute("w"))
        await stack.wait_for_workflow_run(run_id, "COMPLETED")
        headers = target.calls[0]["headers"]
        assert (headers["Authorization"], headers["X-Api-Key"]) == ("Bearer s3cret-token", "other-s3cret")
        stored = [*await database.workflow_versions.find({}).to_list(), *await database.runs.find({}).to_list()]
        assert "s3cret" not in str(stored)
        with pytest.raises(WorkflowInvalid, match=r"steps\[0\]\.params\.token: .* there is none at b\.token"):
            await stack.save_workflow(workflow(step("b", "", params=kept)))


async def test_secrets_are_sealed_anew_when_keys_rotate(database: Database, target: TargetServer) -> None:
    params = {"url": target.url, "token": "s3cret-token"}
    async with run_stack(database) as stack:
        await stack.save_workflow(workflow(step("a", "", params=params)))
    box = SecretBox(bytes(32))
    box.set_keys({KID: bytes([2]) * 32}, sealing=KID)
    reencrypted = await reencryption.reencrypt_secrets(database, box)
    assert (reencrypted.secrets, reencrypted.unreadable) == (1, 0)
    version = await VersionCache(database, box, make_settings()).get(*await _newest(database))
    assert list(version.secrets.values()) == ["s3cret-token"]


async def test_a_secret_that_cannot_be_opened_fails_its_step(database: Database, target: TargetServer) -> None:
    async with run_stack(database, schedule=False) as stack:
        await stack.save_workflow(workflow(step("a", "", params={"url": target.url, "token": "s3cret-token"})))
        place = {"secrets.all.0.sealed": SecretBox(b"x" * 32).seal("s3cret-token", "alice")}
        await database.workflow_versions.update_one({}, {"$set": place})
        stack.workflows.start()
        stack.workflows.request_advance(run_id := await stack.execute("w"))
        run = await stack.wait_for_workflow_run(run_id, "FAILED")
        assert "The secret at a.token cannot be decrypted" in run["error"]["message"]


async def _newest(database: Database) -> tuple[str, int]:
    saved = require(await database.workflows.find_one({}))
    return saved["_id"], saved["version"]


def test_a_header_that_is_a_number_is_a_secret_too() -> None:
    data = parse_yaml(
        "{name: w, steps: [{key: a, job: http, params: {url: 'https://example.com', headers: {Authorization: 5}}}]}"
    ).data
    sealed = seal_secrets(data, lambda text: f"sealed {text}", {})
    assert sealed.secrets == {SecretPlace("a", False, ("headers", "Authorization")): "sealed 5"}
    assert sealed.data["steps"][0]["params"]["headers"] == {"Authorization": "***"}
