"""The named secrets that references in jobs are checked against when they are saved."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import strawberry

from tocsin.graphql.context import Services
from tocsin.named_secrets.store import KnownSecrets, list_known_secrets

_SIGN = "secrets."


async def load_known_secrets(services: Services, owner: str, jobs: Iterable[Any]) -> KnownSecrets:
    """Return the owner's secrets; none, without a query, if no job mentions a secret."""
    if not any(map(_mentions_secret, jobs)):
        return {}
    return await list_known_secrets(services.database, owner)


def _mentions_secret(value: Any) -> bool:
    """Return whether a text in an input may reference a secret."""
    match value:
        case str():
            return _SIGN in value
        case strawberry.Some():
            return _mentions_secret(value.value)
        case Mapping():
            return any(_mentions_secret(part) for pair in value.items() for part in pair)
        case list():
            return any(map(_mentions_secret, value))
    if not dataclasses.is_dataclass(value):
        return False
    return any(_mentions_secret(getattr(value, field.name)) for field in dataclasses.fields(value))
