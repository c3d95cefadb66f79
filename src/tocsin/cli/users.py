"""`tocsin users`: administration of accounts."""

from typing import Annotated

import typer

from tocsin import accounts, config
from tocsin.accounts import COMMAND_LINE
from tocsin.cli.formatting import print_rows
from tocsin.cli.runner import load_keyring, run_with_database
from tocsin.documents import Database, Link, User, to_global_id
from tocsin.quotas import Quota, Quotas, Usage

app = typer.Typer(help="Create, list and change users.", no_args_is_help=True)
_USER_COLUMNS = ("Email", "Administrator", "Active", "Confirmed", "Since")
_QUOTA_COLUMNS = ("Quota", "Used", "Limit", "Unit", "Resets at")

Email = Annotated[str, typer.Argument(help="The user's email address.", show_default=False)]
PasswordStdin = Annotated[
    bool,
    typer.Option(
        "--password-stdin",
        help="Read the password from the first line of standard input. Implied if that is not a terminal.",
    ),
]


@app.command()
def create(
    email: Email,
    admin: Annotated[bool, typer.Option("--admin", help="Create an administrator.")] = False,
    password_stdin: PasswordStdin = False,
) -> None:
    """Create a user, whether or not sign-up is open."""
    password = _read_password(password_stdin)

    async def work(_: Database) -> User:
        return await accounts.create_user(email, password, COMMAND_LINE, admin)

    typer.echo(f"{run_with_database(work, create=True).email} can log in now.")


@app.command()
def invite(
    email: Email, admin: Annotated[bool, typer.Option("--admin", help="Invite an administrator.")] = False
) -> None:
    """Mail an invitation, whether or not sign-up is open, and print its link."""

    async def work(database: Database) -> tuple[Link, str]:
        settings = config.load_settings()
        secrets = (await load_keyring(database, settings)).secrets
        return await accounts.invite_user(database, settings, secrets, email, COMMAND_LINE, is_admin=admin)

    link, url = run_with_database(work)
    typer.echo(f"{link.email} is invited until {link.expires_at:%Y-%m-%d %H:%M} UTC:\n{url}")


@app.command()
def log_out(email: Email) -> None:
    """End all sessions of a user. API tokens stay valid: see `tocsin tokens`."""

    async def work(database: Database) -> int:
        return await accounts.log_out_everywhere(database, await accounts.require_user_by_email(email), COMMAND_LINE)

    typer.echo(f"Sessions ended: {run_with_database(work)}.")


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False) -> None:
    """List all users, sorted by address."""

    async def work(_: Database) -> list[User]:
        return await accounts.list_users()

    users = run_with_database(work)
    rows, cells = [_user_as_json(user) for user in users], [_user_cells(user) for user in users]
    print_rows(rows, _USER_COLUMNS, cells, ("Email",), as_json=as_json)


@app.command()
def set_password(email: Email, password_stdin: PasswordStdin = False) -> None:
    """Set a user's password. All their sessions end; API tokens stay valid."""
    password = _read_password(password_stdin)

    async def work(database: Database) -> User:
        return await accounts.set_password(
            database, await accounts.require_user_by_email(email), password, COMMAND_LINE
        )

    typer.echo(f"{run_with_database(work).email} has a new password.")


@app.command()
def promote(
    email: Email,
    revoke: Annotated[bool, typer.Option("--revoke", help="Revoke administrator rights instead.")] = False,
) -> None:
    """Make a user an administrator."""

    async def work(_: Database) -> User:
        return await accounts.set_admin(await accounts.require_user_by_email(email), COMMAND_LINE, is_admin=not revoke)

    user = run_with_database(work)
    typer.echo(f"{user.email} is {'now' if user.is_admin else 'no longer'} an administrator.")


@app.command()
def deactivate(email: Email) -> None:
    """Lock a user out immediately: end their sessions and API tokens, and pause all their tasks."""

    async def work(database: Database) -> int:
        return await accounts.deactivate_user(database, await accounts.require_user_by_email(email), COMMAND_LINE)

    typer.echo(f"{email} is locked out. Tasks paused: {run_with_database(work)}.")


