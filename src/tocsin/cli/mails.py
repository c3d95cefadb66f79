"""`tocsin mails`: the mails to users and their deliveries."""

from typing import Annotated

import typer

from tocsin import clock, config
from tocsin.cli.formatting import format_time, print_json
from tocsin.cli.numbers import whole_number
from tocsin.cli.runner import run_with_database
from tocsin.documents import Database, DeliveryDocument, DeliveryStatus, to_global_id
from tocsin.errors import TocsinError
from tocsin.notifications.channels.mail.layout import insert_page_address
from tocsin.notifications.channels.mail.recipients import find_mail_address
from tocsin.notifications.deliveries import list_newest
from tocsin.notifications.pages import run_type_name
from tocsin.outbound.mail_text import clean_line

app = typer.Typer(help="Show the mails to users, sent by SMTP or written to files.", no_args_is_help=True)

_MAX_LIMIT = 1000
Limit = Annotated[
    int, typer.Option(parser=whole_number(1, _MAX_LIMIT), metavar="INTEGER", help="Maximum number of mails.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print a JSON array, including the texts.")]
Which = Annotated[str, typer.Argument(help="The id of a mail, or its number in the list.", metavar="ID_OR_NUMBER")]


@app.command("list")
def list_(limit: Limit = 20, as_json: AsJson = False) -> None:
    """List mails, newest first."""

    async def work(database: Database) -> list[DeliveryDocument]:
        return [await _with_recipient(database, mail) for mail in await list_newest(database, limit, clock.now())]

    mails = list(enumerate(run_with_database(work), 1))
    if as_json:
        print_json([_as_json(number, mail) for number, mail in mails], ascii_only=True)
    else:
        typer.echo("\n".join(_line(number, mail) for number, mail in mails) or "There are no mails.")


@app.command()
def show(mail: Which) -> None:
    """Show one mail with its headers, delivery and text. Includes mails that jobs sent (kind JOB)."""

    async def work(database: Database) -> DeliveryDocument:
        return await _with_recipient(database, await _find(database, mail))

    found = run_with_database(work)
    for label, value in _headers(found):
        typer.echo(clean_line(f"{label}: {value}"))
    typer.echo("\n" + "\n".join(map(clean_line, found["text"].split("\n"))), nl=False)


async def _find(database: Database, mail: str) -> DeliveryDocument:
    if mail.isascii() and mail.isdecimal():
        return await _find_by_number(database, int(mail))
    found = await database.deliveries.find_one({"_id": mail})
    if found is None:
        raise TocsinError(f"There is no mail {mail!r}; `tocsin mails list` shows them.")
    return found


async def _find_by_number(database: Database, number: int) -> DeliveryDocument:
    mails = await list_newest(database, number, clock.now()) if 1 <= number <= _MAX_LIMIT else []
    if not mails or len(mails) != number:
        raise TocsinError(f"There is no mail number {number}; `tocsin mails list` shows them.")
    return mails[-1]


async def _with_recipient(database: Database, mail: DeliveryDocument) -> DeliveryDocument:
    """Return the mail with its recipient, and with the page link in its text."""
    text, link, run_id = mail["text"], mail.get("link"), mail["run"]
    return {
        **mail,
        "to": mail.get("to") or await find_mail_address(database, mail, clock.now()),
        "text": text if link is None else insert_page_address(text, config.load_settings().page_url(link)),
        "run": run_id and to_global_id(run_type_name(run_id), run_id),
    }


def _line(number: int, mail: DeliveryDocument) -> str:
    to = mail["to"] or "-"
    subject = clean_line(mail["subject"])
    return f"{number:>4}  {format_time(mail['queued_at'])}  {mail['status']:<10}  {to}  {mail['kind']}  {subject}"


def _headers(mail: DeliveryDocument) -> list[tuple[str, object]]:
    headers = [
        ("Id", mail["_id"]),
        ("To", mail["to"] or "nobody: the owner's account is deactivated"),
        ("Subject", mail["subject"]),
        ("Kind", mail["kind"]),
        ("Run", mail["run"]),
        ("Attachments", ", ".join(mail.get("attachments") or ()) or None),
        ("Queued", format_time(mail["queued_at"])),
        ("Status", mail["status"]),
        ("Tries", mail["tries"]),
        ("Delivered", format_time(mail["delivered_at"])),
        ("Next try", _next_try(mail)),
        ("Last error", mail["last_error"]),
    ]
    return [(label, value) for label, value in headers if value is not None]


def _as_json(number: int, mail: DeliveryDocument) -> dict[str, object]:
    return {
        "number": number,
        "id": mail["_id"],
        "kind": mail["kind"],
        "run": mail["run"],
        "to": mail["to"],
        "subject": mail["subject"],
        "text": mail["text"],
        "status": mail["status"],
        "tries": mail["tries"],
        "attachments": mail.get("attachments") or [],
        "lastError": mail["last_error"],
        "queuedAt": format_time(mail["queued_at"]),
        "nextTryAt": _next_try(mail),
        "deliveredAt": format_time(mail["delivered_at"]),
    }


def _next_try(mail: DeliveryDocument) -> str | None:
    return format_time(mail["next_try_at"]) if mail["status"] == DeliveryStatus.QUEUED else None
