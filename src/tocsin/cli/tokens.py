"""`tocsin tokens`: API tokens, for programs."""

from datetime import timedelta
from typing import Annotated

import typer

from tocsin import accounts, clock, config
from tocsin.accounts import COMMAND_LINE, api_tokens, audit
from tocsin.cli.formatting import format_time, print_rows
from tocsin.cli.numbers import whole_number
from tocsin.cli.runner import run_with_database
from tocsin.documents import ApiToken, AuditAction, Database, Scope, from_global_id, owner_of, to_global_id
from tocsin.errors import NotFound
from tocsin.quotas import Quota, Quotas

app = typer.Typer(help="Create, list and revoke API tokens.", no_args_is_help=True)
_COLUMNS = ("Id", "Name", "Ends with", "Scopes", "Created", "Expires", "Last used")

Email = Annotated[str, typer.Argument(help="The owner's email address.", show_default=False)]
Scopes = Annotated[
    list[str] | None, typer.Option("--scope", help="read, write or admin; repeatable. Default: read and write.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print a JSON array.")]


@app.command()
def create(
    email: Email,
    name: Annotated[str, typer.Option(help="The token's name.")],
    scope: Scopes = None,
    days: Annotated[
        int | None,
        typer.Option(parser=whole_number(1, 36_500), metavar="INTEGER", help="Days until it expires. Default: never."),
    ] = None,
) -> None:
    """Create an API token and print it. It cannot be shown again."""
    scopes = [_parse_scope(word) for word in scope or ["read", "write"]]

    async def work(database: Database) -> str:
        user, now = await accounts.require_user_by_email(email), clock.now()
        expires_at = None if days is None else now + timedelta(days=days)
        quotas = await Quotas.for_owner(database, config.load_settings(), user.id)
        async with quotas.reserve(user.id, Quota.API_TOKENS):
            token, text = await api_tokens.create_token(database, user, name, scopes, expires_at, now)
        await audit.record(AuditAction.API_TOKEN_CREATED, COMMAND_LINE, user, detail=api_tokens.describe_token(token))
        return text

    typer.echo(run_with_database(work))


@app.command("list")
def list_(email: Email, as_json: AsJson = False) -> None:
    """List the API tokens of a user, newest first, without the tokens themselves."""

    async def work(_: Database) -> list[ApiToken]:
        return await api_tokens.list_tokens((await accounts.require_user_by_email(email)).id)

    tokens = run_with_database(work)
    rows, cells = [_as_json(token) for token in tokens], [_cells(token) for token in tokens]
    print_rows(rows, _COLUMNS, cells, ("Id", "Ends with"), as_json=as_json)


@app.command()
def revoke(token: Annotated[str, typer.Argument(help="The token's id, from `tocsin tokens list`.")]) -> None:
    """Revoke an API token immediately."""

    async def work(database: Database) -> ApiToken:
        token_id = from_global_id("ApiToken", token) or token  # older versions printed the document id
        try:
            user = await accounts.require_user(owner_of(token_id))
        except NotFound:
            raise NotFound("There is no API token with this id; `tocsin tokens list EMAIL` shows them.") from None
        ended = await api_tokens.revoke_token(database, user.id, token_id)
        await audit.record(AuditAction.API_TOKEN_REVOKED, COMMAND_LINE, user, detail=api_tokens.describe_token(ended))
        return ended

    typer.echo(f"{run_with_database(work).name} was revoked.")


def _parse_scope(word: str) -> Scope:
    try:
        return Scope(word.upper())
    except ValueError:
        raise typer.BadParameter(f"{word} is not a scope: give read, write or admin.") from None


def _as_json(token: ApiToken) -> dict[str, object]:
    return {
        "id": to_global_id("ApiToken", token.id),
        "name": token.name,
        "hint": token.hint,
        "scopes": _scope_names(token),
        "createdAt": format_time(token.created_at),
        "expiresAt": format_time(token.expires_at),
        "lastUsedAt": format_time(token.last_used_at),
    }


def _cells(token: ApiToken) -> list[str]:
    moments = (token.created_at, token.expires_at, token.last_used_at)
    times = [(format_time(moment) or "never")[:16] for moment in moments]
    return [to_global_id("ApiToken", token.id), token.name, token.hint, " ".join(_scope_names(token)), *times]


def _scope_names(token: ApiToken) -> list[str]:
    return [scope.value.lower() for scope in token.scopes]
