"""The cache of workflow versions, which never change."""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tocsin import telemetry
from tocsin.config import Settings
from tocsin.documents import Database, JobDocument, WorkflowVersionDocument
from tocsin.errors import InvalidInput
from tocsin.jobs import registry
from tocsin.jobs.base import SaveContext
from tocsin.outbound.guard import ALL_NETWORKS, ConnectionRules
from tocsin.security.secret_box import SecretBox, SecretUnreadable
from tocsin.workflows.engine.scope import ScopeReferences, collect_references
from tocsin.workflows.engine.states import StepRunRef
from tocsin.workflows.language.definition import WorkflowDefinition
from tocsin.workflows.secrets import SecretPlace, insert_secrets, read_stored_version

_MAX_CACHED = 200
_MAX_CACHED_SIZE = 4 * 1024 * 1024
"""Maximum total length of cached versions, in characters, each of which takes up to tens of bytes in memory."""
log = telemetry.get_logger(__name__)


def version_id(workflow: str, version: int) -> str:
    """Return the id of a version."""
    return f"{workflow}@{version}"


@dataclass(frozen=True, slots=True)
class LoadedVersion:
    """A version that is ready to run.

    `secrets` are decrypted, or None for one that could not be. `size` is in characters. `references` caches those of
    the values in the definition.
    """

    definition: WorkflowDefinition
    masked_definition: dict[str, Any]
    owner: str
    secrets: Mapping[SecretPlace, str | None]
    secret_box: SecretBox
    settings: Settings
    created_at: datetime
    size: int = 0
    references: dict[int, ScopeReferences] = field(default_factory=dict)

    def prepare_job(
        self,
        ref: StepRunRef,
        kind: str,
        params: Mapping[str, Any],
        callback_marker: str | None = None,
        secret_marker: str | None = None,
    ) -> JobDocument:
        """Return the stored job of a step with these evaluated parameters. Any failure raises InvalidInput.

        `callback_marker` is what `callback.url` was in the evaluation, and `secret_marker` how named secrets began.
        """
        # The guard checks the address later: it may come from an expression, and the run shows what was called.
        rules = ConnectionRules(ALL_NETWORKS, self.settings.denied_ports)
        saving = SaveContext(
            self.owner, self.secret_box, rules, callback_marker=callback_marker, secret_marker=secret_marker
        )
        try:
            step = self.definition.steps_by_key[ref.key]
            written = step.compensation.params if ref.is_compensation and step.compensation is not None else step.params
            full = insert_secrets(params, written, kind, self.secrets, (ref.key, ref.is_compensation))
            return {"kind": kind, "params": registry.prepare_params(kind, full, saving)}
        except InvalidInput:
            raise
        except Exception:  # a plugin's job may raise anything, and would do so on every advance
            log.exception("the job of a step could not be prepared", job=kind, step=ref.key)
            message = f"The job {kind} could not be prepared. See the server log for details."
            raise InvalidInput(message) from None


class VersionCache:
    """The versions of workflows, cached by this process."""

    def __init__(self, database: Database, box: SecretBox, settings: Settings) -> None:
        self._database = database
        self._box = box
        self._settings = settings
        self._cached: OrderedDict[str, LoadedVersion] = OrderedDict()

    async def get(self, workflow: str, version: int) -> LoadedVersion:
        """Return a saved version. Raises KeyError if it does not exist, which is a bug."""
        document_id = version_id(workflow, version)
        return (await self.get_many([document_id]))[document_id]

    async def get_many(self, ids: Collection[str]) -> dict[str, LoadedVersion]:
        """Return the versions with these ids that exist."""
        found = {document_id: self._cached[document_id] for document_id in ids if document_id in self._cached}
        for document_id in found:
            self._cached.move_to_end(document_id)
        if missing := [document_id for document_id in ids if document_id not in found]:
            async for document in self._database.workflow_versions.find({"_id": {"$in": missing}}):
                self._cached[document["_id"]] = found[document["_id"]] = await self._load(document)
                self._evict()
        return found

    def _evict(self) -> None:
        while (
            sum(version.size for version in self._cached.values()) > _MAX_CACHED_SIZE or len(self._cached) > _MAX_CACHED
        ):
            self._cached.popitem(last=False)

    async def _load(self, document: WorkflowVersionDocument) -> LoadedVersion:
        owner, size = document["owner"], len(document["definition"])
        definition, data, references, sealed = await asyncio.to_thread(_parse_version, document)
        secrets = {place: await self._unseal(secret, owner) for place, secret in sealed.items()}
        return LoadedVersion(
            definition, data, owner, secrets, self._box, self._settings, document["created_at"], size, references
        )

    async def _unseal(self, sealed: str, owner: str) -> str | None:
        try:
            return await self._box.unseal(sealed, owner)
        except SecretUnreadable:
            return None


def _parse_version(
    document: WorkflowVersionDocument,
) -> tuple[WorkflowDefinition, dict[str, Any], dict[int, ScopeReferences], dict[SecretPlace, str]]:
    data, sealed = read_stored_version(document)
    definition = WorkflowDefinition.model_validate(data).resolve_dependencies()
    return definition, data, collect_references(definition), sealed
