"""Saving of workflows: validated as a whole, secrets sealed, each change a new version."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo.errors import DuplicateKeyError

from tocsin import schedules
from tocsin.documents import (
    ChangeKind,
    Changes,
    Database,
    WorkflowDocument,
    WorkflowVersionDocument,
    delete_public_links,
    new_id,
)
from tocsin.documents.updates import all_of, change_when, has_value
from tocsin.errors import Conflict
from tocsin.jobs import registry
from tocsin.named_secrets.references import find_all_names
from tocsin.named_secrets.store import list_known_secrets, secret_id
from tocsin.notifications.incidents.alerts import review_alerts
from tocsin.notifications.preferences.store import delete_rule
from tocsin.outbound.guard import ConnectionRules
from tocsin.outbound.recipient_rules import RecipientRules
from tocsin.quotas import Quota, Quotas
from tocsin.schedules.specs import parse_schedule_spec
from tocsin.security.secret_box import SecretBox, SecretUnreadable
from tocsin.workflows.activity_log import log_workflow
from tocsin.workflows.language.definition import WorkflowDefinition
from tocsin.workflows.language.offloaded_validation import ValidatedWorkflow, validate_source
from tocsin.workflows.language.source import WorkflowInvalid, WorkflowSource
from tocsin.workflows.lifecycle import is_unpaused_since
from tocsin.workflows.ownership import find_workflow, require_workflow
from tocsin.workflows.secrets import SecretPlace, find_kept_secrets, seal_secrets, secrets_to_document
from tocsin.workflows.versions import version_id

_MAX_TRIES = 20


@dataclass(frozen=True, slots=True)
class _Draft:
    definition: WorkflowDefinition
    data: dict[str, Any]
    secrets: dict[SecretPlace, str]
    digest: str
    secret_ids: list[str]


async def save_workflow(
    database: Database,
    box: SecretBox,
    owner: str,
    source: WorkflowSource,
    now: datetime,
    rules: ConnectionRules | None = None,
    recipients: RecipientRules | None = None,
    quotas: Quotas | None = None,
) -> WorkflowDocument:
    """Validate a workflow, and save it as `save_validated` does.

    A destination that `rules` forbids is a fault, and so are a recipient that `recipients` forbids, and a named secret
    that the owner does not have.

    Raises WorkflowInvalid with all faults, including masks that cannot keep a secret.
    """
    secrets = await list_known_secrets(database, owner)
    validated = await validate_source(source, now, registry.RegisteredJobs(rules, recipients, secrets))
    return await save_validated(database, box, owner, validated, now, quotas)


async def save_validated(
    database: Database,
    box: SecretBox,
    owner: str,
    validated: ValidatedWorkflow,
    now: datetime,
    quotas: Quotas | None = None,
) -> WorkflowDocument:
    """Save a workflow under its name, as a new version if anything changed.

    Raises WorkflowInvalid for masks that cannot keep a secret, QuotaExceeded, and Conflict if others keep saving it.
    """
    name = validated.definition.name
    for _ in range(_MAX_TRIES):
        before = await find_workflow(database, owner, name)
        draft = await _build_draft(database, box, owner, validated, before)
        is_unchanged = before is not None and before["digest"] == draft.digest
        if is_unchanged or await _save_draft(database, owner, before, draft, now, quotas):
            break
    else:
        raise Conflict("The workflow kept changing while it was being saved. Save it again.", "yaml")
    saved = await require_workflow(database, owner, name)
    if not is_unchanged:
        kind = ChangeKind.WORKFLOW_CREATED if before is None else ChangeKind.WORKFLOW_UPDATED
        database.changes.workflow_changed(kind, saved["_id"])
    log_workflow("workflow saved", saved, version=saved["version"])
    return saved


async def _save_draft(
    database: Database,
    owner: str,
    before: WorkflowDocument | None,
    draft: _Draft,
    now: datetime,
    quotas: Quotas | None,
) -> bool:
    """Create or change a workflow. Returns False, and counts nothing, if it was saved concurrently."""
    if before is None:
        await _release_name(database, owner, draft.definition.name)
    needed = (Quota.WORKFLOW_VERSIONS,) if before is not None else (Quota.WORKFLOWS, Quota.WORKFLOW_VERSIONS)
    async with AsyncExitStack() as stack:
        reserved = [await stack.enter_async_context(quotas.reserve(owner, one)) for one in needed if quotas is not None]
        if before is None:
            is_saved = await _create(database, owner, draft, now)
        else:
            is_saved = await _change(database, before, draft, now)
        if not is_saved:
            for reservation in reserved:
                reservation.cancel()
    if is_saved and quotas is not None:
        quotas.add_documents(owner, {"definition": draft.data})
    return is_saved


async def delete_workflow(database: Database, owner: str, name: str, now: datetime) -> WorkflowDocument:
    """Delete a workflow: hide it and end its schedule. Its open runs continue. Raises NotFound.

    It keeps its name until another workflow takes it.
    """
    workflow = await require_workflow(database, owner, name)
    changes = {"deleted": True, "next_run_at": None, "paused_at": None, "updated_at": now}
    await database.workflows.update_one({"_id": workflow["_id"]}, {"$set": changes})
    database.changes.workflow_changed(ChangeKind.WORKFLOW_DELETED, workflow["_id"])
    await review_alerts(database, workflow["_id"])
    await delete_rule(database, workflow["_id"])
    await delete_public_links(database, workflow["_id"])
    log_workflow("workflow deleted", workflow)
    return workflow


async def _build_draft(
    database: Database, box: SecretBox, owner: str, validated: ValidatedWorkflow, before: WorkflowDocument | None
) -> _Draft:
    kept = find_kept_secrets(await _newest_version(database, before))
    data = validated.source.data
    sealed = await asyncio.to_thread(seal_secrets, data, lambda text: box.seal(text, owner), kept)
    if sealed.faults:
        raise WorkflowInvalid([validated.source.locate_fault(path, message) for path, message in sealed.faults])
    unsealed = {str(place): await _unseal(box, secret, owner) for place, secret in sealed.secrets.items()}
    digest = await asyncio.to_thread(_hash, owner, sealed.data, unsealed)
    names = find_all_names([sealed.data, unsealed])
    secret_ids = sorted({secret_id(owner, name) for name in names})
    return _Draft(validated.definition, sealed.data, sealed.secrets, digest, secret_ids)


def _hash(owner: str, data: Mapping[str, Any], unsealed: Mapping[str, str]) -> str:
    text = json.dumps([data, unsealed], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(f"{owner}{text}".encode()).hexdigest()


async def _unseal(box: SecretBox, sealed: str, owner: str) -> str:
    """Return what identifies a secret: its plain text, or its sealed form if it cannot be decrypted."""
    try:
        return await box.unseal(sealed, owner)
    except SecretUnreadable:
        return sealed


async def _newest_version(database: Database, workflow: WorkflowDocument | None) -> WorkflowVersionDocument | None:
    if workflow is None:
        return None
    return await database.workflow_versions.find_one({"_id": version_id(workflow["_id"], workflow["version"])})


async def _create(database: Database, owner: str, draft: _Draft, now: datetime) -> bool:
    """Create a workflow, version first: without it the workflow could not run. Returns False if the name was taken."""
    definition, workflow_id = draft.definition, new_id(owner)
    schedule = None if definition.schedule is None else parse_schedule_spec(definition.schedule, now)
    document: WorkflowDocument = {
        "_id": workflow_id,
        "owner": owner,
        "name": definition.name,
        "name_key": _name_key(owner, definition.name),
        "deleted": False,
        "created_at": now,
        "last_due_at": None,
        "description": definition.description,
        "version": 1,
        "digest": draft.digest,
        "overlap": definition.overlap,
        "schedule": None if schedule is None else schedules.schedule_to_document(schedule),
        "updated_at": now,
        "next_run_at": None if schedule is None else schedules.first_due(schedule, now),
    }
    if draft.secret_ids:
        document["secret_ids"] = draft.secret_ids
    await _insert_version(database, workflow_id, owner, 1, draft, now)
    try:
        await database.workflows.insert_one(document)
    except DuplicateKeyError:
        await database.workflow_versions.delete_one({"_id": version_id(workflow_id, 1)})
        return False
    return True


async def _release_name(database: Database, owner: str, name: str) -> None:
    """Release the name of a deleted workflow, which stays for its history.

    The embedded database frees an entry of a unique index only with its document, not by an update of the value. A
    crash between the two writes loses the document; the pruner then deletes the versions once their runs are gone.
    """
    former = await database.workflows.find_one({"name_key": _name_key(owner, name)})
    if former is None or not former["deleted"]:
        return
    if (await database.workflows.delete_one({"_id": former["_id"]})).deleted_count:
        await database.workflows.insert_one({**former, "name_key": None})


def _name_key(owner: str, name: str) -> str:
    return f"{owner}/{name}"


async def _change(database: Database, before: WorkflowDocument, draft: _Draft, now: datetime) -> bool:
    version = before["version"] + 1
    schedule, next_run_at = _revise_schedule(before, draft, now)
    if before.get("paused_at") is not None:  # it stays paused, and finds its next due time when it is resumed
        next_run_at = None
    changes: Changes = {
        "description": draft.definition.description,
        "version": version,
        "digest": draft.digest,
        "overlap": draft.definition.overlap,
        "schedule": None if schedule is None else schedules.schedule_to_document(schedule),
        "next_run_at": next_run_at,
        "secret_ids": draft.secret_ids,
        "updated_at": now,
    }
    if not await _insert_version(database, before["_id"], before["owner"], version, draft, now):
        return False
    same_due_time = has_value("next_run_at", before["next_run_at"])
    unchanged = all_of(
        has_value("version", before["version"]), has_value("deleted", False), same_due_time, is_unpaused_since(before)
    )
    result = await database.workflows.update_one({"_id": before["_id"]}, [change_when(unchanged, changes)])
    if result.modified_count:
        await review_alerts(database, before["_id"])
    return result.modified_count == 1


async def _insert_version(
    database: Database, workflow: str, owner: str, version: int, draft: _Draft, now: datetime
) -> bool:
    """Insert a version, replacing one that a crash left orphaned. Returns False if someone else is saving it."""
    document: WorkflowVersionDocument = {
        "_id": version_id(workflow, version),
        "owner": owner,
        "workflow": workflow,
        "version": version,
        "definition": json.dumps(draft.data, ensure_ascii=False),
        "secrets": secrets_to_document(draft.secrets),
        "created_at": now,
    }
    try:
        await database.workflow_versions.insert_one(document)
    except DuplicateKeyError:
        current = await database.workflows.find_one({"_id": workflow}, {"version": 1})
        if current is None or current["version"] >= version:
            return False
        await database.workflow_versions.replace_one({"_id": document["_id"]}, document)
    return True


def _revise_schedule(
    before: WorkflowDocument, draft: _Draft, now: datetime
) -> tuple[schedules.Schedule | None, datetime | None]:
    """Return the schedule of the new version, and its next due time: due times that have come stay due."""
    spec = draft.definition.schedule
    if spec is None:
        return None, None
    if before["schedule"] is None:
        schedule = parse_schedule_spec(spec, now)
        return schedule, schedules.first_due(schedule, now, before["last_due_at"])
    former = schedules.schedule_from_document(before["schedule"])
    wanted = parse_schedule_spec(spec, now, schedules.current_schedule(former))
    if wanted == schedules.current_schedule(former) and before["next_run_at"] is not None:
        return former, before["next_run_at"]
    return schedules.revise_schedule(former, before["next_run_at"], before["last_due_at"], wanted, now)
