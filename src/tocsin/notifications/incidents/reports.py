"""The events of incidents: what is told, made from the document of an incident alone. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Self

from tocsin.documents import (
    AlertEnding,
    AlertSubject,
    DeliveryAboutDocument,
    IncidentCause,
    IncidentDocument,
    IncidentNews,
    IncidentSubjectDocument,
)
from tocsin.documents.incident_states import BEGAN, FAILED
from tocsin.notifications.events import Event, EventKind
from tocsin.notifications.excerpts import ErrorExcerpt
from tocsin.notifications.incident_stages import FIRST_REMINDER_STAGE, OVER_STAGE
from tocsin.notifications.incidents.failures import restore_error, restore_event
from tocsin.notifications.pages import incident_page_path, run_page_path
from tocsin.notifications.run_events import incident_event_id
from tocsin.outbound.mail_text import to_single_line

_KINDS = MappingProxyType(
    {
        IncidentNews.BEGAN: EventKind.BEGAN_FAILING,
        IncidentNews.FAILED: EventKind.FAILED_FOR_GOOD,
        IncidentNews.STILL_FAILING: EventKind.STILL_FAILING,
        IncidentNews.RECOVERED: EventKind.RECOVERED,
        IncidentNews.CLOSED: EventKind.INCIDENT_CLOSED,
    }
)
_STAGES = MappingProxyType(
    {
        IncidentNews.BEGAN: BEGAN,
        IncidentNews.FAILED: FAILED,
        IncidentNews.RECOVERED: OVER_STAGE,
        IncidentNews.CLOSED: OVER_STAGE,
    }
)


@dataclass(frozen=True, slots=True)
class ReportedSubject:
    """A task or workflow of an incident: its type in the API, its ID, its name, and its last failure.

    `ending` is why its alert has ended; None if it goes on.
    """

    type: AlertSubject
    id: str
    name: str
    run: str
    error: ErrorExcerpt
    ending: AlertEnding | None = None

    @classmethod
    def from_document(cls, subject: IncidentSubjectDocument) -> Self:
        """Return the reported form of a stored subject."""
        failure, ending = subject["failure"], subject.get("ending")
        return cls(
            AlertSubject(subject["subject_type"]),
            subject["subject"],
            failure["name"],
            failure["run"],
            restore_error(failure),
            None if ending is None else AlertEnding(ending),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentReport(Event):
    """News of an incident: several tasks and workflows fail, or one still fails, works again or is no longer watched.

    `subjects` are the most important of `subject_count`. `opened_at` is the first failure of the present opening.
    """

    incident: str
    cause: IncidentCause
    host: str | None
    subjects: Sequence[ReportedSubject]
    subject_count: int
    opened_at: datetime

    @property
    def only_subject(self) -> ReportedSubject | None:
        """The task or workflow that it is about; None if there are several."""
        return self.subjects[0] if self.subject_count == 1 and self.subjects else None

    @classmethod
    def from_incident(cls, incident: IncidentDocument, news: IncidentNews) -> Self:
        """Return the report of news of an incident."""
        subjects = [ReportedSubject.from_document(each) for each in incident["subjects"]]
        only = subjects[0] if incident["subject_count"] == 1 and subjects else None
        host = incident["host"]
        return cls(
            kind=_KINDS[news],
            id=news_id(incident, news),
            owner=incident["owner"],
            at=incident["untold_at"] or incident["last_failure_at"],
            run=subjects[0].run if subjects else None,
            about=_about(incident, news),
            page=run_page_path(only.run) if only is not None else incident_page_path(incident["_id"]),
            incident=incident["_id"],
            cause=IncidentCause(incident["cause"]),
            host=None if host is None else to_single_line(host),
            subjects=subjects,
            subject_count=incident["subject_count"],
            opened_at=incident["began_at"],
        )


def news_id(incident: IncidentDocument, news: IncidentNews) -> str:
    """Return the ID of the event of news of an incident, which is the same whoever tells it."""
    return incident_event_id(incident["cause_key"], incident["sequence"], _stage_of(incident, news))


def make_event(incident: IncidentDocument, news: IncidentNews) -> Event:
    """Return the event of news of an incident. Failures of a single task or workflow are told as its own."""
    subjects = incident["subjects"]
    if incident["subject_count"] == 1 and len(subjects) == 1 and news in (IncidentNews.BEGAN, IncidentNews.FAILED):
        about, next_due = _about(incident, news), subjects[0]["next_due"]
        return restore_event(subjects[0], _KINDS[news], news_id(incident, news), about, next_due)
    return IncidentReport.from_incident(incident, news)


def _stage_of(incident: IncidentDocument, news: IncidentNews) -> int:
    if news == IncidentNews.STILL_FAILING:
        return FIRST_REMINDER_STAGE + incident["reminders"] - 1
    return _STAGES[news]


def _about(incident: IncidentDocument, news: IncidentNews) -> DeliveryAboutDocument:
    """Return what the news is about. A task or workflow that fails by itself is named, not its incident."""
    names = {IncidentCause.TASK: "Task", IncidentCause.WORKFLOW: "Workflow"}
    about: DeliveryAboutDocument = {
        "type": names.get(incident["cause"], "Incident"),
        "id": incident["cause_key"],
        "incident": incident["sequence"],
        "stage": _stage_of(incident, news),
        "incident_id": incident["_id"],
    }
    if about["type"] == "Incident" and incident["subject_count"] == 1 and incident["subjects"]:
        only = incident["subjects"][0]
        about |= {"subject_type": str(only["subject_type"]), "subject": only["subject"]}
    return about
