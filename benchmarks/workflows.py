"""Workflows (f): steps a second of a chain, a fan-out and many workflows at once, beside the same tasks without one."""

import argparse
import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

from benchmarks import burst, target
from benchmarks.process import CpuClock, in_fresh_process, tocsin
from benchmarks.table import Row, middle, text
from tocsin import clock
from tocsin.runtime import Runtime
from tocsin.workflows import saving, starting
from tocsin.workflows.language.source import WorkflowSource


@dataclass(frozen=True, slots=True)
class Shape:
    """A load: `runs` workflow runs of these steps, with `each` job runs per workflow run."""

    name: str
    steps: list[dict[str, Any]]
    each: int
    runs: int = 1
    goal: str = ""


@dataclass(frozen=True, slots=True)
class Speed:
    """Steps a second, and milliseconds of CPU time a step (app and database), which a busy machine changes less."""

    rate: float
    app: float
    database: float


def _step(key: str, url: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "job": "http", "params": {"url": url}, **more}


def chain_steps(url: str, length: int) -> list[dict[str, Any]]:
    """Return steps that run one after the other."""
    return [_step(f"s{number}", url) for number in range(length)]


def fan_out_step(url: str, width: int) -> list[dict[str, Any]]:
    """Return one step that runs once for each item of a list."""
    return [_step("each", url, forEach={"items": list(range(width)), "maxItems": width, "concurrency": 100})]


async def measure_speed(shape: Shape) -> Speed:
    """Return the speed from the first request to the end of the last workflow run."""
    async with tocsin() as process:
        runtime = process.runtime
        definition = {"name": "bench", "concurrency": 200, "steps": shape.steps}
        saved = await saving.save_workflow(
            runtime.database, runtime.services.secrets, "owner0", WorkflowSource(definition), clock.now()
        )
        await asyncio.gather(*(_execute(runtime) for _ in range(min(shape.runs, 1))))  # loads what is loaded only once
        await _wait(runtime, 1)
        cpu, begun = CpuClock(process.database_pid), time.perf_counter()
        await asyncio.gather(*(_execute(runtime) for _ in range(shape.runs)))
        await _wait(runtime, shape.runs + 1)
        took, (app, database) = time.perf_counter() - begun, cpu.read()
        failed = await runtime.database.workflow_runs.count_documents({"workflow": saved["_id"], "status": "FAILED"})
        if failed:
            raise RuntimeError(f"{failed} workflow runs failed")
        steps = shape.each * shape.runs
        return Speed(steps / took, app / steps * 1_000, database / steps * 1_000)


async def _execute(runtime: Runtime) -> None:
    process = runtime.process
    run = await starting.start_workflow(runtime.database, process.versions, "owner0", "bench", None, clock.now())
    process.workflows.request_advance(run.id)


async def _wait(runtime: Runtime, count: int) -> None:
    while await runtime.database.workflow_runs.count_documents({"open": True}) > 0:
        await asyncio.sleep(0.02)
    if await runtime.database.workflow_runs.count_documents({}) != count:
        raise RuntimeError("a workflow run is missing")


def measure(rounds: int = 3) -> list[Row]:
    """Return the medians of the rounds, each in a new process."""
    rows: list[Row] = []
    with target.running() as url:
        shapes = (
            Shape("a chain of 100", chain_steps(url, 100), 100, goal=">= 150"),
            Shape("a fan-out of 1,000", fan_out_step(url, 1_000), 1_000),
            Shape("100 workflows of 10 steps", chain_steps(url, 10), 10, 100),
        )
        for shape in shapes:
            found = [in_fresh_process(measure_speed, shape) for _ in range(rounds)]
            print(f"(f) {shape.name}: {json.dumps(sorted(round(one.rate) for one in found))}", flush=True)
            rows += [
                Row(f"(f) {shape.name}: steps/s", middle([one.rate for one in found]), shape.goal),
                Row("    app: ms of CPU a step", middle([one.app for one in found])),
                Row("    database: ms of CPU a step", middle([one.database for one in found])),
            ]
        tasks = in_fresh_process(burst.ours, url, 1_000)
        rows.append(Row("    1,000 tasks at once, no workflow: runs/s", tasks.runs / tasks.took))
    return rows


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.workflows", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    print(text(measure(parser.parse_args().rounds)))


if __name__ == "__main__":
    main()
