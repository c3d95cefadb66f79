"""What a notification of an incident says: its subject and content. Pure."""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from tocsin.documents import AlertEnding, AlertSubject, to_global_id
from tocsin.notifications.content import UNLESS_CHOSEN, Button, Fact, MailContent, Tone, format_error, format_time
from tocsin.notifications.events import INCIDENT_ENDS, EventKind
from tocsin.notifications.incidents.reports import IncidentReport, ReportedSubject

_RUN = Button("Open the run", "Open:")
_WORKFLOW_RUN = Button("Open the workflow run", "Open:")
_INCIDENT = Button("Open the incident", "Open:")
_CLOSED_BY: Mapping[AlertEnding | None, str] = MappingProxyType(
    {
        AlertEnding.DELETED: "It was deleted.",
        AlertEnding.PAUSED: "It is paused.",
        AlertEnding.CANCELLED: "It was cancelled.",
        AlertEnding.FINISHED: "It has no further due time.",
    }
)
_MOVED = "It got a notification rule of its own, which applies from now on."
_ONCE = f"{UNLESS_CHOSEN} one more mail, when all of this works again"


def describe_incident(report: IncidentReport) -> tuple[str, MailContent]:
    """Return the subject and the content of the notification of a report."""
    only = report.only_subject
    if report.kind is EventKind.RECOVERED:
        return _recovered(report, only)
    if report.kind is EventKind.INCIDENT_CLOSED:
        return _closed(report, only)
    if report.kind is EventKind.STILL_FAILING:
        return _still_failing(report, only)
    return _several_failed(report)


def _several_failed(report: IncidentReport) -> tuple[str, MailContent]:
    has_failed = report.kind is EventKind.FAILED_FOR_GOOD
    who, happened = describe_subjects(report), "have failed" if has_failed else "have started failing"
    return f"{who} {happened}", MailContent(
        tone=Tone.FAILURE if has_failed else Tone.WARNING,
        headline=f"{who} {happened}.",
        opening="They call the same host and fail with the same kind of error, so they are one incident.",
        facts=_failing_facts(report),
        button=_INCIDENT,
        closing=f"{_ONCE}." if has_failed else f"{_ONCE}, and another if a run fails permanently.",
    )


def _still_failing(report: IncidentReport, only: ReportedSubject | None) -> tuple[str, MailContent]:
    who = name_subject(only) if only is not None else describe_subjects(report)
    verb = "is" if only is not None else "are"
    return f"{who} {verb} still failing", MailContent(
        tone=Tone.FAILURE,
        headline=f"{who} {verb} still failing.",
        facts=_only_facts(report, only) if only is not None else _failing_facts(report),
        button=_button(only),
        closing="Acknowledge the incident to get no more reminders.",
    )


def _recovered(report: IncidentReport, only: ReportedSubject | None) -> tuple[str, MailContent]:
    if only is not None:
        facts = [*_times(report), ("Last error:", only.error.message)]
        return f"{name_subject(only)} works again", MailContent(
            tone=Tone.SUCCESS,
            headline=f"Your {name_subject(only, capital=False)} works again.",
            facts=facts,
            button=_button(only),
            closing=f"{UNLESS_CHOSEN} another mail if it fails again.",
        )
    who = describe_subjects(report)
    return f"{who} work again", MailContent(
        tone=Tone.SUCCESS,
        headline=f"{who} work again.",
        facts=[*_times(report), *_listed(report)],
        button=_INCIDENT,
        closing=f"{UNLESS_CHOSEN} another mail if they fail again.",
    )


def _closed(report: IncidentReport, only: ReportedSubject | None) -> tuple[str, MailContent]:
    """Return what is said of an incident in which nothing works again, and nothing is left that could."""
    if only is not None:
        who, reason = name_subject(only, capital=False), _CLOSED_BY.get(only.ending, _MOVED)
        facts, verb = [*_times(report), ("Last error:", only.error.message)], "is"
    else:
        who, reason = describe_subjects(report), "They were deleted, paused or cancelled, or have no further due time."
        facts, verb = [*_times(report), *_listed(report)], "are"
    return f"{who[0].upper()}{who[1:]} {verb} no longer watched", MailContent(
        tone=Tone.NOTICE,
        headline=f"{'Your ' if only is not None else ''}{who} {verb} no longer watched.",
        opening=f"{reason} So the incident is closed, although nothing has worked since.",
        facts=facts,
        button=_INCIDENT,
        closing=f"{UNLESS_CHOSEN} another mail if {'it fails' if only is not None else 'they fail'} again.",
    )


def describe_subjects(report: IncidentReport) -> str:
    """Return what the subjects of an incident are, with their number and host."""
    types = {subject.type for subject in report.subjects}
    name = {frozenset({AlertSubject.TASK}): "tasks", frozenset({AlertSubject.WORKFLOW}): "workflows"}.get(
        frozenset(types), "tasks and workflows"
    )
    place = "" if report.host is None else f" that call {report.host}"
    return f"{report.subject_count:,} {name}{place}"


def name_subject(subject: ReportedSubject, *, capital: bool = True) -> str:
    """Return the type and the name of a task or workflow."""
    name = str(subject.type) if capital else str(subject.type).lower()
    return f'{name} "{subject.name}"'


def _button(only: ReportedSubject | None) -> Button:
    if only is None:
        return _INCIDENT
    return _RUN if only.type is AlertSubject.TASK else _WORKFLOW_RUN


def _only_facts(report: IncidentReport, only: ReportedSubject) -> list[Fact]:
    label, type_name = ("Run:", "Run") if only.type is AlertSubject.TASK else ("Workflow run:", "WorkflowRun")
    return [*format_error(only.error), *_times(report), (label, to_global_id(type_name, only.run))]


def _failing_facts(report: IncidentReport) -> list[Fact]:
    error = format_error(report.subjects[0].error) if report.subjects else []
    return [*error, *_times(report), *_listed(report)]


def _times(report: IncidentReport) -> list[Fact]:
    times = [("Failing since:", format_time(report.opened_at))]
    return [*times, ("Ended:", format_time(report.at))] if report.kind in INCIDENT_ENDS else times


def _listed(report: IncidentReport) -> list[Fact]:
    """Return the most important subjects, and the number of the others."""
    counts = Counter(subject.type for subject in report.subjects)
    labels = {type_: f"{type_}:" if count == 1 else f"{type_}s:" for type_, count in counts.items()}
    shown = [(labels[subject.type], subject.name) for subject in report.subjects]
    others = report.subject_count - len(shown)
    return [*shown, ("Others:", f"{others:,}")] if others > 0 else shown
