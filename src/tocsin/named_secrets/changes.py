"""Changes of named secrets by their owners."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pymongo.errors import DuplicateKeyError

from tocsin.documents import Changes, Database
from tocsin.documents.secret_documents import NamedSecretDocument
from tocsin.documents.updates import all_of, change_when, has_value
from tocsin.errors import Conflict, ErrorCollector, InvalidInput, NotFound
from tocsin.named_secrets.references import is_secret_name
from tocsin.named_secrets.store import find_secret, list_secrets, secret_id
from tocsin.outbound.host_patterns import covers_pattern, parse_host_pattern
from tocsin.security.secret_box import SecretBox
from tocsin.value_bounds import find_scalar_fault

MAX_SECRETS = 100
"""Secrets of one owner."""
MAX_VALUE_BYTES = 8 * 1024
MIN_VALUE_LENGTH = 4
"""Shorter values cannot be masked in what a target echoes."""
MAX_HOSTS = 20
_MAX_TRIES = 5


@dataclass(frozen=True, slots=True)
class SecretChange:
    """A secret as its owner gives it: a value with its hosts, or only hosts, fewer or narrower ones than before."""

    name: str
    value: str | None = field(default=None, repr=False)
    allowed_hosts: Sequence[str] | None = None


async def set_secret(
    database: Database, box: SecretBox, owner: str, change: SecretChange, now: datetime
) -> NamedSecretDocument:
    """Create a secret, or change the one of this name. Raises MultipleInvalid, Conflict."""
    for _ in range(_MAX_TRIES):
        before = await find_secret(database, owner, change.name)
        hosts = _check_change(change, before)
        if before is None:
            done = await _create(database, box, owner, change, hosts, now)
        else:
            done = await _change(database, box, before, change, hosts, now)
        if done and (saved := await find_secret(database, owner, change.name)) is not None:
            return saved
    raise Conflict("The secret kept changing while it was being saved. Save it again.", "name")


async def delete_secret(database: Database, owner: str, name: str) -> NamedSecretDocument:
    """Delete a secret. Jobs that name it fail from now on. Raises NotFound."""
    found = await find_secret(database, owner, name)
    if found is not None and (await database.named_secrets.delete_one({"_id": found["_id"]})).deleted_count:
        return found
    raise NotFound("You have no secret with this name.", "name")


def _check_change(change: SecretChange, before: NamedSecretDocument | None) -> list[str]:
    """Return the allowed hosts to store. Raises MultipleInvalid.

    Whoever gives a value decides where it may go: a host that is new needs the value again, and a value its hosts.
    Otherwise whoever may change secrets, but not see them, could have the stored one, or the next one, sent to a server
    of theirs.
    """
    faults = ErrorCollector()
    faults.try_parse(_check_name, change.name)
    faults.try_parse(_check_value, change.value, before)
    hosts = faults.try_parse(_check_hosts, change, before)
    faults.raise_if_any()
    assert hosts is not None  # noqa: S101  # there are no faults
    if before is not None and change.value is None:
        if change.allowed_hosts is None:
            raise InvalidInput("Give a new value with its allowedHosts, or only allowedHosts.", "value")
        if added := [host for host in hosts if not covers_pattern(before["allowed_hosts"], host)]:
            message = f"The secret could not go to {', '.join(added)} before. Give its value again to allow that."
            raise InvalidInput(message, "value")
    return hosts


def _check_name(name: str) -> None:
    if not is_secret_name(name):
        message = "A name has 1 to 64 letters, digits and underscores, and does not begin with a digit."
        raise InvalidInput(message, "name")


def _check_value(value: str | None, before: NamedSecretDocument | None) -> None:
    if value is None:
        if before is None:
            raise InvalidInput("You have no secret with this name: give the value of the new one.", "value")
        return
    if (fault := find_scalar_fault(value)) is not None:
        raise InvalidInput(fault, "value")
    if len(value.strip()) < MIN_VALUE_LENGTH:
        message = (
            f"A value needs {MIN_VALUE_LENGTH} characters or more: a shorter one could not be masked in responses."
        )
        raise InvalidInput(message, "value")
    if (size := len(value.encode())) > MAX_VALUE_BYTES:
        raise InvalidInput(f"The value has {size:,} bytes; at most {MAX_VALUE_BYTES:,} are allowed.", "value")


def _check_hosts(change: SecretChange, before: NamedSecretDocument | None) -> list[str]:
    given = change.allowed_hosts
    if given is None:
        if before is None or change.value is not None:
            raise InvalidInput("Give the hosts that the secret may be sent to, with each new value.", "allowedHosts")
        return before["allowed_hosts"]
    if not 1 <= len(given) <= MAX_HOSTS:
        raise InvalidInput(f"Give 1 to {MAX_HOSTS} hosts that the secret may be sent to.", "allowedHosts")
    return list(dict.fromkeys(_parse_hosts(given)))


def _parse_hosts(given: Iterable[str]) -> Iterable[str]:
    for index, text in enumerate(given):
        try:
            yield parse_host_pattern(text)
        except ValueError as error:
            raise InvalidInput(str(error), "allowedHosts", str(index)) from None


async def _create(
    database: Database, box: SecretBox, owner: str, change: SecretChange, hosts: list[str], now: datetime
) -> bool:
    """Create a secret; False if there is one by now. Raises Conflict if there are too many."""
    _check_room(len(await list_secrets(database, owner)) + 1)
    document_id = secret_id(owner, change.name)
    created: NamedSecretDocument = {
        "_id": document_id, "owner": owner, "name": change.name, "sealed": box.seal(change.value or "", document_id),
        "allowed_hosts": hosts, "revision": 1, "created_at": now, "updated_at": now, "value_set_at": now,
    }  # fmt: skip
    try:
        await database.named_secrets.insert_one(created)
    except DuplicateKeyError:
        return False
    try:
        _check_room(len(await list_secrets(database, owner)))
    except Conflict:  # others were created at the same time
        await database.named_secrets.delete_one({"_id": document_id})
        raise
    return True


async def _change(
    database: Database,
    box: SecretBox,
    before: NamedSecretDocument,
    change: SecretChange,
    hosts: list[str],
    now: datetime,
) -> bool:
    """Change the version that was read; False if it has changed since, or was deleted and created again."""
    revision = before["revision"]
    changes = Changes(allowed_hosts=hosts, updated_at=now, revision=revision + 1)
    if change.value is not None:
        changes |= {"sealed": box.seal(change.value, before["_id"]), "value_set_at": now}
    unchanged = all_of(has_value("revision", revision), has_value("created_at", before["created_at"]))
    stage = change_when(unchanged, changes)
    return (await database.named_secrets.update_one({"_id": before["_id"]}, [stage])).modified_count > 0


def _check_room(count: int) -> None:
    """Raise Conflict if these are more secrets than an owner can have."""
    if count > MAX_SECRETS:
        raise Conflict(f"You have {MAX_SECRETS} secrets, which is the maximum. Delete one first.", "name")
