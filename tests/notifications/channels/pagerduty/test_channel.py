"""What arrives at PagerDuty."""

from typing import Any

import pytest

from tests.notifications.channels.helpers import (
    FAMILY,
    HOSTILE,
    NOTICE,
    PAGE,
    json_of,
    notice,
    received,
    request_line,
    utf16,
)
from tests.notifications.channels.samples import SAMPLES
from tocsin.notifications.channels.notice import Notice, Severity
from tocsin.notifications.channels.pagerduty import PagerDutyChannel

SAMPLE = SAMPLES["pagerduty"]


async def event_of(told: Notice) -> Any:
    return json_of(await received(PagerDutyChannel(), SAMPLE.given, SAMPLE.host, SAMPLE.success, told))


async def test_bad_news_opens_an_alert() -> None:
    seen = await received(PagerDutyChannel(), SAMPLE.given, SAMPLE.host, SAMPLE.success)
    assert request_line(seen) == "POST /v2/enqueue HTTP/1.1"
    assert json_of(seen) == {
        "routing_key": "c0ffee0123456789c0ffee0123456789",
        "event_action": "trigger",
        "dedup_key": "u1/t1:0",
        "payload": {
            "summary": 'Task "Nightly backup" has failed',
            "source": "tocsin.example",
            "severity": "error",
            "timestamp": "2026-11-22T09:00:11+00:00",
            "class": "task.failed",
            "custom_details": {
                **NOTICE.data,
                "text": "The server answered 503.\nAttempts: 3",
            },
        },
        "client": "Tocsin",
        "client_url": PAGE,
        "links": [{"href": PAGE, "text": "Open in Tocsin"}],
    }


async def test_the_end_of_an_incident_resolves_its_alert() -> None:
    event = await event_of(notice(kind="RUN_RECOVERED", is_over=True, severity=Severity.SUCCESS))
    assert (event["event_action"], event["dedup_key"], event["payload"]["severity"]) == ("resolve", "u1/t1:0", "info")


async def test_a_notice_without_an_incident_is_an_alert_of_its_own() -> None:
    event = await event_of(notice(incident=None, page=None))
    assert (event["event_action"], event["dedup_key"]) == ("trigger", "u1/t1:0:failed")
    assert (event["payload"]["source"], "links" in event) == ("tocsin", False)


async def test_a_long_incident_has_a_short_key_of_its_own() -> None:
    keys = [(await event_of(notice(incident="x" * 254 + end)))["dedup_key"] for end in ("a", "bc", "bc", "bd")]
    assert keys[0] == "x" * 254 + "a"
    assert keys[1] == keys[2] != keys[3]
    assert len(keys[1]) == 64


async def test_a_european_account_has_another_host() -> None:
    given = {**SAMPLE.given, "region": "EU"}
    seen = await received(PagerDutyChannel(), given, "events.eu.pagerduty.com", SAMPLE.success)
    assert b"\r\nHost: events.eu.pagerduty.com\r\n" in seen


@pytest.mark.parametrize("unit", ["x", FAMILY, "😀"])
async def test_a_long_summary_is_cut(unit: str) -> None:
    summary = (await event_of(notice(subject=unit * 20_000, text=HOSTILE)))["payload"]["summary"]
    assert 1_000 < utf16(summary) <= 1_024
    assert len(summary.removesuffix("…")) % len(unit) == 0
