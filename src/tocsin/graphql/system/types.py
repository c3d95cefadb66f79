"""Output types of the installation and its system."""

import asyncio
import platform
from datetime import datetime

import strawberry
from pymongo.errors import PyMongoError

from tocsin import __version__, clock
from tocsin.documents import Database, WorkerDocument
from tocsin.documents.workers import is_alive
from tocsin.graphql.context import Services
from tocsin.graphql.notifications.enums import NotificationChannelKind
from tocsin.outbound.apprise_sender import is_apprise_installed

_DATABASE_SECONDS = 2.0
"""Maximum seconds to wait for the version of the database."""


@strawberry.type(description="What anyone may know about this installation.")
class Installation:
    is_sign_up_open: bool = strawberry.field(description="Whether anyone can create an account with `signUp`.")
    channel_kinds: list[NotificationChannelKind] = strawberry.field(
        description="Kinds of notification channels that can be created here."
    )
    has_public_links: bool = strawberry.field(
        description="Whether tasks and workflows can have public links here: the operator can switch them off."
    )


@strawberry.type(description="A part of the process that answered, and whether it works.")
class SystemComponent:
    name: str = strawberry.field(description="Name of the part, such as `database` or `scheduler`.")
    is_healthy: bool = strawberry.field(description="Whether it works.")
    note: str | None = strawberry.field(description="What the operator should know; null if nothing.")


@strawberry.type(description="The database of the installation.")
class SystemDatabase:
    is_embedded: bool = strawberry.field(description="Whether Tocsin runs it itself.")
    version: str | None = strawberry.field(description="Its version; null if it does not tell.")
    free_disk_megabytes: int | None = strawberry.field(
        description="Free space of its disk in megabytes of 1,048,576 bytes; null if unknown."
    )


@strawberry.type(description="A process that runs tasks.")
class SystemProcess:
    name: str = strawberry.field(description="Host, process ID and a random part.")
    is_current: bool = strawberry.field(description="Whether it is the one that answered.")
    is_alive: bool = strawberry.field(description="Whether it has renewed its lease in time.")
    lease_ends_at: datetime = strawberry.field(
        description="Time at which its lease ends. It renews it well before; if it does not, its runs are started anew."
    )


@strawberry.type(description="The state of this installation, for administrators.")
class System:
    version: str = strawberry.field(description="Version of Tocsin in the process that answered.")
    python_version: str = strawberry.field(description="Version of Python in that process.")
    started_at: datetime = strawberry.field(description="Time at which that process started.")
    concurrency: int = strawberry.field(description="Maximum number of attempts in progress in that process.")
    components: list[SystemComponent] = strawberry.field(description="The parts of that process.")
    database: SystemDatabase = strawberry.field(description="The database.")
    processes: list[SystemProcess] = strawberry.field(description="All processes that run tasks, by name.")


def to_installation(services: Services) -> Installation:
    """Return what anyone may know."""
    settings = services.settings
    has_apprise = settings.apprise and is_apprise_installed()
    kinds = [kind for kind in NotificationChannelKind if kind is not NotificationChannelKind.APPRISE or has_apprise]
    return Installation(
        is_sign_up_open=settings.sign_up == "open", channel_kinds=kinds, has_public_links=settings.public_links
    )


async def read_system(services: Services) -> System:
    """Read the state of the installation."""
    state = services.process
    parts, version, processes = await asyncio.gather(
        state.check_health(),
        _read_version(services.database),
        _read_processes(services.database, state.process_id),
    )
    return System(
        version=__version__,
        python_version=platform.python_version(),
        started_at=state.started_at,
        concurrency=services.settings.max_concurrency,
        components=[
            SystemComponent(name=name, is_healthy=part.is_healthy, note=part.note) for name, part in parts.items()
        ],
        database=SystemDatabase(
            is_embedded=services.settings.uses_embedded_database,
            version=version,
            free_disk_megabytes=services.disk.free_megabytes,
        ),
        processes=processes,
    )


async def _read_version(database: Database) -> str | None:
    try:
        async with asyncio.timeout(_DATABASE_SECONDS):
            found = await database.client.admin.command("buildInfo")
    except (PyMongoError, TimeoutError):
        return None
    version = found.get("version")
    return None if version is None else str(version)


async def _read_processes(database: Database, current: str) -> list[SystemProcess]:
    now = clock.now()
    found = await database.workers.find({}, {"until": 1, "lease": 1}).to_list()
    return [_to_process(worker, current, now) for worker in sorted(found, key=lambda worker: worker["_id"])]


def _to_process(worker: WorkerDocument, current: str, now: datetime) -> SystemProcess:
    return SystemProcess(
        name=worker["_id"],
        is_current=worker["_id"] == current,
        is_alive=is_alive(worker, now),
        lease_ends_at=worker["until"],
    )
