"""The texts of the mails about all events, as they are stored."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.notifications.channels.mail.html_text import HtmlText
from tests.notifications.incidents.samples import incident, subject
from tests.notifications.outcome_samples import OUTCOMES
from tests.notifications.samples import (
    ATTEMPT,
    DUE,
    ENDED,
    RETRY_AT,
    WORKFLOW_RUN,
    failed_run,
    failed_workflow_run,
    retried_run,
    retried_step_run,
)
from tocsin.documents import IncidentNews, MailPurpose
from tocsin.notifications import account_events, network_events, outcome_events, run_events, task_events
from tocsin.notifications.account_events import (
    ChannelDisabled,
    LinkRequested,
    PasswordChanged,
    QuotaMet,
    RefreshTokenReused,
)
from tocsin.notifications.attempt_events import make_attempt_events
from tocsin.notifications.channels.mail.html_layout import format_html
from tocsin.notifications.channels.mail.layout import format_text, render_mail
from tocsin.notifications.content import MailContent
from tocsin.notifications.events import Event, EventKind
from tocsin.notifications.incidents import reports
from tocsin.notifications.incidents.reports import IncidentReport
from tocsin.notifications.network_events import NetworkDown, NetworkUp
from tocsin.notifications.run_events import ApprovalRequested, TaskFailure, WorkflowFailure
from tocsin.outbound.mail_text import to_single_line

BEGAN = """\
Hello,

Your task "Nightly backup" has started failing. It will be retried.

Called:          POST https://api.example.org/backup
Error:           The server answered 503 Service Unavailable.
Hint:            It asks to be left alone for a while: see whether it is
                 being serviced, or is short of memory.
Attempts:        1
Next attempt:    22 Nov 2026, 10:00:11 UTC
Due:             22 Nov 2026, 09:00:00 UTC
Run:             UnVuOnUxL3QxOjE3OTUzMzgwMDAwMDA=
Open:            {page}

Unless you have chosen otherwise, you get another mail only if this run
fails permanently, and then no more about its failures until the task has
worked again.

Tocsin
"""

GIVES_WAY = """\
Hello,

Your task "Nightly backup" has started failing. This run will not be
retried: the next one is due first.

Called:          POST https://api.example.org/backup
Error:           The server answered 503 Service Unavailable.
Hint:            It asks to be left alone for a while: see whether it is
                 being serviced, or is short of memory.
Attempts:        1
No retry:        The next attempt would be at 22 Nov 2026, 10:00:11 UTC, but
                 the task is due again before then.
Next run:        22 Nov 2026, 09:00:15 UTC
Due:             22 Nov 2026, 09:00:00 UTC
Run:             UnVuOnUxL3QxOjE3OTUzMzgwMDAwMDA=
Open:            {page}

Unless you have chosen otherwise, you get another mail when the next run
replaces this one, which then counts as failed, and then no more about its
failures until the task has worked again.

Tocsin
"""

FAILED = """\
Hello,

Your task "Nightly backup" has failed. This run will not be retried.

Called:          POST https://api.example.org/backup
Error:           The server answered 503 Service Unavailable.
Hint:            It asks to be left alone for a while: see whether it is
                 being serviced, or is short of memory.
Attempts:        4
No retry:        All retries are used up.
Due:             22 Nov 2026, 09:00:00 UTC
Run:             UnVuOnUxL3QxOjE3OTUzMzgwMDAwMDA=
Open:            {page}

Unless you have chosen otherwise, you get no more mails about failures of
this task until it has worked again.

Tocsin
"""

ATTEMPT_FAILED = """\
Hello,

Attempt 1 of your task "Nightly backup" has failed.

Called:          POST https://api.example.org/backup
Error:           The server answered 503 Service Unavailable.
Hint:            It asks to be left alone for a while: see whether it is
                 being serviced, or is short of memory.
Attempts:        1
Next attempt:    22 Nov 2026, 10:00:11 UTC
Due:             22 Nov 2026, 09:00:00 UTC
Run:             UnVuOnUxL3QxOjE3OTUzMzgwMDAwMDA=
Open:            {page}

You get a mail about each failed attempt, because your notification
preferences ask for it.

Tocsin
"""

WORKFLOW_BEGAN = """\
Hello,

Your workflow "Invoices" has started failing. Its step will be retried.

Step:            fetch
Error:           The server answered 503 Service Unavailable.
Hint:            It asks to be left alone for a while: see whether it is
                 being serviced, or is short of memory.
