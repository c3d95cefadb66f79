"""Turning mails off by a link: with one click as mail programs do it, and by the page, over real HTTP."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from html import unescape

import httpx
import pytest
from pymongo.errors import AutoReconnect

from tests.graphql.conftest import Api
from tests.notifications.channels.mail.html_text import HtmlText
from tests.notifications.channels.mail.test_channel import delivery_of, part_of
from tests.notifications.channels.mail.test_texts import MAILS
from tests.notifications.helpers import transport_to
from tests.outbound.smtp import Inbox, mail_server
from tocsin import clock
from tocsin.documents import User
from tocsin.notifications.account_events import QuotaMet
from tocsin.notifications.channels.base import ChannelContext, DeliverySuppressed
from tocsin.notifications.channels.mail import MailChannel
from tocsin.notifications.events import ACCOUNT_EVENTS, LINK_EVENTS, Event, EventKind
from tocsin.notifications.pages import UNSUBSCRIBE_PATH
from tocsin.notifications.preferences.gate import admit_delivery
from tocsin.notifications.preferences.unsubscribe import OPTIONAL_MAILS, find_mails_off, turn_mails_off
from tocsin.security.unsubscribe_links import LIFETIME, UNDO_LIFETIME, UnsubscribeLink, UnsubscribeLinks

SERVER = "https://tocsin.test"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
OPTIONAL_EVENTS = [event for event, _, _ in MAILS if event.kind not in ACCOUNT_EVENTS]
FORM = "application/x-www-form-urlencoded"


def alice_of(api: Api) -> User:
    assert api.alice.user is not None
    return api.alice.user


def path_of(api: Api, kind: EventKind = EventKind.BEGAN_FAILING, user: str | None = None) -> str:
    link = UnsubscribeLink(user or alice_of(api).id, kind)
    return UNSUBSCRIBE_PATH + api.services.unsubscribe_links.sign(link, clock.now())


async def off(api: Api) -> set[str]:
    return await find_mails_off(api.database, alice_of(api).id)


async def post(api: Api, path: str, fields: dict[str, str]) -> httpx.Response:
    return await api.nobody.http.post(path, data=fields)


def buttons_of(page: str) -> list[dict[str, str]]:
    """Return the fields that each button of a page posts."""
    forms = re.findall(r'<form method="post">(.*?)</form>', page, re.DOTALL)
    return [{unescape(n): unescape(v) for n, v in re.findall(r'name="(.*?)" value="(.*?)"', each)} for each in forms]


async def click(api: Api, path: str, page: httpx.Response, button: int) -> httpx.Response:
    return await post(api, path, buttons_of(page.text)[button])


@asynccontextmanager
async def mail_channel(api: Api, inbox: Inbox) -> AsyncIterator[MailChannel]:
    async with mail_server(inbox) as port:
        context = ChannelContext(
            api.database,
            transport_to(port),
            unsubscribe_links=api.services.unsubscribe_links,
            page=lambda path: f"{SERVER}{path}",
        )
        yield MailChannel(context)


async def delivered(api: Api, event: Event) -> EmailMessage:
    """Deliver the mail about an event to Alice by SMTP, and return it as it arrived."""
    inbox = Inbox()
    async with mail_channel(api, inbox) as channel:
        await channel.deliver(delivery_of(replace(event, owner=alice_of(api).id)))
    (sent,) = inbox.mails
    return sent


def link_in(sent: EmailMessage) -> str:
    """Return the link of the header, which is also in both parts of the mail."""
    match = re.fullmatch(r"<(https://\S+)>", sent["List-Unsubscribe"])
    assert match is not None
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert part_of(sent, "plain").split()[-5:] == ["Turn", "off", "these", "mails:", match[1]]
    links = [given["href"] for tag, given in HtmlText(part_of(sent, "html")).tags if tag == "a"]
    assert links[-1] == match[1]
    return match[1].removeprefix(SERVER)


# --- by one click -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["urlencoded", "multipart"])
async def test_a_mail_program_turns_off_mails_with_one_click(api: Api, encoding: str) -> None:
    path = link_in(await delivered(api, OPTIONAL_EVENTS[0]))
    multipart = {name: (None, value) for name, value in ONE_CLICK.items()}
    given = {"data": ONE_CLICK} if encoding == "urlencoded" else {"files": multipart}
    answer = await api.nobody.http.post(path, **given)
    assert answer.status_code == 200
    assert await off(api) == {OPTIONAL_EVENTS[0].kind}


@pytest.mark.parametrize("event", OPTIONAL_EVENTS, ids=lambda event: event.id)
async def test_the_mails_of_each_kind_can_be_turned_off_and_then_do_not_come(api: Api, event: Event) -> None:
    path = link_in(await delivered(api, event))
    assert (await post(api, path, ONE_CLICK)).status_code == 200
    assert await off(api) == {event.kind}
    with pytest.raises(DeliverySuppressed, match=f"mails about {event.kind} are turned off"):
        await admit_delivery(api.database, delivery_of(replace(event, owner=alice_of(api).id)), clock.now())
    assert (await click(api, path, await api.nobody.http.get(path), 0)).status_code == 200
    assert link_in(await delivered(api, event))


async def test_every_optional_kind_has_a_mail_here() -> None:
    assert {event.kind for event in OPTIONAL_EVENTS} == OPTIONAL_MAILS


@pytest.mark.parametrize("event", [event for event, _, _ in MAILS if event.kind in ACCOUNT_EVENTS - LINK_EVENTS])
async def test_mails_about_the_account_have_no_such_link_and_always_come(api: Api, event: Event) -> None:
    await turn_mails_off(api.database, alice_of(api).id, list(EventKind))
    sent = await delivered(api, event)
    assert (sent["List-Unsubscribe"], sent["List-Unsubscribe-Post"]) == (None, None)
    assert UNSUBSCRIBE_PATH not in part_of(sent, "plain") + part_of(sent, "html")


async def test_without_https_the_link_is_only_in_the_text(api: Api) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        context = ChannelContext(
            api.database, transport_to(port), unsubscribe_links=api.services.unsubscribe_links, page="http://x{}".format
        )
        delivery = delivery_of(QuotaMet.from_quotas(alice_of(api).id, ["10 runs"], clock.now()))
        message = await MailChannel(context).deliver(delivery)
    (sent,) = inbox.mails
    assert sent["List-Unsubscribe"] is None
    assert f"http://x{UNSUBSCRIBE_PATH}" in part_of(sent, "plain")
    assert UNSUBSCRIBE_PATH not in message.text  # whoever has the link can use it


async def test_one_click_can_be_repeated(api: Api) -> None:
    path = path_of(api)
    assert [(await post(api, path, ONE_CLICK)).status_code for _ in range(3)] == [200] * 3
    assert await off(api) == {EventKind.BEGAN_FAILING}
    assert await api.database.audit_entries.count_documents({"action": "MAILS_TURNED_OFF"}) == 1


# --- by the page ------------------------------------------------------------------------------------------------------


async def test_scanners_that_open_the_link_turn_nothing_off(api: Api) -> None:
    path = path_of(api)
    for _ in range(3):
        assert (await api.nobody.http.get(path)).status_code == 200
        assert (await api.nobody.http.head(path)).status_code == 200
    answer = await api.nobody.http.put(path, data=ONE_CLICK)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")
    assert await off(api) == set()


async def test_the_page_says_what_is_turned_off_and_can_undo_it(api: Api) -> None:
    path = path_of(api)
    asked = await api.nobody.http.get(path)
    assert "You get a mail when a task or workflow begins to fail." in HtmlText(asked.text).shown
    done = await click(api, path, asked, 0)
    assert "You get no mail any more when a task or workflow begins to fail." in HtmlText(done.text).shown
    assert await off(api) == {"BEGAN_FAILING"}
    again = await api.nobody.http.get(path)
    assert "These mails are turned off" in HtmlText(again.text).shown
    assert "These mails are turned on" in HtmlText((await click(api, path, again, 0)).text).shown
    assert await off(api) == set()
    entries = await api.database.audit_entries.find({"actor_name": "link in a mail"}).to_list()
    assert [(entry["action"], entry["detail"], entry["email"]) for entry in entries] == [
        ("MAILS_TURNED_OFF", "BEGAN_FAILING", "alice@example.test"),
        ("MAILS_TURNED_ON", "BEGAN_FAILING", "alice@example.test"),
    ]


async def test_all_mails_are_a_second_choice_and_undoing_it_leaves_what_was_off_before(api: Api) -> None:
    await turn_mails_off(api.database, alice_of(api).id, [EventKind.APPROVAL])
    path = path_of(api)
    done = await click(api, path, await api.nobody.http.get(path), 1)
    assert await off(api) == OPTIONAL_MAILS
    await click(api, path, done, 0)
    assert await off(api) == {"APPROVAL"}


async def test_a_link_turns_on_only_what_was_turned_off_by_its_page_and_not_for_long(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = path_of(api)
    await turn_mails_off(api.database, alice_of(api).id, [EventKind.APPROVAL])
    done = await post(api, path, ONE_CLICK)
    (button,) = buttons_of(done.text)
    assert api.bob.user is not None
    foreign = api.services.unsubscribe_links.sign_undo(api.bob.user.id, ["APPROVAL"], clock.now())
    more = button["turn-on"].replace("BEGAN_FAILING", "BEGAN_FAILING APPROVAL")
    for forged in ("APPROVAL", "", more, foreign, path.removeprefix(UNSUBSCRIBE_PATH)):
        refused = await post(api, path, {"turn-on": forged})
        assert (refused.status_code, "works for an hour" in refused.text) == (400, True)
    later = clock.now() + UNDO_LIFETIME
    with monkeypatch.context() as afterwards:
        afterwards.setattr(clock, "now", lambda: later)
        assert (await post(api, path, button)).status_code == 400
    assert await off(api) == {"BEGAN_FAILING", "APPROVAL"}
    assert [(await post(api, path, button)).status_code for _ in range(2)] == [200, 200]
    assert await off(api) == {"APPROVAL"}
    assert await api.database.audit_entries.count_documents({"action": "MAILS_TURNED_ON"}) == 1


async def test_the_page_tells_nothing_about_the_account_and_loads_nothing(api: Api) -> None:
    for answer in (await api.nobody.http.get(path_of(api)), await post(api, path_of(api), ONE_CLICK)):
        assert "alice" not in answer.text
        assert not {tag for tag, _ in HtmlText(answer.text).tags} & {"script", "img", "link", "iframe"}
        assert "script-src" not in (policy := answer.headers["content-security-policy"])
        assert "default-src 'none'" in policy
        assert "form-action 'self'" in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("change", ["cut", "forged", "other key", "file", "short", "letters"])
async def test_a_link_that_is_not_ours_is_a_clear_page(api: Api, change: str) -> None:
    path = path_of(api)
    foreign = UnsubscribeLinks((b"x" * 32,)).sign(UnsubscribeLink(alice_of(api).id, "APPROVAL"), clock.now())
    changed = {
        "cut": path[:-1],
        "forged": path.replace("BEGAN_FAILING", "APPROVAL"),
        "other key": UNSUBSCRIBE_PATH + foreign,
        "file": UNSUBSCRIBE_PATH + api.services.files.links.sign(f"{alice_of(api).id}/1", clock.now())[0],
        "short": f"{UNSUBSCRIBE_PATH}x",
        "letters": f"{UNSUBSCRIBE_PATH}%C3%BC.%F0%9F%98%80.x",
    }[change]
    for answer in (await api.nobody.http.get(changed), await post(api, changed, ONE_CLICK)):
        assert answer.status_code == 404
        assert "This link is not valid" in HtmlText(answer.text).shown
    assert await off(api) == set()


async def test_an_old_link_and_one_of_a_deleted_account_are_gone(api: Api) -> None:
    link = UnsubscribeLink(alice_of(api).id, "APPROVAL")
    old = api.services.unsubscribe_links.sign(link, clock.now() - LIFETIME - timedelta(hours=1))
    for path, title in ((UNSUBSCRIBE_PATH + old, "has expired"), (path_of(api, user="nobody"), "nothing to turn off")):
        answer = await post(api, path, ONE_CLICK)
        assert (answer.status_code, title in answer.text) == (410, True)
    assert await api.database.notification_preferences.count_documents({}) == 0


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"", FORM, 400),
        (b"List-Unsubscribe=Two-Clicks", FORM, 400),
        (b"turn-off=everything", FORM, 400),
        (b"turn-on=PASSWORD_CHANGED+x", FORM, 400),
        (b'{"List-Unsubscribe": "One-Click"}', "application/json", 415),
        (b"a=" + b"x" * 10_000, FORM, 413),
    ],
)
async def test_any_other_request_changes_nothing_and_says_why(
    api: Api, content: bytes, content_type: str, status: int
) -> None:
    answer = await api.nobody.http.post(path_of(api), content=content, headers={"Content-Type": content_type})
    assert (answer.status_code, "Nothing was changed." in answer.text) == (status, True)
    assert await off(api) == set()


async def test_requests_are_limited_by_address(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.web.unsubscribe._COST", api.services.settings.cost_limit * 0.7)
    assert (await api.nobody.http.get(path_of(api))).status_code == 200
    refused = await post(api, path_of(api), ONE_CLICK)
    assert (refused.status_code, await off(api)) == (429, set())
    assert int(refused.headers["retry-after"]) >= 1


async def test_without_a_database_the_answer_is_503(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise AutoReconnect("connection closed")

    monkeypatch.setattr("tocsin.web.unsubscribe.turn_mails_off", fail)
    assert (await post(api, path_of(api), ONE_CLICK)).status_code == 503
