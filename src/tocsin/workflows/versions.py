"""The versions of workflows, read once and remembered: they never change."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tocsin.config import Settings
from tocsin.documents import Database, Doc
from tocsin.jobs import registry
from tocsin.jobs.base import Saving
from tocsin.outbound.guard import ANYWHERE, Rules
from tocsin.security.secrets import SecretBox, SecretUnreadable
from tocsin.workflows.definition import Step, WorkflowDefinition
from tocsin.workflows.hiding import reveal
from tocsin.workflows.scope import Names, names_of

_REMEMBERED = 200
_REMEMBERED_SIZE = 4 * 1024 * 1024
"""Characters of all versions that are remembered: in memory each takes up to some tens of bytes."""


def version_id(workflow: str, version: int) -> str:
    """The id of a version."""
    return f"{workflow}@{version}"


@dataclass(frozen=True, slots=True)
class Version:
    """A version that can be run. `data` is it as it was written, `secrets` are opened; None is one that cannot be.

    `size` is how many characters it has. `names` remembers what the values of its definition speak of.
    """

    definition: WorkflowDefinition
    data: Doc
    owner: str
    secrets: Mapping[str, str | None]
    box: SecretBox
    settings: Settings
    size: int = 0
    names: dict[int, Names] = field(default_factory=dict)

    def prepare(self, _step: Step, kind: str, params: Mapping[str, Any]) -> Doc:
        """The job of a step as it is stored, its parameters filled in. Raises InvalidInput."""
        # An address is left to the guard: it may come from an expression, and the run shows what was called.
        saving = Saving(self.owner, self.box, Rules(ANYWHERE, self.settings.denied_ports))
        return {"kind": kind, "params": registry.prepare(kind, reveal(params, self.secrets), saving)}


class Versions:
    """All versions, as one process knows them."""

    def __init__(self, database: Database, box: SecretBox, settings: Settings) -> None:
        self._database = database
        self._box = box
        self._settings = settings
        self._known: OrderedDict[str, Version] = OrderedDict()

    async def get(self, workflow: str, version: int) -> Version:
        """A version that was saved. Raises KeyError if it is not there, which is a fault of the program."""
        place = version_id(workflow, version)
        if place not in self._known:
            document = await self._database.workflow_versions.find_one({"_id": place})
            if document is None:
                raise KeyError(place)
            self._known[place] = found = await self._read(document)
            self._forget()
            return found
        self._known.move_to_end(place)
        return self._known[place]

    def _forget(self) -> None:
        while (
            sum(version.size for version in self._known.values()) > _REMEMBERED_SIZE or len(self._known) > _REMEMBERED
        ):
            self._known.popitem(last=False)

    async def _read(self, document: Doc) -> Version:
        text, owner = document["definition"], document["owner"]
        secrets = {entry["place"]: await self._opened(entry["sealed"], owner) for entry in document["secrets"]["all"]}
        definition, data, names = await asyncio.to_thread(_read, text)
        return Version(definition, data, owner, secrets, self._box, self._settings, len(text), names)

    async def _opened(self, sealed: str, owner: str) -> str | None:
        try:
            return await self._box.unseal(sealed, owner)
        except SecretUnreadable:
            return None


def _read(text: str) -> tuple[WorkflowDefinition, Doc, dict[int, Names]]:
    data = json.loads(text)
    definition = WorkflowDefinition.model_validate(data).resolved()
    return definition, data, names_of(definition)
