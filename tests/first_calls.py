"""First calls of functions that load shared state, made by several threads at once. Run by tests/test_threads.py."""

import asyncio
import json
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import tocsin.runtime.runtime  # noqa: F401  all that a serving process has loaded
from tocsin import schedules
from tocsin.jobs import registry
from tocsin.jobs.http.masking import SecretMasker
from tocsin.jobs.reports.content import Report
from tocsin.jobs.reports.pdf import render_pdf
from tocsin.outbound import resolvers
from tocsin.schedules.time_zones import suggest_zone
from tocsin.security import passwords
from tocsin.workflows.language.definition import WorkflowDefinition
from tocsin.workflows.language.expressions import evaluate
from tocsin.workflows.language.validation import parse_definition
from tocsin.workflows.language.yaml_reader import parse_yaml

THREADS = 6
HASH = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43
WORKFLOW = json.dumps(
    {
        "name": "w",
        "schedule": {"cron": {"expression": "0 9 * * 1", "timeZone": "Europe/Berlin"}},
        "inputs": {"x": {"type": "string", "default": "a"}},
        "steps": [{"key": "a", "job": "http", "params": {"url": "https://example.com/${{ inputs.x }}"}}],
    }
)
CALLS: dict[str, Callable[[], Any]] = {
    "verify a password": lambda: passwords._ARGON2.verify("x", HASH),
    "read a workflow": lambda: parse_definition(parse_yaml(WORKFLOW), registry.RegisteredJobs()),
    "write the schema of a workflow": lambda: len(str(WorkflowDefinition.model_json_schema())),
    "evaluate an expression": lambda: evaluate("${{ inputs.x || `1` }}", {"inputs": {"x": None}}),
    "preview a schedule": lambda: schedules.preview_due_times(
        schedules.Cron("0 9 * * 1#2", "Europe/Berlin"), datetime(2026, 1, 1, tzinfo=UTC), 9
    ),
    "guess a zone": lambda: suggest_zone("berlin"),
    "look a name up": lambda: resolvers._lookup("localhost", 80, socket.AF_INET),
    "look a name of other letters up": lambda: "bücher.example".encode("idna"),
    "mask a secret": lambda: SecretMasker([("Authorization", "Bearer s3cret-token")]).mask("a s3cret-token", cut=False),
    "write a report": lambda: len(render_pdf(Report("title", "2026", {}, [], [], None))) > 1000,
}


async def hash_together() -> None:
    """Hash passwords in the threads for passwords, as simultaneous sign-ups do."""
    await asyncio.gather(*(passwords.hash_password("tram ticket lemon") for _ in range(4)))


def first_call(call: Callable[[], Any]) -> list[str]:
    """Make this call in all threads at once. Return the errors raised, and any difference between the results."""
    barrier, faults, answers = threading.Barrier(THREADS), [], []

    def make() -> None:
        barrier.wait()
        try:
            answers.append(repr(call()))
        except Exception:
            faults.append(traceback.format_exc())

    threads = [threading.Thread(target=make) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return faults[:1] or ([f"they differ: {answers}"] if len(set(answers)) > 1 else [])


def main() -> None:
    """Make all calls. Print the errors and exit with 1 if there are any."""
    sys.setswitchinterval(1e-6)
    asyncio.run(hash_together())
    faults = {name: fault for name, call in CALLS.items() if (fault := first_call(call))}
    sys.exit("\n".join(f"{name}: {fault[0]}" for name, fault in faults.items()) or None)


if __name__ == "__main__":
    main()
