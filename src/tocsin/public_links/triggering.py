"""Runs that are started by a trigger URL."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.documents import Database, Trigger
from tocsin.errors import InvalidInput
from tocsin.public_links.resolving import FoundLink
from tocsin.quotas import Quotas
from tocsin.tasks import idempotency
from tocsin.tasks.idempotency import IdempotentCall
from tocsin.tasks.runs import run_task_now
from tocsin.workflows.language.definition import InputType, WorkflowDefinition
from tocsin.workflows.starting import start_workflow
from tocsin.workflows.versions import VersionCache


@dataclass(frozen=True, slots=True)
class TriggerCall:
    """A request to a trigger URL: the input of a workflow, and the call by whose key it can be repeated."""

    given: Mapping[str, Any] | None
    key: IdempotentCall | None


def make_call_key(link: FoundLink, key: str, sent: bytes, secret: bytes) -> IdempotentCall:
    """Return the call with this idempotency key, which is the link's own. `sent` is what is sent again with it."""
    digest = hmac.new(secret, sent, hashlib.sha256).hexdigest()
    return IdempotentCall(link.owner["_id"], f"trigger {link.link['_id'].partition('/')[2]}", key, digest)


async def start_run(
    database: Database, versions: VersionCache, quotas: Quotas, found: FoundLink, call: TriggerCall, now: datetime
) -> str:
    """Start a run of the link's task or workflow, and return its ID; that of an earlier call with the same key.

    It is stored when this returns. A paused task runs too. Raises UserError.
    """
    owner = found.owner["_id"]
    quotas.limits.set_override(owner, found.owner.get("quotas") or {})
    is_repeated = await _was_done(database, quotas, call.key)
    if not is_repeated:
        quotas.consume_run(owner)
    if found.task is not None:
        return (await run_task_now(database, owner, found.task["_id"], now, call.key, Trigger.LINK)).id
    run = await start_workflow(
        database, versions, owner, found.subject["name"], call.given, now, call.key, trigger=Trigger.LINK
    )
    if not is_repeated:
        quotas.meter.add_bytes(owner, len(run.inputs))
    return run.id


async def _was_done(database: Database, quotas: Quotas, key: IdempotentCall | None) -> bool:
    """Tell whether an earlier call with this key was completed. Raises IdempotencyKeyReused, QuotaExceeded."""
    if key is None:
        return False
    quotas.consume_idempotency_key(key.owner)
    record = await idempotency.find_record(database, key)
    return record is not None and record["done"]


def check_request_input(definition: WorkflowDefinition, name: str) -> None:
    """Check that a workflow has an input that can hold a request, and needs no other one. Raises InvalidInput."""
    spec = definition.inputs.get(name)
    if spec is None or spec.type not in (InputType.OBJECT, InputType.ANY):
        fitting = [each for each, one in definition.inputs.items() if one.type in (InputType.OBJECT, InputType.ANY)]
        known = f" These fit: {', '.join(fitting)}." if fitting else " It has none."
        raise InvalidInput(f"requestInput must name an input of the type object or any.{known}", "requestInput")
    if missing := [each for each, one in definition.inputs.items() if each != name and one.is_required]:
        message = f"With {name} as the whole request, nobody gives {', '.join(missing)}: set a default."
        raise InvalidInput(message, "requestInput")
