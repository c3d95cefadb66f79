"""What a client missed, read from the state of the database: each thing once, in its latest state.

It is read in pages while the client reads them, so it costs no memory, and each event has a cursor with which any
process goes on. What changes meanwhile comes live, as the reader subscribes before it reads. If more changes meanwhile
than is kept for it, the sections are read again, since the time at which the first reading began.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from tocsin.clock import EPOCH
from tocsin.documents import Change, ChangeKind, Database, Hold, TaskStatus
from tocsin.documents.history import find_history_begin
from tocsin.documents.keyset import BEFORE_ALL_IDS, CursorPosition
from tocsin.documents.sweeps import Sweep
from tocsin.events.change_filter import ChangeFilter
from tocsin.events.cursors import EventCursor, Place
from tocsin.events.missed_sections import Period, Row, Section, list_sections

MAX_MISSED: Final = 50_000
"""Rows that are looked through for a client that was away. Beyond it, it gets a RESYNC, which costs less."""
PAGE: Final = 500
"""Rows that are read at a time, unless more have the same time."""
TOLD: Final = "_told"
"""Follows the name of a section in a cursor after which a run comes whose task was told just before."""
_MAX_READINGS = 5
_MAX_TOLD_TASKS = 10_000


class CatchUp:
    """Reads the changes that a subscriber missed since its cursor.

    `is_done` tells that all were read, or that the place is no longer known and a RESYNC was returned instead.
    """

    def __init__(self, database: Database, filter_: ChangeFilter, cursor: EventCursor) -> None:
        self.is_done = False
        self._database, self._filter, self._cursor = database, filter_, cursor
        self._sections: list[Section] | None = None
        self._began_at = EPOCH
        self._row: CursorPosition | None = None
        self._sweep: Sweep[Row] | None = None
        self._told: set[str] = set()
        self._is_first_told = False
        self._must_repeat = False
        self._readings = 0
        self._read = 0

    def repeat(self) -> None:
        """Read what changed since the reading began once more, because it was dropped."""
        self._must_repeat = True

    async def read(self) -> list[Change]:
        """Return the next changes, which can be none. Raises PyMongoError; then the next call reads the same.

        The readers of one owner read in turn, so that many that return at once do not delay others.
        """
        async with self._database.fair_slots.slot(self._filter.owner):
            if self._sections is None and not await self._begin():
                return self._give_up()
            if not self._sections:
                self._end_reading()
                return []
            changes = await self._read_section(self._sections[0])
            return self._give_up() if self._read > MAX_MISSED else changes

    async def _begin(self) -> bool:
        """Begin to read the sections, where the cursor is. Return whether its place is known."""
        since, place, now = self._cursor.since, self._cursor.place, self._database.changes.now()
        self._readings += 1
        if place is not None and place.filter_digest != self._filter.digest:
            place = None
        period = Period(since, place.began_at if place else now, await self._find_first())
        sections = list_sections(self._database, self._filter, period)
        if place is not None:
            sections = self._go_to(place, sections)
        if not await self._is_known(period, now) or self._readings > _MAX_READINGS:
            return False
        self._began_at, self._sections = period.began_at, sections
        self._must_repeat |= place is not None  # what changed since then was not told by the connection before
        return True

    def _go_to(self, place: Place, sections: list[Section]) -> list[Section]:
        """Return the sections from the place on, all if it is in none of them."""
        names = [section.name for section in sections]
        name = place.section.removesuffix(TOLD)
        if name not in names:
            return sections
        self._row, self._is_first_told = place.row, place.section.endswith(TOLD)
        return sections[names.index(name) :]

    async def _is_known(self, period: Period, now: datetime) -> bool:
        """Return whether what changed since then is stored, and not too much to be told one by one."""
        begins_at = await find_history_begin(self._database, self._filter.owner)
        is_kept = begins_at is None or period.since >= begins_at
        if not is_kept or period.visible_since > now or period.began_at > now + (period.since - period.visible_since):
            return False
        left = MAX_MISSED
        for section in list_sections(self._database, self._filter, period):
            if section.query.min_key is not None:
                left -= await Sweep(section.query, None, PAGE).count(left)
            if left < 0:
                return False
        return True

    async def _find_first(self) -> datetime:
        user = await self._database.users.find_one({"_id": self._filter.owner}, {"created_at": 1})
        return user["created_at"] if user else EPOCH

    def _end_reading(self) -> None:
        if self._must_repeat:
            self._cursor, self._sections, self._must_repeat = EventCursor(self._began_at), None, False
            self._told.clear()
        else:
            self.is_done = True

    def _give_up(self) -> list[Change]:
        self.is_done = True
        return [self._filter.resync(self._database.changes.now())]

    async def _read_section(self, section: Section) -> list[Change]:
        if self._sweep is None:
            self._sweep = Sweep(section.query, self._row, PAGE)
        rows = await self._sweep.read()
        changes = await self._convert(section, rows)
        self._read += len(rows)
        self._row = section.position_of(rows[-1]) if rows else self._row
        if self._sweep.is_done and self._sections is not None:
            self._sweep, self._row, self._sections = None, None, self._sections[1:]
        return changes

    async def _convert(self, section: Section, rows: Sequence[Row]) -> list[Change]:
        found = {row["_id"]: section.convert(row) for row in rows}
        if self._is_first_told and rows:
            self._told.add(found[rows[0]["_id"]].task_id or "")
            self._is_first_told = False
        existing = await self._find_existing(found.values())
        statuses = await self._read_statuses(found.values())
        position, changes = self._row, list[Change]()
        for row in rows:
            change = found[row["_id"]]
            if (status := statuses.pop(change.task_id or "", None)) is not None:
                cursor = self._encode(section, position, TOLD)
                task = Change(ChangeKind.TASK_UPDATED, change.at, change.task_id, task_status=status, cursor=cursor)
                changes.append(task)
            position = section.position_of(row)
            if row["_id"] not in existing:
                changes.append(change._replace(cursor=self._encode(section, position)))
        return self._filter.select(changes)

    def _encode(self, section: Section, row: CursorPosition | None, suffix: str = "") -> str:
        row = row or CursorPosition(EPOCH, BEFORE_ALL_IDS)
        return self._cursor.at(Place(self._began_at, section.name + suffix, self._filter.digest, row)).encode()

    async def _find_existing(self, changes: Iterable[Change]) -> set[str]:
        """Return the tasks whose deletion was noted and then not made."""
        noted = [change.task_id for change in changes if change.kind is ChangeKind.TASK_DELETED]
        if not noted:
            return set()
        found = self._database.tasks.find({"_id": {"$in": noted}}, {"hold": 1})
        return {task["_id"] async for task in found if task["hold"] != Hold.DELETED}

    async def _read_statuses(self, changes: Iterable[Change]) -> dict[str, TaskStatus]:
        """Return the present statuses of the tasks of these runs, by task, unless they were told before."""
        if not self._filter.wants(ChangeKind.TASK_UPDATED):
            return {}
        new = {change.task_id for change in changes if change.run_id is not None and change.task_id} - self._told
        if not new:
            return {}
        if len(self._told) > _MAX_TOLD_TASKS:
            self._told.clear()
        self._told |= new
        found = self._database.tasks.find({"_id": {"$in": list(new)}}, {"status": 1, "hold": 1})
        return {task["_id"]: TaskStatus(task["status"]) async for task in found if task["hold"] != Hold.DELETED}