Attempts:        1
Next attempt:    22 Nov 2026, 10:00:11 UTC
Due:             22 Nov 2026, 09:00:00 UTC
Workflow run:    V29ya2Zsb3dSdW46dTEvdzEtMTc5NTMzODAwMDAwMA==
Open:            {page}

Unless you have chosen otherwise, you get another mail only if this run
fails permanently, and then no more about its failures until the workflow
has worked again.

Tocsin
"""

WORKFLOW_FAILED = """\
Hello,

Your workflow "Invoices" has failed.

Failed steps:    a, b
Error:           The server answered 500.
Consequence:     The completed steps were undone by their compensations.
Due:             22 Nov 2026, 09:00:00 UTC
Workflow run:    V29ya2Zsb3dSdW46dTEvdzEtMTc5NTMzODAwMDAwMA==
Open:            {page}

The run can be resumed. Unless you have chosen otherwise, you get no more
mails about failures of this workflow until it has worked again.

Tocsin
"""

APPROVAL = """\
Hello,

The workflow step Invoices / ask is still waiting for your decision.

Message:         Pay 5 EUR?
Waiting since:   22 Nov 2026, 09:00:00 UTC
Decide until:    22 Nov 2026, 09:00:11 UTC
Workflow run:    V29ya2Zsb3dSdW46dTEvdzEtMTc5NTMzODAwMDAwMA==
Decide here:     {page}

The page opens with the mutation decideApproval filled in: true completes
the step, false fails it.

Tocsin
"""

QUOTAS = """\
Hello,

Your account has reached a quota.

Quota:           RUNS_PER_DAY: 5 of 5 runs today (UTC)
                 STORAGE: 1 of 1 MB

Runs that became due since then are in the history as MISSED, with the
reason QUOTA. Retries and steps are delayed, mails of tasks are not sent,
and the oldest history is deleted if there is too much. The query viewer {
usage { quota used limit resetsAt } } shows all your quotas, and an
administrator can raise them. You get this mail at most once a day.

Tocsin
"""

RESET = """\
Hello,

Someone requested a new password for your account. If it was you, open this
link and choose one:

{link}

Valid until:     22 Nov 2026, 09:00:11 UTC

If it was not you, ignore this mail: nothing changes unless the link is
used.

Tocsin
"""

CONFIRMATION = """\
Hello,

Someone created an account with this email address on Tocsin, which calls
URLs on schedule. If it was you, open this link and enter the password of
the account:

{link}

Valid until:     22 Nov 2026, 09:00:11 UTC

If it was not you, ignore this mail: no other mail is sent to this address
unless the link is used.

Tocsin
"""

INVITATION = """\
Hello,

Bob B. invites you to Tocsin, which calls URLs on schedule. Open this link
and choose a password:

{link}

Your address:    ann@example.org
Valid until:     22 Nov 2026, 09:00:11 UTC

If you do not want an account, ignore this mail.

Tocsin
"""

ADDRESS = """\
Hello,

bob@example.org asks Tocsin, which calls URLs on schedule, to send mails to
this address: those about tasks and workflows that fail. If you agree, open
this link and confirm it:

{link}

Your address:    ann@example.org
Valid until:     22 Nov 2026, 09:00:11 UTC

If you do not agree, ignore this mail: these mails are not sent to this
address unless the link is used. Each of them has a link that ends them.

Tocsin
"""

REUSED = """\
Hello,

One of your sessions was ended: its refresh token was used a second time, so
someone may have a copy of it.

Logged in:       22 Nov 2026, 09:00:00 UTC
From:            192.0.2.1 (Fire fox)
Used again from: unknown
New password:    {page}

Log in again. If this repeats or you do not recognize the session, change
your password to end all sessions.

Tocsin
"""

CHANGED = """\
Hello,

The password of your account was changed, and your other sessions were
ended.

When:            22 Nov 2026, 09:00:00 UTC
From:            the command line
New password:    {page}

If it was not you, request a new one there and tell your administrator.

Tocsin
"""


DISABLED = """\
Hello,

Your notification channel "Ops" was disabled.

Reason:          Slack answered 404 Not Found: no_service
Kind:            slack
Channel:         Tm90aWZpY2F0aW9uQ2hhbm5lbDp1MS9jMQ==
Open:            {page}

Nothing is sent there any more. Correct its settings with
updateNotificationChannel, try them with testNotificationChannel, and set
isEnabled to true.

