"""The stages of incidents, by which what is told of them is ordered, and what it is about. Pure.

Stage 0: it started failing, 1: a run has failed for good, from 2 on: reminders, last: it is over.
"""

from typing import NamedTuple

from tocsin.documents import DeliveryAboutDocument

FIRST_REMINDER_STAGE = 2
OVER_STAGE = 1_000_000
INCIDENT_TYPES = frozenset({"Task", "Workflow", "Incident"})
"""The types of what an incident is told about."""


class SubjectId(NamedTuple):
    """A task or workflow: its type in the API, and its ID."""

    type: str
    id: str


def name_later_stage(stage: int) -> str:
    """Return the name of a stage after 1 in the IDs of events."""
    return "over" if stage == OVER_STAGE else f"reminder-{stage - FIRST_REMINDER_STAGE + 1}"


def phase_of_stage(stage: int) -> int:
    """Return the phase of a stage: the later ones of a phase cover the earlier ones. A recovery covers no failure."""
    if stage < FIRST_REMINDER_STAGE:
        return 0
    return 2 if stage == OVER_STAGE else 1


def subject_of(about: DeliveryAboutDocument) -> SubjectId | None:
    """Return the one task or workflow that something is about; None if these are several, or none."""
    if about["type"] in ("Task", "Workflow"):
        return SubjectId(about["type"], about["id"])
    subject = about.get("subject")
    return None if subject is None else SubjectId(about.get("subject_type") or "Task", subject)
