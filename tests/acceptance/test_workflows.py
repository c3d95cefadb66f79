"""Workflows on the real stack: saving, running, subscriptions, failures, resuming."""

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import httpx
import pytest
import shapely
from aiohttp import web
from gql import Client, gql
from gql.transport.websockets import WebsocketsTransport
from pypdf import PdfReader

from tests.acceptance.server import Server, run_server
from tests.harness import TargetServer, wait_until
from tocsin.jobs.geometry.countries.outlines import load_atlas

SAVE = """mutation($yaml: String!) {
  saveWorkflow(input: {yaml: $yaml}) { workflow { name version } userErrors { field message } }
}"""
EXECUTE = """mutation($name: String!, $input: JSON) {
  executeWorkflow(input: {name: $name, input: $input}) { workflowRun { id } userErrors { field message } }
}"""
RUN = """query($id: ID!) { workflowRun(id: $id) {
  id status reason progress { done all } result error { kind message }
  steps {
    key status reason error { kind message } items { total completed failed } result
    runs { status stepKey workflowRun { id } attempts { number } }
  }
} }"""


async def save(server: Server, yaml: str) -> None:
    """Save a valid workflow."""
    answer = (await server.query(SAVE, {"yaml": yaml}))["saveWorkflow"]
    assert answer["userErrors"] == []


async def execute(server: Server, name: str, given: dict[str, Any] | None = None) -> str:
    """Start a run and return its id."""
    answer = (await server.query(EXECUTE, {"name": name, "input": given}))["executeWorkflow"]
    assert answer["userErrors"] == []
    run_id: str = answer["workflowRun"]["id"]
    return run_id


async def settled(server: Server, run_id: str, seconds: float = 20) -> dict[str, Any]:
    """Wait until the workflow run ends and return it."""

    async def ended() -> dict[str, Any] | None:
        run: dict[str, Any] = (await server.query(RUN, {"id": run_id}))["workflowRun"]
        return run if run["status"] in {"COMPLETED", "FAILED", "CANCELLED"} else None

    run: dict[str, Any] = await wait_until(ended, seconds)
    return run


async def test_steps_follow_each_other_and_pass_data(tmp_path: Path, target: TargetServer) -> None:
    async with run_server(tmp_path) as server:
        await server.sign_up()
        await save(
            server,
            f"""
name: hello
inputs: {{who: {{type: string, default: world}}}}
steps:
  - key: first
    job: http
    params: {{url: "{target.url}/hello/${{{{ inputs.who }}}}"}}
  - key: each
    forEach: [1, 2, 3]
    job: http
    params: {{url: "{target.url}/item/${{{{ item }}}}/${{{{ index }}}}"}}
  - key: skipped
    dependsOn: [first]
    when: ${{{{ inputs.who == 'nobody' }}}}
    job: http
    params: {{url: "{target.url}/skipped"}}
  - key: last
    dependsOn: [each, skipped]
    job: http
    params: {{url: "{target.url}/last", method: POST, body: {{got: "${{{{ steps.first.result.body }}}}"}}}}
output: {{said: "${{{{ steps.first.result.body }}}}", status: "${{{{ steps.last.result.statusCode }}}}"}}
""",
        )
        run = await settled(server, await execute(server, "hello", {"who": "alice"}))
        assert run["status"] == "COMPLETED", run
        assert run["progress"] == {"done": 4, "all": 4}
        assert run["result"] == {"said": "answer 1", "status": 200}
        assert [step["status"] for step in run["steps"]] == ["COMPLETED", "COMPLETED", "SKIPPED", "COMPLETED"]
        assert len(run["steps"][1]["result"]) == 3
        whose = {(each["stepKey"], each["workflowRun"]["id"]) for each in run["steps"][1]["runs"]}
        assert whose == {("each", run["id"])}
        paths = [call["path"] for call in target.calls]
        assert (paths[0], paths[-1]) == ("/hello/alice", "/last")
        assert sorted(paths[1:-1]) == ["/item/1/0", "/item/2/1", "/item/3/2"]


async def test_the_samples_do_what_they_say(tmp_path: Path, target: TargetServer) -> None:
    async with run_server(tmp_path) as server:
        await server.sign_up()
        loaded = await server.run_command("samples", "load", "alice@example.com")
        assert "hello_world: version 1" in loaded
        hello = await settled(server, await execute(server, "hello_world", {"url": target.url}))
        assert (hello["status"], hello["result"]) == ("COMPLETED", {"statuses": [200, 200]})
        failing = await settled(server, await execute(server, "failing_flow"))
        assert (failing["status"], failing["reason"]) == ("FAILED", "STEP_FAILED")
        assert failing["error"]["kind"] == "DNS"
        assert [step["status"] for step in failing["steps"]] == ["FAILED", "SKIPPED"]
        assert len(failing["steps"][0]["runs"][0]["attempts"]) == 3
        given = json.dumps({"url": target.url})
        printed = await server.run_command("workflows", "run", "alice@example.com", "hello_world", "--input", given)
        assert json.loads(printed)["status"] == "COMPLETED"


