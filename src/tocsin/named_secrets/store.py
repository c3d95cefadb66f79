"""The named secrets of accounts as they are stored: listed, found, and opened for a request."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from tocsin.documents import Database
from tocsin.documents.secret_documents import NamedSecretDocument
from tocsin.named_secrets.references import secret_key
from tocsin.outbound.host_patterns import SecretHosts
from tocsin.security.secret_box import SecretBox


@dataclass(frozen=True, slots=True)
class NamedSecret:
    """A secret with its value, and the hosts that it may be sent to."""

    hosts: SecretHosts
    value: str = field(repr=False)
    value_set_at: datetime


KnownSecrets: TypeAlias = Mapping[str, SecretHosts]
"""The hosts of an owner's secrets, by their name in lower case."""
OpenSecrets: TypeAlias = Callable[[str, Collection[str]], Awaitable[Mapping[str, NamedSecret]]]
"""Returns those of an owner's secrets with these names that exist, by their name in lower case."""


async def open_none(owner: str, names: Collection[str]) -> Mapping[str, NamedSecret]:  # noqa: ARG001  # nobody has any
    """Return no secrets: where none are stored."""
    return {}


def secret_id(owner: str, name: str) -> str:
    """Return the ID of a secret."""
    return f"{owner}/{secret_key(name)}"


async def list_secrets(database: Database, owner: str) -> list[NamedSecretDocument]:
    """Return the secrets of an owner by name."""
    found = await database.named_secrets.find({"owner": owner}).to_list()
    return sorted(found, key=lambda secret: secret["_id"])


async def find_secret(database: Database, owner: str, name: str) -> NamedSecretDocument | None:
    """Return the secret of this name, in any case, or None."""
    return await database.named_secrets.find_one({"_id": secret_id(owner, name)})


async def list_known_secrets(database: Database, owner: str) -> KnownSecrets:
    """Return the secrets of an owner with the hosts that they may be sent to, without their values."""
    found = database.named_secrets.find({"owner": owner}, {"name": 1, "allowed_hosts": 1})
    return {secret_key(each["name"]): SecretHosts(each["name"], each["allowed_hosts"]) async for each in found}


class NamedSecrets:
    """Opens named secrets for requests of their owner."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        self._database, self._box = database, box

    async def open(self, owner: str, names: Collection[str]) -> Mapping[str, NamedSecret]:
        """Return those of these secrets that exist, by their name in lower case. Raises SecretUnreadable."""
        ids = sorted({secret_id(owner, name) for name in names})
        found = await self._database.named_secrets.find({"_id": {"$in": ids}}).to_list()
        return {secret_key(secret["name"]): await self._open(secret) for secret in found}

    async def _open(self, secret: NamedSecretDocument) -> NamedSecret:
        value = await self._box.unseal(secret["sealed"], secret["_id"])
        return NamedSecret(SecretHosts(secret["name"], secret["allowed_hosts"]), value, secret["value_set_at"])
