"""The peers of the edge: Strawberry and FastAPI as their documentation shows them, over the same 50 objects."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import strawberry
import uvicorn
from fastapi import FastAPI
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.fastapi import GraphQLRouter

TASK_FIELDS = "id name tags overlap status version nextRunAt consecutiveFailures createdAt updatedAt queue priority"
_AT = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)


@strawberry.enum
class _Overlap(Enum):
    SKIP = "SKIP"


@strawberry.enum
class _Status(Enum):
    PENDING = "PENDING"


@strawberry.type
@dataclass
class _Task:
    id: strawberry.ID
    name: str
    tags: list[str]
    overlap: _Overlap
    status: _Status
    version: int
    next_run_at: datetime | None
    consecutive_failures: int
    created_at: datetime
    updated_at: datetime
    queue: str
    priority: int


@strawberry.type
class _PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class _Tasks:
    nodes: list[_Task]
    page_info: _PageInfo


def _make_task(number: int) -> _Task:
    return _Task(
        strawberry.ID(f"VGFzazp0YXNrL251bWJlci97bnVtYmVyfQ{number}"), "benchmark", ["benchmark"], _Overlap.SKIP,
        _Status.PENDING, 1, _AT, 0, _AT, _AT, "default", 0,
    )  # fmt: skip


_TASKS = [_make_task(number) for number in range(50)]


@strawberry.type
class _Query:
    @strawberry.field
    async def tasks(self, first: int) -> _Tasks:
        return _Tasks(nodes=_TASKS[:first], page_info=_PageInfo(has_next_page=False, end_cursor="end"))


def _make_app() -> FastAPI:
    app = FastAPI()
    schema = strawberry.Schema(_Query, extensions=[ParserCache, ValidationCache])
    app.include_router(GraphQLRouter(schema), prefix="/graphql")

    @app.get("/tasks")
    async def tasks() -> list[dict[str, Any]]:
        return [vars(task) for task in _TASKS]

    return app


@contextlib.contextmanager
def serve_plain() -> Iterator[tuple[str, int, int]]:
    """Serve both peers in a process of their own, and yield its host, port and process ID."""
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        port: int = ours.recv()
        assert process.pid is not None
        yield "127.0.0.1", port, process.pid
    finally:
        process.terminate()
        process.join()


def _serve(parent: Connection) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        parent.send(listener.getsockname()[1])
        config = uvicorn.Config(_make_app(), loop="uvloop", log_level="warning", lifespan="off")
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(uvicorn.Server(config).serve([listener]))
