"""Public status (t): reading the status page of a workflow, and of a task, among more and more runs."""

import argparse
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from benchmarks.pages import OWNER, make_task
from benchmarks.process import CpuClock, database, in_fresh_process
from benchmarks.statistics import Figures, fill_with_runs, measure_work
from benchmarks.table import Row, text
from tocsin import clock
from tocsin.documents import Database, PublicLinkKind, Trigger, WorkflowRunStatus, connect
from tocsin.public_links.reading import read_status
from tocsin.public_links.resolving import FoundLink
from tocsin.statistics.service import Statistics
from tocsin.workflows.engine.new_runs import NewWorkflowRun, new_workflow_run
from tocsin.workflows.language.definition import WorkflowDefinition

SIZES = (1_000, 1_000_000)
_PERIOD = timedelta(days=30)
_BATCH = 2_000
_DEFINITION = WorkflowDefinition.model_validate(
    {"name": "benchmark", "steps": [{"key": "a", "job": "http", "params": {"url": "http://h/"}}]}
)


async def measure_reading(size: int) -> dict[str, Figures]:
    """Return the figures of the status of a workflow and of a task with so many runs in 30 days."""
    async with database() as server:
        opened = await connect(server.uri, "tocsin")
        statistics, begun, cpu = Statistics(opened), clock.now() - _PERIOD, CpuClock(server.pid or 0)
        task, workflow = make_task(0, begun, clock.now()), _make_workflow(begun)
        await fill_with_runs(statistics, opened, size, begun)
        await _fill_with_workflow_runs(opened, workflow, size, begun)
        found = {}
        for name, link in {"workflow": _link(None, workflow), "task": _link(task, None)}.items():
            found[name] = await measure_work(partial(read_status, opened, statistics, link, clock.now()), cpu)
        await opened.close()
        return found


def _make_workflow(created_at: datetime) -> Any:
    return {
        "_id": f"{OWNER}/w", "owner": OWNER, "name": "benchmark", "version": 1, "schedule": None, "paused_at": None,
        "next_run_at": None, "created_at": created_at,
    }  # fmt: skip


def _link(task: Any, workflow: Any) -> FoundLink:
    link: Any = {"kind": PublicLinkKind.STATUS, "subject": (task or workflow)["_id"], "title": None}
    return FoundLink(link, {"_id": OWNER}, task, workflow)  # type: ignore[typeddict-item]  # it is not read


async def _fill_with_workflow_runs(opened: Database, workflow: Any, size: int, begun: datetime) -> None:
    step = _PERIOD / size
    for first in range(0, size, _BATCH):
        numbers = range(first, min(first + _BATCH, size))
        await opened.workflow_runs.insert_many(
            [_ended_run(workflow, number, begun + number * step) for number in numbers]
        )


def _ended_run(workflow: Any, number: int, at: datetime) -> Any:
    status = WorkflowRunStatus.COMPLETED if number % 50 else WorkflowRunStatus.FAILED
    new = NewWorkflowRun(f"{OWNER}/w:{number}", Trigger.SCHEDULE, at, status)
    return {**new_workflow_run(workflow, _DEFINITION, {}, new, at), "changed_at": at}


def measure(sizes: tuple[int, ...] = SIZES) -> list[Row]:
    """Measure among each number of runs, in a process and a database of its own."""
    figures = {size: in_fresh_process(measure_reading, size) for size in sizes}
    rows = []
    for name in figures[sizes[0]]:
        for size in sizes:
            rows.append(Row(f"(t) status of a {name} with {size:,} runs, ms", figures[size][name].took))
            rows.append(Row("    CPU, ms", figures[size][name].cpu))
    return rows


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.public_status", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    print(text(measure(tuple(parser.parse_args().sizes))))


if __name__ == "__main__":
    main()
