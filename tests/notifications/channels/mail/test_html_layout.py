"""The HTML of mails: complete, escaped, small, and legible in Chromium at each width."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.node import TOOLS, needs_node
from tests.notifications.channels.mail.html_text import HtmlText
from tests.notifications.channels.mail.test_texts import MAILS
from tests.web.browser import CHROMIUM
from tocsin.notifications.channels.mail.html_layout import Footer, format_html
from tocsin.notifications.content import Button, MailContent, Tone
from tocsin.notifications.events import Event
from tocsin.notifications.texts import describe_event

ADDRESS = "https://tocsin.example.org/playground?query=a&variables=b"
GMAIL_LIMIT = 102_000
"""Gmail shows only the beginning of a longer mail."""
EVIL = '"><img src=x onerror="alert(1)"><a href=https://evil.test/>\u202egnp.exe</a>&amp;<!--'


def content(**changes: Any) -> MailContent:
    given: dict[str, Any] = {
        "headline": 'Your task "A" has failed.',
        "opening": "It will not be retried.",
        "facts": [("Error:", "503"), ("Due:", "noon")],
        "closing": "That is all.",
        "button": Button("Open the run", "Open:"),
    }
    return MailContent(**given | changes)


def html_of(event: Event) -> str:
    subject, about = describe_event(event)
    return format_html(about.clean(), subject, ADDRESS)


def links(html: str) -> list[str | None]:
    return [given["href"] for tag, given in HtmlText(html).tags if tag == "a"]


def test_a_mail_shows_its_parts_in_order() -> None:
    html = format_html(content(notes=["It works again.", "One mail was withheld."]), "Subject", ADDRESS)
    assert HtmlText(html).shown == (
        "Tocsin It works again. One mail was withheld. "
        'Your task "A" has failed. It will not be retried. Error 503 Due noon '
        "Open the run The button opens tocsin.example.org. That is all."
    )
    assert HtmlText(html).hidden.startswith("Subject ")
    assert HtmlText(html).hidden.endswith(" 503")
    assert links(html) == [ADDRESS]


def test_a_secret_link_comes_before_the_facts_and_can_be_copied() -> None:
    html = format_html(content(button=Button("Choose")), "S", ADDRESS)
    assert (
        f"Choose If the button does not work, open this address: {ADDRESS} Error 503 Due noon" in HtmlText(html).shown
    )
    assert links(html) == [ADDRESS, ADDRESS]


@pytest.mark.parametrize("changes", [{"button": None}, {"button": None, "opening": "", "facts": []}])
def test_what_a_mail_does_not_have_leaves_no_trace(changes: dict[str, Any]) -> None:
    html = format_html(content(**changes), "S", ADDRESS)
    assert links(html) == []
    assert "opens" not in HtmlText(html).shown


def test_a_mail_without_an_address_has_no_button() -> None:
    assert links(format_html(content(), "S", None)) == []


def test_the_link_that_turns_mails_off_is_the_last() -> None:
    html = format_html(content(), "S", ADDRESS, Footer('You get a mail when "<b>" happens.', 'https://x.test/"><i>'))
    assert links(html) == [ADDRESS, 'https://x.test/"><i>']
    assert HtmlText(html).shown.endswith('That is all. You get a mail when "<b>" happens. Turn off these mails')
    assert {tag for tag, _ in HtmlText(html).tags}.isdisjoint({"b", "i"})


@pytest.mark.parametrize("address", ["https://u:p@host.test/", "https://host.test/\"><b onclick='x'>"])
def test_an_address_is_escaped_and_shown_without_its_user(address: str) -> None:
    html = format_html(content(), "S", address)
    assert "The button opens host.test." in HtmlText(html).shown
    assert links(html) == [address]
    assert [tag for tag, _ in HtmlText(html).tags if tag == "b"] == []


@pytest.mark.parametrize(("event", "subject"), [(event, subject) for event, subject, _ in MAILS])
def test_each_mail_is_whole_and_loads_nothing(event: Event, subject: str) -> None:
    html = html_of(event)
    tags = HtmlText(html).tags
    assert html.startswith("<!DOCTYPE html>\n")
    assert tags[0] == ("html", {"lang": "en", "dir": "ltr"})
    assert not {tag for tag, _ in tags} & {"img", "link", "script", "iframe", "object", "form", "svg", "base"}
    assert not {name for _, given in tags for name in given} & {"src", "srcset", "background", "action", "onclick"}
    assert set(re.findall(r"https?://[^\s\"<]+", html)) <= {
        ADDRESS.replace("&", "&amp;"), "https://api.example.org/backup",
    }  # fmt: skip
    for tag in ("table", "tr", "td", "th", "p", "div", "span", "a", "h1"):
        assert len(re.findall(rf"<{tag}[ >]", html)) == html.count(f"</{tag}>")


def test_the_colors_tell_the_tone() -> None:
    bars = {tone: format_html(content(tone=tone), "S", ADDRESS).count(f'class="{tone.lower()}"') for tone in Tone}
    assert set(bars.values()) == {1}


def test_a_sign_and_a_word_tell_the_tone_too() -> None:
    shown = {tone: HtmlText(format_html(content(tone=tone), "S", ADDRESS)).shown.split(" Your")[0] for tone in Tone}
    assert shown == {
        Tone.FAILURE: "Tocsin \u2715 Failure",
        Tone.WARNING: "Tocsin \u25b2 Warning",
        Tone.NOTICE: "Tocsin",
        Tone.SUCCESS: "Tocsin \u2713 Success",
    }


def test_facts_with_one_label_are_one_row() -> None:
    facts = [("Tasks:", "A"), ("Tasks:", "<b>"), ("Others:", "7"), ("Tasks:", "C")]
    html = format_html(content(facts=facts), "S", ADDRESS)
    assert "Tasks A <b> Others 7 Tasks C Open the run" in HtmlText(html).shown
    assert html.count("<th ") == 3


def test_the_longest_mail_is_shown_whole_by_gmail() -> None:
    longest = '"' * 10_000
    about = content(
        headline=longest, opening=longest, closing=longest, facts=[(f"Quota {number}:", longest) for number in range(3)]
    )
    assert 60_000 < len(format_html(about.clean(), "S" * 200, ADDRESS + "x" * 2_000).encode()) < GMAIL_LIMIT


# --- in Chromium ------------------------------------------------------------------------------------------------------


async def rendered(tmp_path: Path, mails: dict[str, str]) -> list[Any]:
    """Open each of these mails in Chromium, and return what was found in each color scheme and at each width."""
    for name, html in mails.items():
        (tmp_path / f"{name}.html").write_text(html)
    files = [str(tmp_path / f"{name}.html") for name in mails]
    process = await asyncio.create_subprocess_exec(
        "node", "mail.mjs", str(CHROMIUM), "", *files,
        cwd=TOOLS, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(200):
            printed, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, errors.decode()
    return [json.loads(line) for line in printed.splitlines()]


@needs_node
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the PATH; run scripts/install-browser")
async def test_mails_fit_each_width_are_legible_and_ask_for_nothing(tmp_path: Path) -> None:
    wide = content(headline=f'Your task "{"x" * 10_000}" has failed.', facts=[("Called:", "https://a.b/" + "y" * 900)])
    secret = content(button=Button("Choose"), facts=[("Error:", EVIL), ("Message:", "\u0645\u0631\u062d\u0628\u0627")])
    addresses = {"wide": ADDRESS, "secret": f"https://{'host.' * 40}test/#reset={'z' * 300}"}
    mails = {"wide": format_html(wide, "S", ADDRESS), "secret": format_html(secret, EVIL, addresses["secret"])}
    found = await rendered(tmp_path, mails)
    assert len(found) == len(mails) * 2 * 3
    for each in found:
        assert (each["overflow"], each["outside"], each["cut"]) == (0, 0, 0), each["name"]
        assert (each["faint"], each["requests"], each["scripts"]) == ([], [], 0)
        assert each["links"] == [addresses[each["name"]]]
        assert each["texts"] >= 7
        assert each["stacked"] is (each["width"] < 480)
    assert {each["background"] for each in found} == {"rgb(244, 241, 248)", "rgb(22, 28, 41)"}
    assert all(EVIL in each["text"] for each in found if each["name"] == "secret")