@app.command()
def activate(email: Email) -> None:
    """Let a deactivated user log in again. Tasks stay paused until their owner resumes them."""

    async def work(_: Database) -> User:
        return await accounts.activate_user(await accounts.require_user_by_email(email), COMMAND_LINE)

    typer.echo(f"{run_with_database(work).email} can log in again.")


@app.command()
def confirm(email: Email) -> None:
    """Mark a user's address as confirmed, so that mails are sent to it. All existing sessions and API tokens end."""

    async def work(database: Database) -> User:
        return await accounts.confirm_email(database, await accounts.require_user_by_email(email), COMMAND_LINE)

    typer.echo(f"{run_with_database(work).email} is confirmed.")


@app.command()
def quota(
    email: Email,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="QUOTA=LIMIT", help="A new limit: a number, 0 for no limit, or `default`."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """Show a user's quotas and usage; with --set, change limits."""
    wanted = [_parse_quota(change) for change in changes or []]

    async def work(database: Database) -> list[Usage]:
        user = await accounts.require_user_by_email(email)
        for which, limit in wanted:
            user = await accounts.set_quota(user, which, limit, COMMAND_LINE)
        quotas = await Quotas.for_owner(database, config.load_settings(), user.id)
        return await quotas.list_usage(user.id)

    usages = run_with_database(work)
    rows, cells = [_usage_as_json(usage) for usage in usages], [_usage_cells(usage) for usage in usages]
    print_rows(rows, _QUOTA_COLUMNS, cells, ("Quota",), as_json=as_json)


def _parse_quota(text: str) -> tuple[Quota, int | None]:
    name, _, limit = text.partition("=")
    if name not in Quota.__members__:
        raise typer.BadParameter(f"{name!r} is not a quota; there are: {', '.join(Quota.__members__)}.")
    if limit == "default":
        return Quota(name), None
    if not (limit.isascii() and limit.isdigit()):
        raise typer.BadParameter(f"{limit!r} is not a limit: give a number (0 for no limit) or the word default.")
    return Quota(name), int(limit)


def _usage_as_json(usage: Usage) -> dict[str, object]:
    resets_at = usage.resets_at and usage.resets_at.isoformat()
    return {
        "quota": usage.quota.value, "used": usage.used, "limit": usage.limit, "unit": usage.unit.value,
        "resetsAt": resets_at,
    }  # fmt: skip


def _usage_cells(usage: Usage) -> list[str]:
    limit = "none" if usage.limit is None else f"{usage.limit:,}"
    resets_at = "" if usage.resets_at is None else f"{usage.resets_at:%Y-%m-%d %H:%M} UTC"
    return [usage.quota.value, f"{usage.used:,}", limit, usage.unit.value.lower(), resets_at]


def _read_password(from_stdin: bool) -> str:
    """Read the password. It is never an argument, as other users of the machine can see those.

    Bytes that are not UTF-8 are rejected later, by `check_password`.
    """
    stdin = typer.get_binary_stream("stdin")
    if from_stdin or not stdin.isatty():
        line: bytes = stdin.readline()
        if not line and not from_stdin:
            raise typer.BadParameter("There is no terminal to ask for the password, and standard input is empty.")
        return line.decode("utf-8", "surrogateescape").rstrip("\r\n")
    typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return typed


def _user_as_json(user: User) -> dict[str, object]:
    return {
        "id": to_global_id("User", user.id),
        "email": user.email,
        "isAdmin": user.is_admin,
        "isActive": user.is_active,
        "emailConfirmed": user.email_confirmed,
        "createdAt": user.created_at.isoformat(),
    }


def _user_cells(user: User) -> list[str]:
    answers = ["yes" if answer else "no" for answer in (user.is_admin, user.is_active, user.email_confirmed)]
    return [user.email, *answers, user.created_at.isoformat()[:10]]
