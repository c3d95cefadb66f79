"""Pages of the runs of a step, which are found by the IDs that follow from the step and its items."""

import asyncio
import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.documents import Database, WorkflowRunDocument
from tocsin.documents.paging import MAX_FILTERED, Count, Page, PageArguments
from tocsin.errors import InvalidInput
from tocsin.graphql.connections import Connection
from tocsin.graphql.context import Info
from tocsin.graphql.node import RUN, load_node
from tocsin.graphql.runs.types import Run
from tocsin.workflows.engine.states import StepRunRef

_CHUNK = 101
"""Runs that are read at once: a page of the greatest size, and one more that tells whether it is the last."""
_CURSOR = re.compile(r"step_run:([A-Za-z0-9_]+):([0-9]{1,6})")


@dataclass(frozen=True, slots=True)
class StepRunPlaces:
    """The places at which a step can have runs: one for each item, or one alone, and one for its compensation."""

    key: str
    items: str | None

    def __len__(self) -> int:
        return (1 if self.items is None else len(self.items)) + 1

    def ref_at(self, place: int) -> StepRunRef:
        """Return the reference to the run at a place."""
        if place == len(self) - 1:
            return StepRunRef(self.key, is_compensation=True)
        return StepRunRef(self.key, None if self.items is None else place)

    def encode_cursor(self, place: int) -> str:
        """Return the opaque cursor of a place."""
        return base64.urlsafe_b64encode(f"step_run:{self.key}:{place}".encode()).decode()

    def decode_cursor(self, text: str | None, name: str) -> int | None:
        """Return the place of a cursor. Raises InvalidInput if it is malformed or belongs to another list."""
        if text is None:
            return None
        try:
            raw = base64.b64decode(text[:200].encode("ascii"), altchars=b"-_", validate=True).decode()
        except (binascii.Error, ValueError):
            raw = ""
        match = _CURSOR.fullmatch(raw)
        if match is None or match.group(1) != self.key:
            raise InvalidInput("This is not a cursor of this list. Use a cursor from its pageInfo or edges.", name)
        return int(match.group(2))


async def connect_step_runs(
    info: Info, document: WorkflowRunDocument, places: StepRunPlaces, arguments: PageArguments
) -> Connection[Run]:
    """Return a page of the runs of a step. Items that have not begun have none. Raises InvalidInput."""
    arguments = arguments.validated()
    after = places.decode_cursor(arguments.after, "after")
    before = places.decode_cursor(arguments.before, "before")
    forward, size = arguments.last is None, arguments.first or arguments.last or 1
    low = 0 if after is None else after + 1
    high = len(places) if before is None else min(before, len(places))
    left = range(low, high) if forward else range(high - 1, low - 1, -1)
    found, stop = await _take(info, document, places, left, size + 1)
    more, found = len(found) > size or stop is not None, found[:size]
    found = found if forward else found[::-1]
    cursors = [places.encode_cursor(place) for place, _ in found]
    start, end = (cursors[0], cursors[-1]) if cursors else (None, None)
    given_up = None if stop is None else places.encode_cursor(stop)
    rows, runs = [run.document for _, run in found], [run for _, run in found]
    if forward:
        page = Page(rows, more, after is not None, start, given_up or end)
    else:
        page = Page(rows, before is not None, more, given_up or start, end)
    count = _StepRunCount(info.context.services.database, document["_id"], places)
    return Connection(query=None, page=page, items=runs, cursors=cursors, count_items=count)


async def _take(
    info: Info, document: WorkflowRunDocument, places: StepRunPlaces, left: Sequence[int], limit: int
) -> tuple[list[tuple[int, Run]], int | None]:
    """Return the first runs with their places, or fewer and the place at which the search gave up."""
    found: list[tuple[int, Run]] = []
    for start in range(0, min(len(left), MAX_FILTERED + limit), _CHUNK):
        chunk = left[start : start + _CHUNK]
        ids = [places.ref_at(place).run_id(document["_id"]) for place in chunk]
        runs = await asyncio.gather(*(load_node(info, RUN, document["owner"], run_id) for run_id in ids))
        found += [(place, run) for place, run in zip(chunk, runs, strict=True) if run is not None]
        if len(found) >= limit or chunk[-1] == left[-1]:
            return found[:limit], None
    return found, (chunk[-1] if left else None)


@dataclass(frozen=True, slots=True)
class _StepRunCount:
    """Counts the runs of a step by the range of their IDs."""

    database: Database
    workflow_run: str
    places: StepRunPlaces

    async def __call__(self) -> Count:
        first = StepRunRef(self.places.key).run_id(self.workflow_run)
        alone = [first, StepRunRef(self.places.key, is_compensation=True).run_id(self.workflow_run)]
        number = await self.database.runs.count_documents({"_id": {"$in": alone}})
        if self.places.items is not None:
            number += await self.database.runs.count_documents({"_id": {"$gte": f"{first}[", "$lt": f"{first}\\"}})
        return Count(number, is_exact=True)
