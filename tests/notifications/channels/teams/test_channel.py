"""What arrives at a workflow of Microsoft Teams."""

from typing import Any

import pytest

from tests.notifications.channels.helpers import (
    FAMILY,
    HOSTILE,
    PAGE,
    RULES,
    body_of,
    json_of,
    notice,
    received,
    request_line,
)
from tests.notifications.channels.samples import SAMPLES
from tocsin.notifications.channels.notice import Notice, Severity
from tocsin.notifications.channels.teams import TeamsChannel

SAMPLE = SAMPLES["teams"]


async def card_of(told: Notice) -> Any:
    seen = await received(TeamsChannel(), SAMPLE.given, SAMPLE.host, SAMPLE.success, told)
    (attachment,) = json_of(seen)["attachments"]
    return attachment["content"]


def texts_of(card: Any) -> list[str]:
    return [run["text"] for block in card["body"] for run in block["inlines"]]


async def test_a_message_is_one_adaptive_card() -> None:
    seen = await received(TeamsChannel(), SAMPLE.given, SAMPLE.host, SAMPLE.success)
    assert request_line(seen) == "POST /workflows/0123abcd/triggers/manual?sv=1&sig=c0ffeeC0ffee HTTP/1.1"
    message = json_of(seen)
    (attachment,) = message["attachments"]
    card = attachment["content"]
    assert message["type"] == "message"
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert card["body"][0]["inlines"] == [
        {
            "type": "TextRun",
            "text": 'Task "Nightly backup" has failed',
            "size": "Large",
            "weight": "Bolder",
            "color": "Attention",
        }
    ]
    assert texts_of(card)[1:] == ["The server answered 503.", "Attempts: 3"]
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "Open in Tocsin", "url": PAGE}]


async def test_good_news_is_green_and_needs_no_page() -> None:
    card = await card_of(notice(severity=Severity.SUCCESS, page=None, text=""))
    assert card["body"][0]["inlines"][0]["color"] == "Good"
    assert (len(card["body"]), "actions" in card) == (1, False)


async def test_markup_is_shown_as_it_is() -> None:
    """Only text blocks and facts are read as Markdown, and only a card with `entities` mentions anybody."""
    card = await card_of(notice(subject=HOSTILE, text=f"<at>all</at>\n{HOSTILE}"))
    assert texts_of(card) == [HOSTILE, "<at>all</at>", HOSTILE]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    assert card["msteams"] == {"width": "Full"}


@pytest.mark.parametrize("host", ["default0.1.environment.api.powerplatform.com", "prod-1.logic.azure.com"])
def test_a_workflow_can_be_anywhere(host: str) -> None:
    url = f"https://{host}:443/workflows/1?sig=1"
    assert TeamsChannel().parse_settings({"url": url}, RULES).called_url == url


@pytest.mark.parametrize("unit", ["x", "\n", "x\n", '"', FAMILY, "😀", "é"])
async def test_a_message_has_at_most_28_kilobytes(unit: str) -> None:
    told = notice(subject=unit * 100_000 + "end", text="x" + unit * 100_000 + "x")
    seen = await received(TeamsChannel(), SAMPLE.given, SAMPLE.host, SAMPLE.success, told)
    assert len(body_of(seen)) < 28_000
    lines = texts_of(json_of(seen)["attachments"][0]["content"])
    assert len(lines) <= 51
    assert lines[-1].endswith("…")
