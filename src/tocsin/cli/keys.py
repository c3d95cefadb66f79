"""`tocsin keys`: the keys that sign access tokens and seal secrets, and their rotation."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

import typer

from tocsin import config
from tocsin.accounts import COMMAND_LINE, audit
from tocsin.cli.formatting import format_time, print_json
from tocsin.cli.runner import load_keyring, make_keyring, run_with_database
from tocsin.clock import EPOCH
from tocsin.documents import AuditAction, Database, KeyKind, StoredKey
from tocsin.keys import rotation
from tocsin.keys.installation import bind_installation_keys, open_installation_keys
from tocsin.keys.keyring import activation_order, active_key
from tocsin.keys.reencryption import count_secrets_by_key
from tocsin.keys.rotation import RotationResult
from tocsin.security.key_files import load_keys
from tocsin.tasks.deferred_writes import restore_deferred_runs

app = typer.Typer(help="Show and rotate the keys that sign access tokens and seal secrets.", no_args_is_help=True)

_UNTIL = {KeyKind.JWT: "valid until", KeyKind.DATA: "kept until"}

AtOnce = Annotated[bool, typer.Option("--at-once", help="Invalidate all existing access tokens immediately.")]
ForgetLost = Annotated[
    bool, typer.Option("--forget-lost", help="Delete keys that no encryption key opens; what they sealed is lost.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print a JSON array.")]


@app.command()
def rotate(at_once: AtOnce = False, forget_lost: ForgetLost = False) -> None:
    """Create new keys and re-encrypt all secrets. Servers can keep running, and nobody is logged out."""

    async def work(database: Database) -> RotationResult:
        settings = config.load_settings()
        # With --forget-lost the keys need not match the database: they are bound to it at the end.
        keys = load_keys(settings, new=False) if forget_lost else await open_installation_keys(database, settings)
        keyring = make_keyring(database, settings, keys)
        if forget_lost:
            for kid in await rotation.delete_lost_keys(keyring):
                typer.echo(f"Deleted lost key {kid}.")
        lifetime = timedelta(minutes=settings.access_token_minutes)
        if not database.changes.is_shared:  # no server is running: what one that died had claimed has secrets too
            await restore_deferred_runs(database)
        done = await rotation.rotate_keys(keyring, lifetime, typer.echo, at_once=at_once)
        await bind_installation_keys(database, keys)
        await audit.record(
            AuditAction.KEYS_ROTATED, COMMAND_LINE, detail=f"new keys {done.signing_key_id} and {done.data_key_id}"
        )
        return done

    done = run_with_database(work)
    if not at_once:
        typer.echo(
            "Existing access tokens are valid until they expire, at the latest"
            f" {format_time(done.old_tokens_expire_at)}."
        )
    typer.echo(f"Done. Secrets re-encrypted: {done.counts.secrets}; unreadable: {done.counts.unreadable}.")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the keys without their values, and the number of secrets that each has sealed."""

    async def work(database: Database) -> list[_ListedKey]:
        keyring = await load_keyring(database, config.load_settings())
        return _list_keys(keyring.keys, await count_secrets_by_key(database))

    keys = run_with_database(work)
    if as_json:
        print_json([_as_json(key) for key in keys])
    else:
        typer.echo("\n".join(_line(key) for key in keys))


@dataclass(frozen=True, slots=True)
class _ListedKey:
    """A key as the list shows it. `secrets` is the number of secrets that it has sealed, if it is for that."""

    id: str
    kind: KeyKind
    state: str
    secrets: int | None
    since: datetime | None = None
    retires_at: datetime | None = None


def _list_keys(keys: list[StoredKey], counts: Counter[str]) -> list[_ListedKey]:
    """Return the stored keys, then the lost ones: those that have sealed secrets, and are not stored."""
    known = [
        _ListedKey(
            key.id,
            key.kind,
            _state(key, active_key(keys, key.kind)),
            counts[key.id] if key.kind is KeyKind.DATA else None,
            None if key.activated_at == EPOCH else key.activated_at,
            key.retire_at,
        )
        for key in sorted(keys, key=lambda key: (key.kind.value, activation_order(key)))
    ]
    lost = sorted(set(counts) - {key.id for key in keys})
    return known + [_ListedKey(kid, KeyKind.DATA, "lost", counts[kid]) for kid in lost]


def _state(key: StoredKey, in_use: StoredKey) -> str:
    if key.activated_at is None:
        return "new"
    if key.retire_at is not None:
        return "retired"
    return "in use" if key is in_use else "replaced"


def _as_json(key: _ListedKey) -> dict[str, object]:
    return {
        "id": key.id,
        "kind": key.kind.value,
        "state": key.state,
        "secrets": key.secrets,
        "since": format_time(key.since),
        "retiresAt": format_time(key.retires_at),
    }


def _line(key: _ListedKey) -> str:
    purpose = f"{key.secrets} secrets" if key.kind is KeyKind.DATA else "access tokens"
    until = f"  {_UNTIL[key.kind]} {format_time(key.retires_at)}" if key.retires_at else ""
    return f"{key.id:<16}  {key.state:<8}  {purpose:<14}{_origin(key)}{until}"


def _origin(key: _ListedKey) -> str:
    if key.since:
        return f"  since {format_time(key.since)}"
    return "" if key.state == "lost" else "  from the settings or files"
