"""The stored permits: one document for each limit in use, replaced only as it was read."""

from collections.abc import Collection, Mapping
from typing import Any

from bson import ObjectId
from pymongo import DeleteOne, UpdateOne
from pymongo.errors import BulkWriteError

from tocsin.dispatch.permit_book import PermitKey
from tocsin.dispatch.permits import Permits, Waiting, with_holdings
from tocsin.documents import Database, PermitDocument, RunStatus
from tocsin.documents.updates import has_value, is_null

_TRIES = 20
Holdings = dict[PermitKey, dict[str, int]]
"""The permits of one process, by limit and owner."""
StoredPermits = dict[PermitKey, tuple[Permits, str | None]]
"""The permits of each limit, with their revision; None if they are not stored yet."""


class PermitStore:
    """Reads and replaces permits. Every replacement gets a new revision."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, keys: Collection[PermitKey]) -> StoredPermits:
        """Return the permits of these limits."""
        ids = {_document_id(key): key for key in keys}
        found = {each["_id"]: each async for each in self._database.permits.find({"_id": {"$in": list(ids)}})}
        return {key: _parse(found.get(document_id)) for document_id, key in ids.items()}

    async def replace(self, before: StoredPermits, after: Mapping[PermitKey, Permits]) -> set[PermitKey]:
        """Replace those that have changed here, and return the limits whose permits are now as in `after`."""
        token = str(ObjectId())
        changed = [key for key, permits in after.items() if permits != before[key][0]]
        if not changed:
            return set(after)
        updates = [_update(key, before[key][1], after[key], token) for key in changed]
        try:
            result = await self._database.permits.bulk_write(updates, ordered=False)
            done = result.modified_count + result.upserted_count + result.deleted_count
        except BulkWriteError:  # another process inserted the same document
            done = 0
        if done == len(changed):
            return set(after)
        stored = await self.read(changed)
        deleted = {key for key in changed if stored[key][1] is None and after[key] == Permits()}
        return (set(after) - {key for key in changed if stored[key][1] != token}) | deleted

    async def set_holdings(self, process: str, holdings: Holdings) -> None:
        """Store which permits a process holds. Raises RuntimeError if others change the same ones all the time."""
        left = dict(holdings)
        for _ in range(_TRIES):
            if not left:
                return
            before = await self.read(left)
            after = {key: with_holdings(before[key][0], process, held) for key, held in left.items()}
            done = await self.replace(before, after)
            left = {key: held for key, held in left.items() if key not in done}
        raise RuntimeError("the permits in use could not be stored")

    async def find_holdings(self, process: str) -> Holdings:
        """Return the permits that the claimed runs of a process need."""
        holdings: Holdings = {}
        which = {"status": RunStatus.RUNNING, "worker": {"$in": [process]}}
        async for run in self._database.runs.find(which, {"owner": 1, "host": 1, "queue": 1}):
            for key in (("queue", run.get("queue")), ("host", run.get("host"))):
                if key[1] is not None:
                    owners = holdings.setdefault((key[0], key[1]), {})
                    owners[run["owner"]] = owners.get(run["owner"], 0) + 1
        return holdings

    async def clear(self) -> None:
        """Delete all permits. This process must be alone."""
        await self._database.permits.delete_many({})


def _document_id(key: PermitKey) -> str:
    return " ".join(key)


def _parse(document: PermitDocument | None) -> tuple[Permits, str | None]:
    if document is None:
        return Permits(), None
    held: dict[str, dict[str, int]] = {}
    for process, owner, count in document["held"]:
        held.setdefault(process, {})[owner] = count
    waiting = {process: Waiting(count, since, until) for process, count, since, until in document["waiting"]}
    return Permits(held, waiting), document["rev"]


def _update(key: PermitKey, rev: str | None, permits: Permits, token: str) -> UpdateOne | DeleteOne:
    if permits == Permits() and rev is not None:
        return DeleteOne({"_id": _document_id(key), "rev": rev})
    fields: dict[str, Any] = {
        "rev": token,
        "held": [[name, owner, count] for name, held in permits.held.items() for owner, count in held.items()],
        "waiting": [[name, each.count, each.since, each.until] for name, each in permits.waiting.items()],
    }
    unchanged = is_null("rev") if rev is None else has_value("rev", rev)
    replaced = {"$mergeObjects": ["$$ROOT", {"$literal": fields}]}
    pipeline = [{"$replaceWith": {"$cond": [unchanged, replaced, "$$ROOT"]}}]
    return UpdateOne({"_id": _document_id(key)}, pipeline, upsert=rev is None)
