"""Turning off digests by the link in one: sent by SMTP, and turned off over real HTTP with one click or by the page."""

from dataclasses import replace
from email.message import EmailMessage
from typing import Any

from tests.graphql.conftest import Api
from tests.notifications.channels.mail.html_text import HtmlText
from tests.notifications.channels.mail.test_channel import part_of
from tests.notifications.digests.test_collection import HOUR
from tests.notifications.preferences.helpers import PAGE, choose, desk, digest, failure, tell
from tests.outbound.smtp import Inbox
from tests.web.test_unsubscribe import ONE_CLICK, alice_of, click, off, post
from tocsin import clock
from tocsin.documents import MailPurpose
from tocsin.notifications.account_events import QuotaMet
from tocsin.notifications.digests.addresses import find_digest_kinds
from tocsin.notifications.preferences.mail_addresses import list_mail_addresses, mail_address_id
from tocsin.notifications.preferences.unsubscribe import OPTIONAL_MAILS

OPS = "ops@example.org"


async def send_digests(api: Api, inbox: Inbox, *except_kinds: str) -> None:
    """Let a task fail, a quota be met, and the hour end, so that the digests about these are sent."""
    owner, then = alice_of(api).id, clock.now() - 2 * HOUR
    await choose(api.database, owner, digest=digest("HOURLY", 8, *except_kinds))
    events = [replace(failure(1, at=then), owner=owner), QuotaMet.from_quotas(owner, ["10 runs"], then)]
    async with desk(api.database, inbox, unsubscribe_links=api.services.unsubscribe_links) as working:
        await tell(api.database, *events, at=then)
        await working.work_at(then)
        await working.work_at(clock.now())


async def use_ops(api: Api) -> None:
    owner = alice_of(api).id
    stored = {"_id": mail_address_id(owner, MailPurpose.ALERTS), "owner": owner, "purpose": "ALERTS", "email": OPS}
    await api.database.db["mail_addresses"].insert_one(stored)


def link_in(sent: EmailMessage) -> str:
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = str(sent["List-Unsubscribe"]).strip("<>")
    assert part_of(sent, "plain").split()[-1] == link
    links = [given["href"] for tag, given in HtmlText(part_of(sent, "html")).tags if tag == "a"]
    assert links[-1] == link
    return link.removeprefix(PAGE)


async def digest_link(api: Api, *except_kinds: str) -> str:
    inbox = Inbox()
    await send_digests(api, inbox, *except_kinds)
    (sent,) = [each for each in inbox.mails if "DIGEST" in str(each["List-Unsubscribe"])]
    return link_in(sent)


async def states(api: Api) -> Any:
    return {each["kind"]: each["status"] async for each in api.database.deliveries.find({})}


async def test_one_click_in_a_digest_turns_off_all_that_it_can_tell(api: Api) -> None:
    path = await digest_link(api, "RUN_MISSED")
    assert (await post(api, path, ONE_CLICK)).status_code == 200
    assert await off(api) == OPTIONAL_MAILS - {"APPROVAL", "RUN_MISSED"}
    assert (await post(api, path, ONE_CLICK)).status_code == 200
    await api.database.deliveries.delete_many({})
    inbox = Inbox()
    await send_digests(api, inbox)
    assert inbox.mails == []
    assert await states(api) == {"FAILED_FOR_GOOD": "SUPPRESSED", "QUOTA_MET": "SUPPRESSED"}


async def test_the_page_of_a_digest_lists_what_it_turns_off_and_undoes_just_that(api: Api) -> None:
    path = await digest_link(api, "RUN_MISSED")
    await choose(api.database, alice_of(api).id, mail_off=["RECOVERED"])
    asked = await api.nobody.http.get(path)
    shown = HtmlText(asked.text).shown
    assert "ends all mails, also single ones, when a task or workflow begins to fail, " in shown
    assert "a report is ready, a replay of dead letters has ended, " in shown
    assert ", or the network of the server is back. You can turn off these mails, " in shown
    assert "waits for your decision" not in shown
    assert "were missed" not in shown
    assert await off(api) == {"RECOVERED"}
    done = await click(api, path, asked, 0)
    assert "You get no mail any more when a task or workflow begins to fail, " in HtmlText(done.text).shown
    assert await off(api) == OPTIONAL_MAILS - {"APPROVAL", "RUN_MISSED"}
    assert "These mails are turned off" in HtmlText((await api.nobody.http.get(path)).text).shown
    await click(api, path, done, 0)
    assert await off(api) == {"RECOVERED"}


async def test_one_click_in_the_digest_of_another_address_leaves_the_alerts_to_the_account(api: Api) -> None:
    await use_ops(api)
    inbox = Inbox()
    await send_digests(api, inbox)
    assert sorted(inbox.recipients) == ["alice@example.test", OPS]
    path = link_in(inbox.mails[inbox.recipients.index(OPS)])
    shown = HtmlText((await api.nobody.http.get(path)).text).shown
    assert "Tocsin sends mails to this address when a task or workflow begins to fail, " in shown
    assert "quota" not in shown
    assert (await post(api, path, ONE_CLICK)).status_code == 200
    assert await off(api) == set()
    (address,) = await list_mail_addresses(api.database, alice_of(api).id)
    assert address.get("email") is None
    assert "No more of these mails" in (await api.nobody.http.get(path)).text


async def test_the_digest_of_the_account_leaves_the_mails_of_another_address_on(api: Api) -> None:
    await use_ops(api)
    inbox = Inbox()
    await send_digests(api, inbox)
    path = link_in(inbox.mails[inbox.recipients.index("alice@example.test")])
    assert (await post(api, path, ONE_CLICK)).status_code == 200
    alerts = set(await find_digest_kinds(api.database, alice_of(api).id, MailPurpose.ALERTS))
    assert await off(api) == OPTIONAL_MAILS - alerts - {"APPROVAL"}


async def test_a_digest_that_can_tell_of_nothing_has_nothing_to_turn_off(api: Api) -> None:
    path = await digest_link(api)
    await choose(api.database, alice_of(api).id, digest=digest("HOURLY", 8, *OPTIONAL_MAILS))
    for answer in (await api.nobody.http.get(path), await post(api, path, ONE_CLICK)):
        assert (answer.status_code, "nothing to turn off" in answer.text) == (200, True)
    assert await off(api) == set()