Tocsin
"""


def requested(
    kind: EventKind, to: str | None = None, inviter: str | None = None, mail_purpose: MailPurpose | None = None
) -> LinkRequested:
    given: Any = {"to": to, "inviter": inviter, "mail_purpose": mail_purpose}
    return LinkRequested(kind=kind, id="x", owner="u1", at=DUE, sealed="secret", good_until=ENDED, **given)


def approval(**changes: Any) -> ApprovalRequested:
    state: Any = {"status": "WAITING", "reminders": 1, "message": "Pay\n5 EUR?", "started_at": DUE, "wake_at": ENDED}
    return ApprovalRequested.from_step(WORKFLOW_RUN, "ask", "u2", state | changes)


def reused(**changes: Any) -> RefreshTokenReused:
    given: Any = {"opened_from": "192.0.2.1", "user_agent": "Fire\r\nfox", "reused_from": ""}
    return RefreshTokenReused(id="x", owner="u1", at=ENDED, opened_at=DUE, **given | changes)


NETWORK_DOWN = """\
Hello,

The network of your Tocsin server is down: none of its canaries answers.

Down since:      22 Nov 2026, 09:00:00 UTC

Runs that fail by the network meanwhile are INCONCLUSIVE: their owners are
not told, and they are tried again when it is back. Unless you have chosen
otherwise, you get another mail when it is back.

Tocsin
"""

NETWORK_UP = """\
Hello,

The network of your Tocsin server is back: a canary answers again.

Down since:      22 Nov 2026, 09:00:00 UTC
Back at:         22 Nov 2026, 09:00:11 UTC

Inconclusive runs are now tried again.

Tocsin
"""

TASK_RUN = failed_run(reason="RETRIES_USED_UP", attempts=[ATTEMPT] * 4)
COMPENSATED = failed_workflow_run(reason="COMPENSATED")
CHANNEL: Any = {"_id": "u1/c1", "owner": "u1", "kind": "slack", "name": "Ops", "revision": 3}
STILL_FAILING = """\
Hello,

Task "Nightly backup" is still failing.

Error:           api.example.org refused the connection.
Hint:            Start it.
Failing since:   22 Nov 2026, 09:00:11 UTC
Run:             UnVuOnUxL05pZ2h0bHkgYmFja3VwOjE=
Open:            {page}

Acknowledge the incident to get no more reminders.

Tocsin
"""

CLOSED = """\
Hello,

Your task "Nightly backup" is no longer watched. It is paused. So the
incident is closed, although nothing has worked since.

Failing since:   22 Nov 2026, 09:00:11 UTC
Ended:           22 Nov 2026, 09:00:21 UTC
Last error:      api.example.org refused the connection.
Open:            {page}

Unless you have chosen otherwise, you get another mail if it fails again.

Tocsin
"""

RECOVERED = """\
Hello,

Your task "Nightly backup" works again.

Failing since:   22 Nov 2026, 09:00:11 UTC
Ended:           22 Nov 2026, 09:00:21 UTC
Last error:      api.example.org refused the connection.
Open:            {page}

Unless you have chosen otherwise, you get another mail if it fails again.

