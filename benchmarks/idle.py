"""Idle (l): the start of a server, and the database commands, CPU time and memory of one that has nothing to do."""

import argparse
import asyncio
import resource
import sys
import time
from dataclasses import dataclass
from typing import Any

from pymongo import monitoring

from benchmarks.process import CpuClock, in_fresh_process, tocsin
from benchmarks.table import Row, text


class _Commands(monitoring.CommandListener):
    """Counts commands, except getMores without documents."""

    def __init__(self) -> None:
        self.count = 0

    def started(self, _event: Any) -> None:
        """Do nothing: the reply is counted."""

    def succeeded(self, event: Any) -> None:
        """Count a command."""
        self.count += event.command_name != "getMore" or bool(event.reply["cursor"].get("nextBatch"))

    def failed(self, _event: Any) -> None:
        """Count a command."""
        self.count += 1


@dataclass(frozen=True, slots=True)
class Idle:
    """Seconds until started, commands a second, share of a CPU in percent (app and database), memory in megabytes."""

    started: float
    commands: float
    app_cpu: float
    database_cpu: float
    memory: float


async def measure_idle(seconds: float) -> Idle:
    """Start Tocsin, let it settle, and observe it for this many seconds."""
    commands = _Commands()
    monitoring.register(commands)
    begun = time.perf_counter()
    async with tocsin() as process:
        started = time.perf_counter() - begun
        await asyncio.sleep(10)
        cpu, before = CpuClock(process.database_pid), commands.count
        await asyncio.sleep(seconds)
        app, database = cpu.read()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
        sent = (commands.count - before) / seconds
        return Idle(started, sent, app / seconds * 100, database / seconds * 100, memory)


def measure(seconds: float = 30.0) -> list[Row]:
    """Measure one idle process."""
    found = in_fresh_process(measure_idle, seconds)
    return [
        Row("(l) idle: database commands/s", found.commands, "<= 3"),
        Row("    CPU of the app, %", found.app_cpu),
        Row("    CPU of the database, %", found.database_cpu),
        Row("    most memory of the app, MB", found.memory, "<= 130"),
        Row("    start, without imports, s", found.started, "< 3"),
    ]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.idle", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    print(text(measure(parser.parse_args().seconds)))


if __name__ == "__main__":
    main()
