"""Kill the server, its database, or both while workflows run, and check that all of them end as expected.

Run it with `python -m tests.acceptance.workflow_crash --rounds 30`.
"""

import argparse
import asyncio
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.acceptance.crash import Load, kill, serve_load
from tests.acceptance.server import Server
from tests.harness import wait_until

CREATORS = 4
_SAVE = "mutation($yaml: String!) { saveWorkflow(input: {yaml: $yaml}) { userErrors { message } } }"
_EXECUTE = """mutation($name: String!, $key: String!) {
  executeWorkflow(input: {name: $name, idempotencyKey: $key}) { workflowRun { id } userErrors { message } }
}"""
_RUN = """query($id: ID!) { workflowRun(id: $id) {
  status reason
  steps { key status reason items { total completed failed } runs { id status attempts { number outcome } } }
} }"""
_DECIDE = """mutation($id: ID!) {
  decideApproval(input: {id: $id, step: "ask", approved: true}) { approved userErrors { code } }
}"""
_WAITING = '{ workflowRuns(first: 100, filter: {status: [RUNNING]}) { nodes { id step(key: "ask") { status } } } }'
_RETRY = "retry: {maxRetries: 20, offsets: [PT0S]}"
WORKFLOWS = {
    "fan": """
name: fan
steps:
  - {key: first, job: http, params: {url: "TARGET"}, RETRY}
  - {key: each, forEach: {items: [1, 2, 3, 4, 5, 6, 7, 8], concurrency: 4}, job: http, params: {url: "TARGET"}, RETRY}
  - {key: beside, dependsOn: [first], job: http, params: {url: "TARGET"}, RETRY}
  - {key: last, dependsOn: [each, beside], job: http, params: {url: "TARGET"}, RETRY}
""",
    "asked": """
name: asked
steps:
  - {key: first, job: http, params: {url: "TARGET"}, RETRY}
  - {key: ask, approval: {by: alice@example.com}}
  - {key: pause, wait: PT0.3S}
  - {key: last, job: http, params: {url: "TARGET"}, RETRY}
""",
    "undone": """
name: undone
steps:
  - {key: first, job: http, params: {url: "TARGET"}, RETRY, compensation: {job: http, params: {url: "TARGET"}, RETRY}}
  - {key: second, job: http, params: {url: "TARGET"}, RETRY, compensation: {job: http, params: {url: "TARGET"}, RETRY}}
  - {key: broken, job: http, params: {url: "http://192.0.2.${{ `1` }}/"}, retry: {maxRetries: 0}, onFailure: compensate}
  - {key: last, job: http, params: {url: "TARGET"}}
""",
}
_ENDS = {
    "fan": ("COMPLETED", None, {"first": "COMPLETED", "each": "COMPLETED", "beside": "COMPLETED", "last": "COMPLETED"}),
    "asked": ("COMPLETED", None, {"first": "COMPLETED", "ask": "COMPLETED", "pause": "COMPLETED", "last": "COMPLETED"}),
    "undone": (
        "FAILED",
        "COMPENSATED",
        {"first": "COMPLETED", "second": "COMPLETED", "broken": "FAILED", "last": "SKIPPED"},
    ),
}
_RUNS = {"fan": 11, "asked": 2, "undone": 5}


@dataclass
class Workflows:
    """The started workflow runs by id."""

    load: Load
    begun: dict[str, str] = field(default_factory=dict)
    enough: bool = False

    async def save(self) -> None:
        """Save all workflows."""
        for yaml in WORKFLOWS.values():
            text = yaml.replace("RETRY", _RETRY).replace("TARGET", self.load.target)
            answer = await self.load.ask(_SAVE, {"yaml": text})
            assert answer["saveWorkflow"]["userErrors"] == []

    async def keep_beginning(self, creator: int) -> None:
        """Start one run after the other, repeating each call with the same key until it is acknowledged."""
        number = 0
        while not self.enough:
            number += 1
            name = list(WORKFLOWS)[number % len(WORKFLOWS)]
            answer = await self.load.ask(_EXECUTE, {"name": name, "key": f"{creator}/{number}"})
            self.begun[answer["executeWorkflow"]["workflowRun"]["id"]] = name
            await asyncio.sleep(0.05)

    async def keep_deciding(self) -> None:
        """Approve all pending approvals, some of them more than once."""
        while True:
            found = (await self.load.ask(_WAITING, {}))["workflowRuns"]["nodes"]
            for run in found:
                if run["step"] is not None and run["step"]["status"] == "WAITING":
                    await self.load.ask(_DECIDE, {"id": run["id"]})
            await asyncio.sleep(0.1)

    async def ended(self, run_id: str) -> dict[str, Any]:
        """Wait until the workflow run ends and return it."""

        async def settled() -> dict[str, Any] | None:
            run: dict[str, Any] = (await self.load.ask(_RUN, {"id": run_id}))["workflowRun"]
            return run if run["status"] in {"COMPLETED", "FAILED", "CANCELLED"} else None

        run: dict[str, Any] = await wait_until(settled, 90)
        return run


async def crash(directory: Path, rounds: int, seed: int) -> Counter[str]:
    """Crash `rounds` times, check everything, and return the counts."""
    server = Server(directory, TOCSIN_MAX_CONCURRENCY="30", TOCSIN_LEASE_SECONDS="2", TOCSIN_COST_LIMIT="100000000")
    async with serve_load(server, seed) as load:
        await server.start()
        await server.sign_up()
        workflows = Workflows(load)
        try:
            await workflows.save()
            creators = [asyncio.create_task(workflows.keep_beginning(number)) for number in range(CREATORS)]
            deciding = asyncio.create_task(workflows.keep_deciding())
            for number in range(rounds):
                await asyncio.sleep(load.random.uniform(0.5, 2.5))
                await kill(server, ("server", "database", "both")[number % 3])
            workflows.enough = True
            await asyncio.gather(*creators)
            counted = await check(workflows)
            deciding.cancel()
            await asyncio.gather(deciding, return_exceptions=True)
            return counted
        finally:
            await server.stop()


async def check(workflows: Workflows) -> Counter[str]:
    """Check that every run ended as expected, and each step has one run and no attempt that is recorded or completed
    twice.
    """
    counted: Counter[str] = Counter()
    for run_id, name in workflows.begun.items():
        run = await workflows.ended(run_id)
        status, reason, steps = _ENDS[name]
        assert (run["status"], run["reason"]) == (status, reason), run
        assert {step["key"]: step["status"] for step in run["steps"]} == steps, run
        runs = [one for step in run["steps"] for one in step["runs"]]
        assert len(runs) == len({one["id"] for one in runs}) == _RUNS[name], run
        for one in runs:
            outcomes = [attempt["outcome"] for attempt in one["attempts"]]
            assert [attempt["number"] for attempt in one["attempts"]] == list(range(1, len(outcomes) + 1)), one
            assert outcomes.count("COMPLETED") <= 1, one
            counted["attempts"] += len(outcomes)
            counted["lost"] += outcomes.count("LOST")
        counted[name] += 1
    return counted


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        print(dict(asyncio.run(crash(Path(directory), options.rounds, options.seed))))


if __name__ == "__main__":
    main()
