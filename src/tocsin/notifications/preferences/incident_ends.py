"""Which incidents are over, as the tasks and workflows themselves count them."""

from collections.abc import Iterable

from tocsin.documents import Database, DeliveryAboutDocument

_COLLECTIONS = {"Task": "tasks", "Workflow": "workflows"}


async def find_ended(database: Database, abouts: Iterable[DeliveryAboutDocument | None]) -> set[tuple[str, int]]:
    """Return those of these incidents after which their task or workflow has worked: its ID and the incident."""
    told: dict[str, set[tuple[str, int]]] = {name: set() for name in _COLLECTIONS}
    for about in abouts:
        if about is not None and about["type"] in told:
            told[about["type"]].add((about["id"], about["incident"]))
    ended: set[tuple[str, int]] = set()
    for name, incidents in told.items():
        if incidents:
            ids = {"_id": {"$in": sorted({subject for subject, _ in incidents})}}
            rows = database.db[_COLLECTIONS[name]].find(ids, {"incident": 1})
            present = {row["_id"]: row.get("incident") or 0 async for row in rows}
            ended |= {each for each in incidents if present.get(each[0], 0) > each[1]}
    return ended
