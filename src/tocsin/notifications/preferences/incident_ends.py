"""Which incidents are over that were told."""

from collections.abc import Iterable

from tocsin.documents import Database, DeliveryAboutDocument, IncidentDocument

_COLLECTIONS = {"Task": "tasks", "Workflow": "workflows"}


async def find_ended(database: Database, abouts: Iterable[DeliveryAboutDocument | None]) -> set[tuple[str, int]]:
    """Return those of these openings of incidents after which all works again: what each is about, and its number."""
    told = [about for about in abouts if about is not None]
    stored = [about for about in told if "incident_id" in about]
    earlier = [about for about in told if "incident_id" not in about and about["type"] in _COLLECTIONS]
    return await _find_stored_ends(database, stored) | await _find_earlier_ends(database, earlier)


async def _find_stored_ends(database: Database, abouts: list[DeliveryAboutDocument]) -> set[tuple[str, int]]:
    if not abouts:
        return set()
    ids, fields = {about["incident_id"] for about in abouts}, {"open": 1, "recovered": 1, "sequence": 1}
    found = await database.incidents.find({"_id": {"$in": sorted(ids)}}, fields).to_list()
    incidents: dict[str, IncidentDocument] = {each["_id"]: each for each in found}
    return {
        (about["id"], about["incident"])
        for about in abouts
        if (incident := incidents.get(about["incident_id"])) is not None and _is_ended(incident, about)
    }


def _is_ended(incident: IncidentDocument, about: DeliveryAboutDocument) -> bool:
    """Tell whether the opening that news is about is over with a success, or was, before the incident came again."""
    return incident["sequence"] > about["incident"] or (not incident["open"] and incident["recovered"])


async def _find_earlier_ends(database: Database, abouts: list[DeliveryAboutDocument]) -> set[tuple[str, int]]:
    """Return those over of which an earlier version told, which counted the successes of the task or workflow."""
    ended: set[tuple[str, int]] = set()
    for name, collection in _COLLECTIONS.items():
        of_type = [about for about in abouts if about["type"] == name]
        if not of_type:
            continue
        ids = {"_id": {"$in": sorted({about["id"] for about in of_type})}}
        found = database.db[collection].find(ids, {"incident": 1})
        present = {row["_id"]: row.get("incident") or 0 async for row in found}
        ended |= {(each["id"], each["incident"]) for each in of_type if present.get(each["id"], 0) > each["incident"]}
    return ended
