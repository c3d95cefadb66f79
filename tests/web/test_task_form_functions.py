"""The pure functions of the task form: durations, cron expressions, queries of URLs, plans of retries, merged edits."""

import random
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.web.dashboard_modules import needs_modules, values
from tocsin import schedules
from tocsin.durations import parse_duration

pytestmark = needs_modules
T0 = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30 s", 30), ("5m", 300), ("5 min", 300), ("1 h 30 min", 5400), ("1h30m", 5400), ("2 days, 1 hour", 176_400),
        ("250 ms", 0.25), ("1.5 h", 5400), ("PT1H30M", 5400), ("P1DT2S", 86_402), ("1w", 604_800), ("PT0S", 0),
        ("", None), ("5", None), ("soon", None), ("5 min x", None), ("P", None), ("PT", None), ("-5 s", None),
    ],
)  # fmt: skip
async def test_a_duration_is_read(text: str, seconds: float | None) -> None:
    assert await values(["readSeconds", text]) == [seconds]


async def test_a_duration_survives_being_shown_and_read_again() -> None:
    chance = random.Random(3)
    counts = [chance.choice([1, 1000, 60_000, 3_600_000]) * chance.randint(1, 400) for _ in range(300)]
    isos = await values(*(["toIso", count / 1000] for count in counts))
    assert [parse_duration(iso) for iso in isos] == [timedelta(milliseconds=count) for count in counts]
    shown = await values(*(["showIso", iso] for iso in isos))
    assert await values(*(["readSeconds", text] for text in shown)) == [count / 1000 for count in counts]


def dues_of(parts: Any, days: int) -> list[datetime]:
    """Return the due times that the parts mean, in UTC."""
    kind, chosen = parts["days"]["kind"], parts["days"].get("days", [])
    found = []
    for number in range(days):
        day = T0 + timedelta(days=number)
        if kind == "every" or (day.isoweekday() if kind == "weekdays" else day.day) in chosen:
            found += [day.replace(hour=hour, minute=minute) for hour in parts["hours"] for minute in parts["minutes"]]
    return found


async def test_an_expression_is_due_when_its_days_and_hours_say() -> None:
    chance = random.Random(5)
    every = []
    for _ in range(120):
        kind = chance.choice(["every", "weekdays", "dates"])
        highest = {"every": 1, "weekdays": 7, "dates": 28}[kind]
        days = {"kind": kind} | (
            {"days": sorted(chance.sample(range(1, highest + 1), chance.randint(1, highest)))}
            if kind != "every"
            else {}
        )
        hours = sorted(chance.sample(range(24), chance.randint(1, 24)))
        minutes = chance.choice([[0], [0, 30], [0, 15, 30, 45], sorted(chance.sample(range(60), 3)), list(range(60))])
        every.append({"minutes": minutes, "hours": hours, "days": days})
    expressions = await values(*(["writeCron", parts] for parts in every))
    for parts, expression in zip(every, expressions, strict=True):
        expected = dues_of(parts, 60)[:200]
        found = schedules.preview_due_times(schedules.Cron(expression, "UTC"), T0 - timedelta(minutes=1), len(expected))
        assert found == expected, (parts, expression)
    again = await values(*(["readCron", expression] for expression in expressions))
    for parts, read_parts, expression in zip(every, again, expressions, strict=True):
        assert dues_of(read_parts, 60) == dues_of(parts, 60), expression


@pytest.mark.parametrize(
    "expression",
    [
        "0 9 1 * 1",
        "0 9 L * *",
        "0 9 * 1 *",
        "0 0 9 * * *",
        "0 9 * * 1#2",
        "@reboot",
        "",
        "61 * * * *",
        "5-1 * * * *",
        "x",
    ],
)
async def test_an_expression_that_says_more_or_is_wrong_has_no_parts(expression: str) -> None:
    assert await values(["readCron", expression]) == [None]


async def test_a_query_survives_being_shown_as_a_table() -> None:
    chance = random.Random(9)
    urls = [
        "https://example.com/a" + "".join(chance.choices(["?", "&", "=", "a", "%20", "+", "%", "#", "é", "/"], k=12))
        for _ in range(300)
    ]
    tables = await values(*(["readQuery", url] for url in urls))
    written = await values(*(["withQuery", url, table] for url, table in zip(urls, tables, strict=True)))
    assert [re.sub(r"^([^?#]*)\?(#|$)", r"\1\2", url) for url in urls] == written  # a ? without a query is dropped
    (url,) = await values(["withQuery", "https://a.example/?x=1#f", [{"name": "a b", "value": "${{ callback.url }}&"}]])
    assert url == "https://a.example/?a%20b=${{ callback.url }}%26#f"


async def test_a_plan_of_retries_is_in_order_and_marks_those_after_the_next_due_time() -> None:
    chance = random.Random(13)
    cases = [
        (
            [chance.choice([0, 1, 60, 3600, 86_400]) for _ in range(chance.randint(0, 12))],
            chance.choice([None, 60, 3600]),
        )
        for _ in range(200)
    ]
    for (waits, gap), plan in zip(cases, await values(*(["planRetries", *case] for case in cases)), strict=True):
        places = [point["place"] for point in plan["points"]]
        assert places == sorted(places)
        assert all(0 <= place <= 1 for place in places)
        sums = [sum(waits[:count]) for count in range(len(waits) + 1)]
        assert [point["at"] for point in plan["points"]] == sums
        assert [point["isOvertaken"] for point in plan["points"]] == [gap is not None and at >= gap for at in sums]


async def test_what_others_changed_is_taken_and_what_i_changed_is_kept() -> None:
    base = {"name": "a", "http": {"url": "u", "headers": [1]}, "tags": "t"}
    theirs = {"name": "b", "http": {"url": "u", "headers": [1, 2]}, "tags": "t2"}
    mine = {"name": "c", "http": {"url": "v", "headers": [1]}, "tags": "t"}
    (merged,) = await values(["rebase", mine, base, theirs])
    assert merged == {"name": "c", "http": {"url": "v", "headers": [1, 2]}, "tags": "t2"}


async def test_references_in_a_query_are_not_encoded() -> None:
    rows = [{"name": "a b", "value": "x&${{ secrets.key }}"}]
    assert await values(["withQuery", "https://a.example/", rows]) == [
        "https://a.example/?a%20b=x%26${{ secrets.key }}"
    ]


async def test_user_and_password_cannot_have_a_secret_because_they_are_encoded() -> None:
    """The reference would be encoded too, and its text sent."""
    (form,) = await values(["emptyForm"])
    errors = []
    for password in ("plain", "${{ secrets.password }}"):
        http = {**form["http"], "url": "https://a.example/", "auth": "basic", "user": "me", "password": password}
        (read,) = await values(["readForm", {**form, "name": "a", "http": http}])
        errors.append([error["field"] for error in read["errors"]])
    assert errors == [[], [["job", "http", "password"]]]


async def test_no_secret_is_kept_in_the_browser() -> None:
    http = {
        "headers": [{"name": "a", "value": "s1", "isSecret": True}, {"name": "b", "value": "plain", "isSecret": False}]
    }
    (kept,) = await values(["withoutSecrets", {"http": {**http, "token": "s2", "password": "s3", "url": "u"}}])
    assert "plain" in str(kept)
    assert not any(secret in str(kept) for secret in ("s1", "s2", "s3"))
