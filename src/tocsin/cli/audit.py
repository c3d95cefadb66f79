"""`tocsin audit`: the audit log."""

from typing import Annotated

import typer

from tocsin import clock
from tocsin.accounts import audit
from tocsin.cli.formatting import format_time, print_json
from tocsin.cli.numbers import whole_number
from tocsin.cli.runner import run_with_database
from tocsin.documents import AuditAction, AuditEntryDocument, Database
from tocsin.outbound.mail_text import clean_line

app = typer.Typer(help="Show the audit log of accounts.", no_args_is_help=True)

_MAX_LIMIT = 10_000


@app.command("list")
def list_(
    limit: Annotated[
        int, typer.Option(parser=whole_number(1, _MAX_LIMIT), metavar="INTEGER", help="Maximum number of entries.")
    ] = 50,
    email: Annotated[str | None, typer.Option(help="Only entries about the account with this address.")] = None,
    action: Annotated[
        AuditAction | None, typer.Option(help="Only entries of this action.", case_sensitive=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """List entries, newest first."""

    async def work(database: Database) -> list[AuditEntryDocument]:
        return await audit.list_entries(database, limit, clock.now(), email=email, action=action)

    entries = run_with_database(work)
    if as_json:
        print_json([_as_json(entry) for entry in entries])
    else:
        typer.echo("\n".join(_line(entry) for entry in entries) or "There are no entries.")


def _line(entry: AuditEntryDocument) -> str:
    by, source = entry["actor_name"] or "someone unknown", entry["address"] or "-"
    detail = f"  ({entry['detail']})" if entry["detail"] else ""
    return clean_line(
        f"{format_time(entry['at'])}  {entry['action']:<24}  {entry['email']}  by {by} from {source}{detail}"
    )


def _as_json(entry: AuditEntryDocument) -> dict[str, object]:
    return {
        "at": format_time(entry["at"]),
        "action": entry["action"],
        "actor": entry["actor_name"],
        "email": entry["email"],
        "detail": entry["detail"],
        "address": entry["address"],
        "userAgent": entry["user_agent"],
    }
