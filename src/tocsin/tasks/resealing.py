"""Sealing the secrets of stored tasks anew, with the key that seals now, while they are used and edited.

Whatever text in a stored job names another key and opens with it is a secret: that way none is forgotten whose place
this file does not know. The runs' copies of jobs are treated alike, those of settled runs too: nobody opens these any
more, but whoever stole the old key could.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pymongo import UpdateOne
from pymongo.asynchronous.collection import AsyncCollection

from tocsin.documents import Database, Doc
from tocsin.documents.updates import both, change_when
from tocsin.security.secrets import SecretBox, SecretUnreadable, key_of

BATCH = 200


@dataclass(slots=True)
class Tally:
    """Secrets sealed anew, documents that hold them, and secrets that no known key opens."""

    secrets: int = 0
    documents: int = 0
    unreadable: int = 0


async def reseal(database: Database, box: SecretBox) -> Tally:
    """One pass over all tasks and runs. A secret that is replaced meanwhile is left to the next pass."""
    tally = Tally()
    for collection in _holders(database):
        async for documents in _batches(collection):
            updates = [update for document in documents for update in _resealed(document, box, tally)]
            if updates:
                await collection.bulk_write(updates, ordered=False)
    return tally


async def count_by_key(database: Database) -> Counter[str]:
    """How many secrets are sealed with which key, of all tasks and runs."""
    counts: Counter[str] = Counter()
    for collection in _holders(database):
        async for documents in _batches(collection):
            counts.update(kid for document in documents for text in _texts(document["job"]) if (kid := key_of(text)))
    return counts


def _holders(database: Database) -> list[AsyncCollection[Doc]]:
    """Tasks first: runs that are made meanwhile then mostly have the new copy."""
    return [database.tasks, database.runs]


async def _batches(collection: AsyncCollection[Doc]) -> AsyncIterator[list[Doc]]:
    batch: list[Doc] = []
    async for document in collection.find({}, {"owner": 1, "job": 1}).batch_size(BATCH):
        batch.append(document)
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch


def _resealed(document: Doc, box: SecretBox, tally: Tally) -> list[UpdateOne]:
    """The update that seals a document's secrets anew; none if there is nothing to do."""
    sealer = _Sealer(box, document["owner"])
    before = document["job"].get("params", {})
    after = {name: value for name, old in before.items() if (value := sealer.renew(old)) != old}
    tally.unreadable += sealer.unreadable
    if not after:
        return []
    tally.secrets += sealer.renewed
    tally.documents += 1
    return [UpdateOne({"_id": document["_id"]}, _change({name: before[name] for name in after}, after))]


def _change(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Doc]:
    """Put the parameters `after` in the place of those `before`, if all of these are still there as they were read."""
    unchanged = [{"$eq": [f"$job.params.{name}", {"$literal": value}]} for name, value in before.items()]
    params = {"$mergeObjects": ["$job.params", {"$literal": dict(after)}]}
    return [change_when(both(*unchanged), {}, {"job": {"$mergeObjects": ["$job", {"params": params}]}})]


class _Sealer:
    """Seals the secrets in a value anew and counts them."""

    def __init__(self, box: SecretBox, owner: str) -> None:
        self._box, self._owner = box, owner
        self.renewed = self.unreadable = 0

    def renew(self, value: Any) -> Any:
        """The value with its secrets sealed anew; itself if there are none to be."""
        if isinstance(value, str):
            return self._text(value)
        return _mapped(value, self.renew)

    def _text(self, text: str) -> str:
        if key_of(text) in (None, self._box.sealing):
            return text
        try:
            renewed = self._box.seal(self._box.open(text, self._owner), self._owner)
        except SecretUnreadable:
            self.unreadable += 1
            return text
        self.renewed += 1
        return renewed


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {name: change(part) for name, part in value.items()}
    if isinstance(value, list):
        return [change(part) for part in value]
    return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)
