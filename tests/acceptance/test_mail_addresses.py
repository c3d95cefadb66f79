"""An address agrees to get the alerts of an account, and ends them with one click: a serving process, real mails."""

import re
from collections import Counter
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.server import Server, run_server
from tests.acceptance.test_notification_channels import ALICE, fail_a_task, log_in
from tests.harness import wait_until
from tests.notifications.channels.mail.test_channel import part_of
from tests.outbound.smtp import Inbox, mail_server

OPS = "ops@example.com"
REQUEST = """mutation($i: RequestMailAddressInput!) { requestMailAddress(input: $i) {
  mailAddress { requestedEmail } userErrors { message } } }"""
CONFIRM = "mutation($i: ConfirmMailAddressInput!) { confirmMailAddress(input: $i) { email userErrors { message } } }"
PUBLIC = "https://tocsin.example"


async def arrived(inbox: Inbox, count: int) -> None:
    async def all_of_them() -> bool:
        return len(inbox.mails) == count

    await wait_until(all_of_them, 30)


def alerts(inbox: Inbox) -> list[EmailMessage]:
    """Return the mails that can be turned off."""
    return [mail for mail in inbox.mails if mail["List-Unsubscribe"]]


async def click(server: Server, sent: EmailMessage, **form: Any) -> None:
    """Post the link in the header of a mail, as a mail program does."""
    path = str(sent["List-Unsubscribe"]).strip("<>").removeprefix(PUBLIC)
    async with httpx.AsyncClient(base_url=server.url.removesuffix("/graphql")) as mail_program:
        answer = await mail_program.post(path, **form)
    assert answer.status_code == 200, answer.text


async def test_alerts_go_to_an_address_that_agreed_until_it_ends_them(tmp_path: Path) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        smtp = {"TOCSIN_SMTP_HOST": "127.0.0.1", "TOCSIN_SMTP_PORT": str(port), "TOCSIN_SMTP_TLS": "none"}
        async with run_server(tmp_path, TOCSIN_PUBLIC_URL=PUBLIC, **smtp) as server:
            await log_in(server)
            asked = await server.query(REQUEST, {"i": {"purpose": "ALERTS", "email": OPS}})
            assert asked["requestMailAddress"] == {"mailAddress": {"requestedEmail": OPS}, "userErrors": []}
            await arrived(inbox, 1)
            link = re.search(r"#address=(\S{43})", part_of(inbox.mails[0], "plain"))
            assert link is not None
            confirmed = await server.query(CONFIRM, {"i": {"token": link[1]}})
            assert confirmed["confirmMailAddress"] == {"email": OPS, "userErrors": []}

            await fail_a_task(server, "first")
            await arrived(inbox, 3)
            (first,) = alerts(inbox)
            assert first["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
            await click(server, first, data={"List-Unsubscribe": "One-Click"})
            await fail_a_task(server, "second")
            await arrived(inbox, 5)
            await click(server, alerts(inbox)[1], files={"List-Unsubscribe": (None, "One-Click")})
            await fail_a_task(server, "third")

            async def suppressed() -> bool:
                return "SUPPRESSED" in await server.run_command("mails", "list")

            await wait_until(suppressed, 30)
    sent = zip(inbox.recipients, inbox.mails, strict=True)
    assert [to for to, mail in sent if mail["List-Unsubscribe"]] == [OPS, ALICE]
    assert Counter(inbox.recipients) == {OPS: 2, ALICE: 3}, "a link, two alerts, and two notices of the address"
