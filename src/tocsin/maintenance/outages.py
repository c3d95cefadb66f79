"""The stored network state: read, and changed by one process at a time."""

from collections.abc import Callable

from pymongo.errors import DuplicateKeyError

from tocsin.documents import Database, NetworkStateChanges, NetworkStateDocument, User
from tocsin.documents.network_documents import OutageEndDocument
from tocsin.documents.updates import change_when, has_value
from tocsin.maintenance.outage_plan import plan_end_notice
from tocsin.notifications.deliveries import notify
from tocsin.notifications.network_events import NetworkDown, NetworkUp

NETWORK = "network"
"""The ID of the state."""
_NO_OUTAGE: NetworkStateDocument = {
    "_id": NETWORK,
    "outage": None,
    "open": False,
    "since": None,
    "over_at": None,
    "observers": [],
    "is_announced": True,
    "is_end_announced": True,
    "rev": 0,
}


async def load_state(database: Database) -> NetworkStateDocument:
    """Return the network state."""
    found = await database.network_states.find_one({"_id": NETWORK})
    return found if found is not None else _NO_OUTAGE


async def change_state(
    database: Database, plan: Callable[[NetworkStateDocument], NetworkStateChanges]
) -> NetworkStateDocument:
    """Change the network state as planned, and return it.

    If another process changes it first, it is read and planned again. Without planned changes, nothing is written.
    """
    while True:
        state = await load_state(database)
        changes = plan(state)
        if not changes:
            return state
        changed: NetworkStateDocument = {**state, **changes, "rev": state["rev"] + 1}
        if await _replace(database, state["rev"], changed):
            return changed


async def _replace(database: Database, rev: int, changed: NetworkStateDocument) -> bool:
    if rev == 0:
        try:
            await database.network_states.insert_one(changed)
        except DuplicateKeyError:
            return False
        return True
    update = [change_when(has_value("rev", rev), changed)]
    return (await database.network_states.update_one({"_id": NETWORK}, update)).modified_count > 0


async def announce_outage(database: Database, state: NetworkStateDocument) -> None:
    """Notify the administrators of what they do not know yet: that the outage began, and that it is over.

    Their notifications are stored first, each once for its outage, so that a crash in between repeats nothing. But
    before it is told that an outage is over, that is decided: if the network fails again, another one begins.
    """
    await _tell_end(database, state.get("untold_end"))
    outage, since, over_at = state["outage"], state["since"], state["over_at"]
    if outage is None or since is None:
        return
    if not state["is_announced"]:
        await notify(database, [NetworkDown.from_outage(admin, outage, since) for admin in await _find_admins()])
        await change_state(database, lambda now: _marked(now, outage, {"is_announced": True}))
    if not state["is_end_announced"] and not state["open"] and over_at is not None:
        decided = await change_state(database, lambda now: plan_end_notice(now, outage))
        await _tell_end(database, decided.get("untold_end"))


async def _tell_end(database: Database, end: OutageEndDocument | None) -> None:
    if end is None:
        return
    admins = [*await _find_admins(), *await _find_deactivated(database, end)]
    await notify(
        database, [NetworkUp.from_outage(admin, end["outage"], end["since"], end["over_at"]) for admin in admins]
    )
    await change_state(database, lambda now: {"untold_end": None} if now.get("untold_end") == end else {})


def _marked(state: NetworkStateDocument, outage: str, mark: NetworkStateChanges) -> NetworkStateChanges:
    return mark if state["outage"] == outage else {}


async def _find_admins() -> list[str]:
    return [user.id for user in await User.find({"is_admin": True, "is_active": True}).to_list()]


async def _find_deactivated(database: Database, end: OutageEndDocument) -> list[str]:
    """Return the administrators who were told that an outage began, and deactivated since.

    Nothing is sent to them, but what was opened in their alert services is closed there.
    """
    inactive = [user.id for user in await User.find({"is_admin": True, "is_active": False}).to_list()]
    events = {NetworkDown.from_outage(admin, end["outage"], end["since"]).id: admin for admin in inactive}
    found = await database.notifications.find({"_id": {"$in": list(events)}}, {"_id": 1}).to_list()
    return [events[each["_id"]] for each in found]
