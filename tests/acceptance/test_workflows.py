"""Workflows on the real stack: saved, run, watched, broken, resumed."""

from pathlib import Path
from typing import Any

from tests.acceptance.server import Server, run_server
from tests.harness import Target, until

SAVE = """mutation($yaml: String!) {
  saveWorkflow(input: {yaml: $yaml}) { workflow { name version } userErrors { field message } }
}"""
EXECUTE = """mutation($name: String!, $input: JSON) {
  executeWorkflow(input: {name: $name, input: $input}) { workflowRun { id } userErrors { field message } }
}"""
RUN = """query($id: ID!) { workflowRun(id: $id) {
  status reason progress { done all } result error { kind message }
  steps {
    key status reason error { kind message } items { total completed failed } result
    runs { status attempts { number } }
  }
} }"""


async def save(server: Server, yaml: str) -> None:
    """Save a workflow that is right."""
    answer = (await server.query(SAVE, {"yaml": yaml}))["saveWorkflow"]
    assert answer["userErrors"] == []


async def execute(server: Server, name: str, given: dict[str, Any] | None = None) -> str:
    """Begin a run. Its id."""
    answer = (await server.query(EXECUTE, {"name": name, "input": given}))["executeWorkflow"]
    assert answer["userErrors"] == []
    run_id: str = answer["workflowRun"]["id"]
    return run_id


async def settled(server: Server, run_id: str, seconds: float = 20) -> dict[str, Any]:
    """The workflow run, when it has ended."""

    async def ended() -> dict[str, Any] | None:
        run: dict[str, Any] = (await server.query(RUN, {"id": run_id}))["workflowRun"]
        return run if run["status"] in {"COMPLETED", "FAILED", "CANCELLED"} else None

    run: dict[str, Any] = await until(ended, seconds)
    return run


async def test_steps_follow_each_other_and_pass_data(tmp_path: Path, target: Target) -> None:
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
        paths = [call["path"] for call in target.calls]
        assert (paths[0], paths[-1]) == ("/hello/alice", "/last")
        assert sorted(paths[1:-1]) == ["/item/1/0", "/item/2/1", "/item/3/2"]
