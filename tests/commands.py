"""A connection whose commands a test can count."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pymongo import monitoring

from tocsin import documents


class CommandLog(monitoring.CommandListener):
    """A listener that records the commands, such as `find runs`, except the polls of a change stream."""

    def __init__(self) -> None:
        self.commands: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name != "getMore":
            self.commands.append(f"{event.command_name} {event.command[event.command_name]}")

    def succeeded(self, event: object) -> None: ...

    def failed(self, event: object) -> None: ...

    def count(self, *collections: str) -> Counter[str]:
        """Return the number of each command on these collections; without any, on all."""
        return Counter(one for one in self.commands if not collections or one.partition(" ")[2] in collections)


@asynccontextmanager
async def logged(database: documents.Database, log: CommandLog) -> AsyncIterator[documents.Database]:
    """Open a second connection to a database, with the listener. From then on, Beanie uses it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(documents.connections.CLIENT_OPTIONS, "event_listeners", [log])
        opened = await documents.connect(database.uri, database.name)
    log.commands.clear()
    yield opened
    await opened.close()