Tocsin
"""

MAILS: list[tuple[Event, str, str]] = [
    (TaskFailure.from_run(retried_run()), 'Task "Nightly backup" has started failing', BEGAN),
    (TaskFailure.from_run(retried_run(), DUE + timedelta(seconds=15)), 'Task "Nightly backup" has started failing',
     GIVES_WAY),
    (TaskFailure.from_run(TASK_RUN), 'Task "Nightly backup" has failed', FAILED),
    (WorkflowFailure.from_step_run(WORKFLOW_RUN, retried_step_run()), 'Workflow "Invoices" has started failing',
     WORKFLOW_BEGAN),
    (WorkflowFailure.from_run(COMPENSATED, 2, ["a", "b"]), 'Workflow "Invoices" has failed', WORKFLOW_FAILED),
    (approval(), "Invoices / ask is waiting for your decision", APPROVAL),
    (QuotaMet.from_quotas("u1", ["RUNS_PER_DAY: 5 of 5 runs today (UTC)", "STORAGE: 1 of 1 MB"], DUE),
     "You have reached a quota", QUOTAS),
    (requested(EventKind.PASSWORD_RESET), "Choose a new password", RESET),
    (requested(EventKind.EMAIL_CONFIRMATION), "Confirm your email address", CONFIRMATION),
    (requested(EventKind.INVITATION, "ann@example.org", "Bob\nB."), "You are invited to Tocsin", INVITATION),
    (reused(), "One of your sessions was ended", REUSED),
    (PasswordChanged(id="x", owner="u1", at=DUE, address=""), "Your password was changed", CHANGED),
    (ChannelDisabled.from_channel(CHANNEL, "Slack answered 404 Not Found: no_service", DUE),
     'Channel "Ops" was disabled', DISABLED),
    *((event, subject, text) for event, subject, text, _ in OUTCOMES),
    (IncidentReport.from_incident(incident(reminders=1), IncidentNews.STILL_FAILING),
     'Task "Nightly backup" is still failing', STILL_FAILING),
    (IncidentReport.from_incident(incident(), IncidentNews.RECOVERED), 'Task "Nightly backup" works again', RECOVERED),
    (IncidentReport.from_incident(incident(subjects=[subject(ending="PAUSED")]), IncidentNews.CLOSED),
     'Task "Nightly backup" is no longer watched', CLOSED),
    (next(make_attempt_events(retried_run(round=0))), 'Attempt 1 of the task "Nightly backup" has failed',
     ATTEMPT_FAILED),
    (NetworkDown.from_outage("u1", "o1", DUE), "The network of your Tocsin server is down", NETWORK_DOWN),
    (NetworkUp.from_outage("u1", "o1", DUE, ENDED), "The network of your Tocsin server is back", NETWORK_UP),
    (requested(EventKind.ADDRESS_CONFIRMATION, "ann@example.org", "bob@example.org", MailPurpose.ALERTS),
     "Confirm this address for mails from Tocsin", ADDRESS),
]  # fmt: skip


def text_of(event: Event) -> str:
    return render_mail(event).text


@pytest.mark.parametrize(("event", "subject", "text"), MAILS, ids=[subject for _, subject, _ in MAILS])
def test_the_mail_about_an_event(event: Event, subject: str, text: str) -> None:
    message = render_mail(event)
    assert (message.subject, message.text) == (subject, text)
    assert message.content is not None
    assert format_text(MailContent.from_document(message.content)) == text


def test_each_kind_of_event_has_a_mail() -> None:
    assert {event.kind for event, _, _ in MAILS} == set(EventKind)
    modules = (run_events, task_events, outcome_events, account_events, reports, network_events)
    classes = [found for module in modules for found in vars(module).values()]
    events = {found for found in classes if isinstance(found, type) and issubclass(found, Event)} - {Event}
    assert events == {type(event) for event, _, _ in MAILS}


def test_an_event_without_a_text_is_an_error() -> None:
    with pytest.raises(TypeError, match="no text about a Event"):
        render_mail(Event(kind=EventKind.APPROVAL, id="x", owner="u1", at=DUE))


def test_a_retry_is_announced_only_if_it_comes_before_the_next_run() -> None:
    assert text_of(TaskFailure.from_run(retried_run(), RETRY_AT + timedelta(milliseconds=1))) == BEGAN
    assert "No retry:" in text_of(TaskFailure.from_run(retried_run(), RETRY_AT))


def test_a_retry_at_an_unknown_time_is_still_the_beginning_of_an_incident() -> None:
    next_attempt = "Next attempt:    22 Nov 2026, 10:00:11 UTC\n"
    assert text_of(TaskFailure.from_run(retried_run(retry_at=None), ENDED)) == BEGAN.replace(next_attempt, "")
    step_run = retried_step_run(retry_at=None)
    expected = WORKFLOW_BEGAN.replace(next_attempt, "")
    assert text_of(WorkflowFailure.from_step_run(WORKFLOW_RUN, step_run)) == expected


@pytest.mark.parametrize("reason", [None, "UNKNOWN"])
def test_a_reason_without_a_sentence_is_left_out(reason: str | None) -> None:
    assert "No retry:" not in text_of(TaskFailure.from_run(failed_run(reason=reason)))
    assert "Consequence:" not in text_of(WorkflowFailure.from_run(failed_workflow_run(reason=reason), 2, []))


def test_failed_steps_are_counted() -> None:
    texts = [text_of(WorkflowFailure.from_run(failed_workflow_run(), 2, steps)) for steps in ([], ["a"], ["a", "b"])]
    assert ["Failed step" in text for text in texts] == [False, True, True]
    assert ["Failed steps:    a, b" in text for text in texts] == [False, False, True]


def test_a_first_request_for_a_decision_has_no_empty_facts() -> None:
    text = text_of(approval(reminders=0, message="", wake_at=None))
    assert "ask is waiting for your decision" in text
    assert "Message:" not in text
    assert "Decide until:" not in text


def test_a_long_message_of_an_approval_is_cut() -> None:
    assert text_of(approval(message="x" * 3_000)).count("x") == 1_999


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"opened_from": ""}, "From:            unknown (Fire fox)\n"),
        ({"user_agent": ""}, "From:            192.0.2.1\n"),
        ({"reused_from": "192.0.2.9"}, "Used again from: 192.0.2.9\n"),
    ],
)
def test_what_is_not_known_of_a_session_is_left_out(changes: dict[str, str], shown: str) -> None:
    assert shown in text_of(reused(**changes))


def test_an_invitation_from_the_command_line_comes_from_an_administrator() -> None:
    assert "An administrator invites you" in text_of(requested(EventKind.INVITATION, "ann@example.org"))


def test_a_link_appears_in_no_stored_text() -> None:
    assert all("secret" not in text for _, _, text in MAILS)


@pytest.mark.parametrize("name", ["A\r\nBcc: eve@example.org", "x" * 200, "ü" * 200, "a\x00\x1b[31mb", "word " * 40])
def test_any_name_makes_a_subject_of_one_short_line(name: str) -> None:
    for run in (retried_run(task_name=name), failed_run(task_name=name)):
        mail = render_mail(TaskFailure.from_run(run))
        assert mail.subject.isprintable()
        assert len(mail.subject) <= 120
        assert mail.text.replace("\n", "").isprintable()


def test_a_long_message_is_cut_and_lines_stay_narrow() -> None:
    error = {"kind": "X", "message": "many words " * 500, "hint": None}
    text = text_of(TaskFailure.from_run(retried_run(attempts=[{**ATTEMPT, "error": error}])))
    assert len(text) < 1500
    assert max(len(line) for line in text.splitlines()) <= 76


# --- texts from users -------------------------------------------------------------------------------------------------

ACTION = "https://tocsin.test/x"
TASK, STEP_RUN, WORKFLOW, APPROVED, QUOTA, INVITED, REUSE, PASSWORD = (
    MAILS[number][0] for number in (2, 3, 4, 5, 6, 9, 10, 11)
)
FIELDS: list[tuple[Event, str]] = [
    *((event, name) for event in (TASK, STEP_RUN, WORKFLOW) for name in ("message", "hint")),
    (TASK, "task_name"), (TASK, "called"), (WORKFLOW, "workflow_name"), (WORKFLOW, "steps"), (STEP_RUN, "steps"),
    (APPROVED, "name"), (APPROVED, "message"), (QUOTA, "quotas"), (INVITED, "inviter"), (INVITED, "to"),
    (REUSE, "opened_from"), (REUSE, "user_agent"), (REUSE, "reused_from"), (PASSWORD, "address"),
]  # fmt: skip
EXCERPTED = {"message", "hint", "task_name", "called", "workflow_name", "name"}
"""The fields that the constructors of events have put on one line."""
ANY_TEXT = st.text(max_size=60) | st.text(alphabet="<>&\"'`={}/ \t\r\n\0\u202e\u2066\u00fcimgaltpgkn;#-!", max_size=60)


def with_field(event: Any, name: str, value: str) -> Event:
    """Return the event with the text in this field, or in that of its error."""
    text = to_single_line(value) if name in EXCERPTED else value
    if hasattr(event, "error") and name in ("message", "hint"):
        return cast("Event", replace(event, error=replace(event.error, **{name: text})))
    return cast("Event", replace(event, **{name: [text] if name in ("steps", "quotas") else text}))


def parts_of(event: Event) -> tuple[str, HtmlText]:
    """Return the text of the mail on one line, and its HTML."""
    message = render_mail(event)
    assert message.content is not None
    html = format_html(MailContent.from_document(message.content), message.subject, ACTION)
    return " ".join(message.text.split()), HtmlText(html)


@pytest.mark.parametrize(("event", "name"), FIELDS, ids=[f"{type(event).__name__}.{name}" for event, name in FIELDS])
@given(text=ANY_TEXT)
@settings(max_examples=40)
def test_any_text_of_a_user_is_shown_once_and_as_text(event: Event, name: str, text: str) -> None:
    value = f"J7Q{text}Q7J"
    plain, html = parts_of(with_field(event, name, value))
    assert plain.count(to_single_line(value)) == 1
    assert html.shown.count(to_single_line(value)) == 1
    assert html.tags == parts_of(with_field(event, name, "harmless"))[1].tags
