"""What a digest says: the worst first, one line for each subject and kind, and a count of what is not listed."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notifications.preferences.helpers import failure, utc
from tests.notifications.samples import ATTEMPT
from tocsin.notifications.account_events import QuotaMet
from tocsin.notifications.channels.mail.html_layout import format_html
from tocsin.notifications.channels.mail.layout import format_text, render_mail
from tocsin.notifications.content import Tone
from tocsin.notifications.deliveries import new_delivery
from tocsin.notifications.digests.texts import MAX_NAMED, describe_digest
from tocsin.notifications.events import Event
from tocsin.schedules.time_zones import get_zone

BERLIN, NINE = get_zone("Europe/Berlin"), utc("2026-11-22T09:00")
GMAIL_LIMIT = 102_000


def news(event: Event, minutes: int = 0) -> Any:
    return new_delivery(event, "mail", render_mail(event)) | {"queued_at": NINE + timedelta(minutes=minutes)}


def test_lines_are_of_one_subject_and_kind_the_worst_first() -> None:
    told = [
        news(QuotaMet.from_quotas("u1", ["x"], NINE), 50),
        news(failure(1, stage=0), 10),
        news(failure(1), 20),
        news(failure(1, incident=4), 30),
        news(failure(2), 5),
    ]
    subject, content = describe_digest(told, {("u1/t2", 0)}, BERLIN)
    assert subject == 'Task "Task 1" has failed, and 3 more'
    assert (content.tone, content.headline, content.opening) == (
        Tone.FAILURE, "You have 5 notifications.", "3 failures, 2 warnings.",
    )  # fmt: skip
    error = "The server answered 503 Service Unavailable."
    assert content.facts == [
        ("22 Nov 10:30:", f'Task "Task 1" has failed. {error} 2 times since 22 Nov 10:20.'),
        ("22 Nov 10:50:", "You have reached a quota."),
        ("22 Nov 10:10:", f'Task "Task 1" has started failing. {error}'),
        ("22 Nov 10:05:", f'Task "Task 2" has failed (it works again). {error}'),
    ]


@pytest.mark.parametrize(
    ("event", "tone", "opening"),
    [
        (failure(), Tone.FAILURE, "1 failure."),
        (failure(stage=0), Tone.WARNING, "1 warning."),
        (QuotaMet.from_quotas("u1", ["x"], NINE), Tone.WARNING, "1 warning."),
    ],
)
def test_one_is_told_in_the_singular(event: Event, tone: Tone, opening: str) -> None:
    subject, content = describe_digest([news(event)], set(), BERLIN)
    assert (content.tone, content.headline, content.opening) == (tone, "You have 1 notification.", opening)
    assert subject == render_mail(event).subject


def test_what_is_beyond_the_maximum_is_counted() -> None:
    told = [news(failure(number), number) for number in range(MAX_NAMED + 3)] + [news(failure(0, incident=1))]
    _, content = describe_digest(told, set(), BERLIN)
    assert len(content.facts) == MAX_NAMED + 1
    assert content.facts[-1] == ("Not listed:", "4 notifications")


def test_a_mail_of_an_earlier_version_has_no_content() -> None:
    old: Any = {each: value for each, value in news(failure()).items() if each != "content"}
    _, content = describe_digest([old], set(), BERLIN)
    assert content.facts == [("22 Nov 10:00:", 'Task "Task 1" has failed.')]


@given(st.lists(st.text(max_size=300), min_size=1, max_size=40))
def test_any_texts_make_a_mail_of_limited_size(texts: list[str]) -> None:
    told: list[Any] = []
    for number, text in enumerate(texts):
        error = {**ATTEMPT["error"], "message": text * 20}
        event = failure(number)
        content = render_mail(event).content
        assert content is not None
        facts = [[label, error["message"] if label == "Error:" else value] for label, value in content["facts"]]
        told.append({**news(event), "subject": text, "content": {**content, "facts": facts}})
    subject, mail = describe_digest(told, set(), BERLIN)
    clean = mail.clean()
    assert len(format_html(clean, subject, "https://tocsin.example/")) < GMAIL_LIMIT
    assert format_text(clean).count("\nTocsin\n") == 1
