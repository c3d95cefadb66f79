"""Idempotency keys of mutations: the digest of an input, and the result of an earlier call."""

import asyncio
import dataclasses
import hashlib
import hmac
import json
from enum import Enum
from typing import Any, Protocol

import strawberry

from tocsin.documents import IdempotencyDocument
from tocsin.graphql.context import Info, Services
from tocsin.tasks import idempotency
from tocsin.tasks.idempotency import IdempotentCall


class KeyedInput(Protocol):
    """The input of a mutation that can be sent again with the same idempotency key."""

    idempotency_key: str | None


async def begin_idempotent_call(
    info: Info, owner: str, given: KeyedInput
) -> tuple[IdempotentCall | None, IdempotencyDocument | None]:
    """Return the idempotency key of a mutation's input, and the record of a completed call with it, or None for each.

    The result of that call is repeated even if the input would be refused now. Raises QuotaExceeded,
    IdempotencyKeyReused.
    """
    key, record = await find_earlier_call(info, owner, given)
    return key, record if record is not None and record["done"] else None


async def find_earlier_call(
    info: Info, owner: str, given: KeyedInput
) -> tuple[IdempotentCall | None, IdempotencyDocument | None]:
    """Return the key of an input and the record of an earlier call with it, which may have been interrupted."""
    services = info.context.services
    if not isinstance(given.idempotency_key, str):
        return None, None
    key = await asyncio.to_thread(take_idempotency_key, services, owner, info.field_name, given)
    return key, None if key is None else await idempotency.find_record(services.database, key)


async def digest_key(info: Info, owner: str, given: KeyedInput) -> IdempotentCall | None:
    """Return the key of an input; None if it has none. Raises QuotaExceeded, and InvalidInput for an invalid key."""
    key = await asyncio.to_thread(take_idempotency_key, info.context.services, owner, info.field_name, given)
    if key is not None and not key.is_valid:
        raise idempotency.invalid_key()
    return key


def take_idempotency_key(services: Services, owner: str, mutation: str, given: KeyedInput) -> IdempotentCall | None:
    """Return the idempotency key of an input with a digest of the whole input; None if it has no key.

    Counts against the owner's quota of keys. Raises QuotaExceeded.
    """
    if not isinstance(given.idempotency_key, str):
        return None
    services.quotas.consume_idempotency_key(owner)
    return IdempotentCall(owner, mutation, given.idempotency_key, digest_input(services, given))


def digest_input(services: Services, given: object) -> str:
    """Return a digest of a whole input."""
    text = json.dumps(_plain(given), sort_keys=True, default=str)
    return hmac.new(services.fingerprint_key, text.encode(), hashlib.sha256).hexdigest()


def _plain(value: Any) -> Any:
    """Return the input as JSON values. Absent fields differ from null."""
    if isinstance(value, strawberry.Some):
        return {"some": _plain(value.value)}
    if dataclasses.is_dataclass(value):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {name: _plain(part) for name, part in fields.items() if part is not strawberry.UNSET}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value.name if isinstance(value, Enum) else value
