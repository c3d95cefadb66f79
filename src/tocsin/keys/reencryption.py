"""Re-encryption of stored secrets with the current data key, while they are in use.

In the places below, any text that names another key and opens with it is a secret, so this module need not know the
parameters of jobs. The copies of jobs in runs are included, even in settled runs, and so are the links of delivered
mails: nothing reads these any more, but a thief of the old key could.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pymongo import UpdateOne

from tocsin.documents import Database, RawDocument
from tocsin.documents.updates import Expression, Pipeline, all_of, change_when
from tocsin.security.secret_box import SecretBox, SecretUnreadable, find_key_id

BATCH_SIZE = 200


@dataclass(slots=True)
class ReencryptionCounts:
    """Counts of re-encrypted secrets, of the documents that hold them, and of secrets that no known key opens."""

    secrets: int = 0
    documents: int = 0
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class _Place:
    """A place where secrets are stored: `fields` of a collection's documents, or everything below `path`.

    The field `owner` names the context that they are sealed for.
    """

    collection: str
    owner: str
    path: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()

    def read(self, document: Mapping[str, Any]) -> RawDocument:
        """Return the fields that may hold secrets."""
        for name in self.path:
            document = document.get(name) or {}
        return {name: value for name, value in document.items() if not self.fields or name in self.fields}

    def change(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> Pipeline:
        """Return the update that replaces `before` with `after`, if `before` has not changed since it was read."""
        unchanged = [
            {"$eq": ["$" + ".".join((*self.path, name)), {"$literal": value}]} for name, value in before.items()
        ]
        merged: Expression = {name: {"$literal": value} for name, value in after.items()}
        for depth in range(len(self.path), 0, -1):
            merged = {self.path[depth - 1]: {"$mergeObjects": ["$" + ".".join(self.path[:depth]), merged]}}
        return [change_when(all_of(*unchanged), {}, merged)]


_PLACES = (
    _Place("tasks", "owner", path=("job", "params")),  # first, so that new runs copy the re-encrypted secrets
    _Place("runs", "owner", path=("job", "params")),
    _Place("workflow_versions", "owner", path=("secrets",)),
    _Place("deliveries", "_id", fields=("sealed",)),
    _Place("deliveries", "channel", path=("former_channel", "sealed")),
    _Place("notification_channels", "_id", path=("sealed",)),
    _Place("named_secrets", "_id", fields=("sealed",)),
)


async def reencrypt_secrets(database: Database, box: SecretBox) -> ReencryptionCounts:
    """Re-encrypt all stored secrets in one pass. A secret that changes meanwhile is left to the next pass."""
    counts = ReencryptionCounts()
    for place in _PLACES:
        async for documents in _read_batches(database, place):
            updates = [
                update for document in documents for update in _reencryption_updates(place, document, box, counts)
            ]
            if updates:
                await database.db[place.collection].bulk_write(updates, ordered=False)
    return counts


async def count_secrets_by_key(database: Database) -> Counter[str]:
    """Return the number of stored secrets for each key id."""
    counts: Counter[str] = Counter()
    for place in _PLACES:
        async for documents in _read_batches(database, place):
            texts = (text for document in documents for text in _find_texts(place.read(document)))
            counts.update(kid for text in texts if (kid := find_key_id(text)))
    return counts


async def _read_batches(database: Database, place: _Place) -> AsyncIterator[list[RawDocument]]:
    fields = dict.fromkeys((place.owner, *([".".join(place.path)] if place.path else place.fields)), 1)
    batch: list[RawDocument] = []
    async for document in database.db[place.collection].find({}, fields).batch_size(BATCH_SIZE):
        batch.append(document)
        if len(batch) == BATCH_SIZE:
            yield batch
            batch = []
    yield batch


def _reencryption_updates(
    place: _Place, document: Mapping[str, Any], box: SecretBox, counts: ReencryptionCounts
) -> list[UpdateOne]:
    """Return the update that re-encrypts a document's secrets, or an empty list if there is nothing to do."""
    reencryptor = _Reencryptor(box, document.get(place.owner) or "")
    before = place.read(document)
    after = {name: value for name, old in before.items() if (value := reencryptor.renew(old)) != old}
    counts.unreadable += reencryptor.unreadable
    if not after:
        return []
    counts.secrets += reencryptor.renewed
    counts.documents += 1
    return [UpdateOne({"_id": document["_id"]}, place.change({name: before[name] for name in after}, after))]


class _Reencryptor:
    """Re-encrypts and counts the secrets in a value."""

    def __init__(self, box: SecretBox, owner: str) -> None:
        self._box, self._owner = box, owner
        self.renewed = self.unreadable = 0

    def renew(self, value: Any) -> Any:
        """Return the value with its secrets re-encrypted, or the value itself if there is nothing to do."""
        if isinstance(value, str):
            return self._text(value)
        return _map_items(value, self.renew)

    def _text(self, text: str) -> str:
        if find_key_id(text) in (None, self._box.sealing_key_id):
            return text
        try:
            renewed = self._box.seal(self._box.unseal_without_reload(text, self._owner), self._owner)
        except SecretUnreadable:
            self.unreadable += 1
            return text
        self.renewed += 1
        return renewed


def _map_items(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {name: change(part) for name, part in value.items()}
    if isinstance(value, list):
        return [change(part) for part in value]
    return value


def _find_texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _find_texts(part)
