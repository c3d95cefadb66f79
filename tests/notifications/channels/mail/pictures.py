"""Makes pictures of the mails as they arrive: in light and dark, on a phone and on a large screen.

`python -m tests.notifications.channels.mail.pictures DIRECTORY [NAME…]` sends the mails to a real mail server, and
writes the HTML, the text and pictures of each; pictures only of those whose file name contains a NAME.
"""

import asyncio
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests.conformance.node import TOOLS
from tests.notifications.channels.mail.test_channel import URL, delivery_of, part_of
from tests.notifications.channels.mail.test_texts import MAILS
from tests.notifications.helpers import START, transport_to, user
from tests.notifications.incidents.samples import incident, subject
from tests.notifications.preferences.helpers import BERLIN, choose, desk, digest, failure, recover, tell, utc
from tests.outbound.smtp import Inbox, mail_server
from tests.web.browser import CHROMIUM
from tocsin import documents
from tocsin.documents import Database, IncidentNews
from tocsin.embedded import EmbeddedDatabase
from tocsin.notifications.account_events import LinkRequested, QuotaMet
from tocsin.notifications.channels.base import ChannelContext
from tocsin.notifications.channels.mail import MailChannel
from tocsin.notifications.events import Event
from tocsin.notifications.incidents.reports import make_event
from tocsin.security.secret_box import SecretBox
from tocsin.security.unsubscribe_links import UnsubscribeLinks

_SERVER = "https://tocsin.example.org"
_NAMES = (
    "Nightly backup", "Invoices to accounting", "Exchange rates", "Stock levels of all warehouses", "Ping",
    "Newsletter", "Sales figures of yesterday", "Sitemap", "Reminders to customers", "Thumbnails",
)  # fmt: skip


def _several(**changes: object) -> documents.IncidentDocument:
    named: documents.IncidentDocument = incident(
        subjects=[subject(name) for name in _NAMES], subject_count=1_000, **changes
    )
    return named


def events() -> dict[str, Event]:
    """Return the events, with the names of their files."""
    single = {f"{number:02}-{event.kind.lower()}": event for number, (event, _, _) in enumerate(MAILS)}
    news = (IncidentNews.BEGAN, IncidentNews.FAILED, IncidentNews.STILL_FAILING, IncidentNews.RECOVERED)
    return single | {f"incident-{each.lower()}": make_event(_several(reminders=1), each) for each in news}


async def send_mails(database: Database, box: SecretBox) -> dict[str, Inbox]:
    """Send the mail about each event, and a digest, and return what arrived."""
    arrived: dict[str, Inbox] = {}
    links = UnsubscribeLinks((bytes(32),))
    for name, event in events().items():
        arrived[name] = Inbox()
        sealed = replace(event, sealed=box.seal(URL, event.id)) if isinstance(event, LinkRequested) else event
        async with mail_server(arrived[name]) as port:
            context = ChannelContext(
                database, transport_to(port), secrets=box, unsubscribe_links=links, page=_page, clock=lambda: START
            )
            await MailChannel(context).deliver(delivery_of(replace(sealed, owner="u1")))
    return arrived | {"digest": await _send_digest(database)}


def _page(path: str) -> str:
    return f"{_SERVER}{path}"


async def _send_digest(database: Database) -> Inbox:
    noon, due, inbox = utc("2026-11-22T11:00"), utc("2026-11-23T07:00"), Inbox()
    await choose(database, time_zone=BERLIN, digest=digest("DAILY", 8))
    async with desk(database, inbox, unsubscribe_links=UnsubscribeLinks((bytes(32),))) as working:
        for number, name in enumerate(_NAMES[:7]):
            moment = noon + timedelta(minutes=37 * number)
            event = replace(failure(number, stage=int(number % 3 > 0), at=moment), task_name=name)
            await tell(database, event, at=moment)
            await working.work_at(moment)
        await tell(database, QuotaMet.from_quotas("u1", ["STORAGE: 1 of 1 MB"], noon), at=noon)
        await recover(database, 4)
        await working.work_at(due)
    return inbox


def write_mails(arrived: dict[str, Inbox], directory: Path) -> list[Path]:
    """Write the HTML and the text of the mails, and return the files with HTML."""
    files = []
    for name, inbox in arrived.items():
        (sent,) = inbox.mails
        (directory / f"{name}.txt").write_text(f"Subject: {sent['Subject']}\n\n{part_of(sent, 'plain')}")
        files.append(directory / f"{name}.html")
        files[-1].write_text(part_of(sent, "html"))
    return files


async def make_mails(directory: Path) -> list[Path]:
    """Send all mails from an embedded database, and return the files with their HTML."""
    with tempfile.TemporaryDirectory(prefix="tocsin-pictures-") as data:
        server = EmbeddedDatabase(Path(data), authenticate=False)
        await server.start()
        try:
            database = await documents.connect(server.uri, "pictures")
            await user()
            arrived = await send_mails(database, SecretBox(bytes(32)))
            await database.close()
        finally:
            await server.stop()
    return write_mails(arrived, directory)


def main() -> None:
    """Write the HTML, the text and the pictures."""
    directory, names = Path(sys.argv[1]).resolve(), sys.argv[2:]
    directory.mkdir(parents=True, exist_ok=True)
    files = asyncio.run(make_mails(directory))
    shown = [each for each in files if not names or any(name in each.name for name in names)]
    command = ["node", "mail.mjs", str(CHROMIUM), str(directory), *map(str, shown)]
    subprocess.run(command, cwd=TOOLS, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