LESOTHO_KM2 = 30_355
"""Area published by the country."""


async def test_a_report_of_a_country_is_made_kept_and_mailed(tmp_path: Path) -> None:
    (country,) = (one for one in load_atlas().countries if one.iso_a3 == "LSO")
    outline = json.loads(shapely.to_geojson(country.outline))
    async with run_server(tmp_path) as server:
        await server.sign_up()
        await server.run_command("samples", "load", "alice@example.com")
        given = {"polygon": outline, "recipient": "alice@example.com"}
        run = await settled(server, await execute(server, "country_report", given), 60)
        assert run["status"] == "COMPLETED", run
        found = run["result"]
        assert [(one["isoA3"], one["share"] > 0.99) for one in found["countries"]][:1] == [("LSO", True)]
        assert found["areaM2"] / 1e6 == pytest.approx(LESOTHO_KM2, rel=0.02)
        text = await _pdf_text(found["file"]["url"])
        assert "Country report" in text
        assert "Lesotho" in text
        (mail,) = (tmp_path / "data" / "mails").glob("*.eml")
        assert found["file"]["url"] in message_from_bytes(mail.read_bytes(), policy=policy.default).get_content()


async def test_an_invoice_is_fetched_rendered_and_mailed(tmp_path: Path) -> None:
    async def answer(_: web.Request) -> web.Response:
        lines = [{"text": "Bell rope", "amount": 12.5}, {"text": "Clapper \u2013 r\u00e9pair\u00e9", "amount": 30}]
        return web.json_response({"number": 17, "lines": lines})

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with run_server(tmp_path) as server:
            await server.sign_up()
            await server.run_command("samples", "load", "alice@example.com")
            url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
            given = {"url": url, "recipient": "alice@example.com"}
            run = await settled(server, await execute(server, "invoice_pdf", given), 60)
            assert run["status"] == "COMPLETED", run
            assert (run["result"]["total"], run["result"]["file"]["name"]) == (42.5, "invoice-17.pdf")
            text = await _pdf_text(run["result"]["file"]["url"])
            assert "Invoice 17" in text
            assert "Clapper \u2013 r\u00e9pair\u00e9" in text
            (file,) = (tmp_path / "data" / "mails").glob("*.eml")
            mail = message_from_bytes(file.read_bytes(), policy=policy.default)
            (attached,) = mail.iter_attachments()
            assert (attached.get_filename(), attached.get_content()[:5]) == ("invoice-17.pdf", b"%PDF-")
            async with httpx.AsyncClient() as client:
                assert (await client.get(run["result"]["file"]["url"][:-2] + "xx")).status_code in {404, 410}
    finally:
        await runner.cleanup()


async def _pdf_text(url: str) -> str:
    """Download a PDF by its public link and return its text."""
    async with httpx.AsyncClient() as client:
        answer = await client.get(url)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["content-disposition"].startswith("attachment")
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)


async def test_every_change_is_told(tmp_path: Path, target: TargetServer) -> None:
    async with run_server(tmp_path) as server:
        await server.sign_up()
        await server.run_command("samples", "load", "alice@example.com")
        events: list[dict[str, Any]] = []
        listening = asyncio.create_task(_listen(server, events))
        await wait_until(_some(events))
        await execute(server, "hello_world", {"url": target.url})
        async with asyncio.timeout(20):
            await listening
        assert (events[0]["kind"], events[1]["kind"]) == ("SNAPSHOT", "CREATED")
        progress = [(step["key"], step["status"]) for event in events for step in event["steps"]]
        assert progress == [
            ("hello", "RUNNING"),
            ("hello", "COMPLETED"),
            ("world", "RUNNING"),
            ("world", "COMPLETED"),
        ]
        assert events[-1]["workflowRun"]["result"] == {"statuses": [200, 200]}


def _some(events: list[dict[str, Any]]) -> Callable[[], Awaitable[bool]]:
    async def some() -> bool:
        return bool(events)

    return some


async def _listen(server: Server, events: list[dict[str, Any]]) -> None:
    """Record events until a workflow run has completed."""
    transport = WebsocketsTransport(
        url=server.url.replace("http", "ws"),
        init_payload={"Authorization": f"Bearer {server.token}"},
        subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
    )
    query = gql("subscription { workflowRunEvents { kind status steps { key status } workflowRun { result } } }")
    async with Client(transport=transport) as session:
        async for answer in session.subscribe(query):
            events.append(answer["workflowRunEvents"])
            if answer["workflowRunEvents"]["status"] == "COMPLETED":
                return
