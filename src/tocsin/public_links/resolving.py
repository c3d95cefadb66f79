"""From a serial to what its link is of. Whatever is wrong with a link, nothing is found."""

from dataclasses import dataclass

from tocsin.documents import (
    Database,
    Hold,
    PublicLinkDocument,
    PublicLinkKind,
    TaskDocument,
    UserDocument,
    WorkflowDocument,
)

Subject = TaskDocument | WorkflowDocument


@dataclass(frozen=True, slots=True)
class FoundLink:
    """A link in force, and its task or workflow; the other one is None."""

    link: PublicLinkDocument
    owner: UserDocument
    task: TaskDocument | None
    workflow: WorkflowDocument | None

    @property
    def subject(self) -> Subject:
        """The task or workflow."""
        found = self.task or self.workflow
        assert found is not None  # noqa: S101  # one of them is set
        return found

    @property
    def title(self) -> str:
        """Title of the status page: that of the link, by default the name of its subject."""
        return self.link.get("title") or self.subject["name"]


async def resolve_serial(database: Database, kind: PublicLinkKind, serial: str) -> FoundLink | None:
    """Return the link with this serial, which its token names; None for a former or revoked one.

    Nor is there one if its task or workflow was deleted, or while its owner is deactivated.
    """
    link = await database.public_links.find_one({"serial": serial})
    if link is None or link["kind"] != kind:
        return None
    owner = await database.users.find_one({"_id": link["owner"]})
    if owner is None or not _is_in_force(link, owner):
        return None
    task, workflow = await _find_subject(database, link)
    return None if task is None and workflow is None else FoundLink(link, owner, task, workflow)


def _is_in_force(link: PublicLinkDocument, owner: UserDocument) -> bool:
    """Tell whether the owner is active. A trigger ends with a deactivation, as API tokens do; a badge comes back."""
    if not owner["is_active"]:
        return False
    deactivated_at = owner.get("deactivated_at")
    return link["kind"] == PublicLinkKind.STATUS or deactivated_at is None or link["issued_at"] > deactivated_at


async def _find_subject(
    database: Database, link: PublicLinkDocument
) -> tuple[TaskDocument | None, WorkflowDocument | None]:
    if link["subject_type"] == "Task":
        task = await database.tasks.find_one({"_id": link["subject"]})
        return None if task is None or task["hold"] == Hold.DELETED else task, None
    workflow = await database.workflows.find_one({"_id": link["subject"]})
    return None, None if workflow is None or workflow["deleted"] else workflow
