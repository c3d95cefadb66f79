"""The secrets of an installation: what signs access tokens, and what encrypts the secrets in stored tasks.

They come from the settings. What these leave out is made at the first start over a new database and kept in the data
directory, in a file that only its owner may read.
"""

import base64
import os
import secrets
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr

from tocsin.config import PREFIX, Settings
from tocsin.errors import StartError
from tocsin.files import sync_directory
from tocsin.setting_values import decode_keys
from tocsin.telemetry import logger

Key = TypeVar("Key", str, tuple[bytes, ...])
JWT_SECRET_FILE = "jwt_secret"  # noqa: S105  # the name of a file
ENCRYPTION_KEY_FILE = "encryption_key"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_LONGEST_FILE = 4096

log = logger(__name__)


@dataclass(frozen=True)
class Keys:
    """`jwt_secret` (at least 32 characters) signs access tokens, `encryption` (32 bytes, AES-256) seals.

    They do so until the first `tocsin keys rotate`: from then on the database's keys do, which `encryption` seals.
    `former` are encryption keys that only open.
    """

    jwt_secret: str = field(repr=False)
    encryption: bytes = field(repr=False)
    former: tuple[bytes, ...] = field(default=(), repr=False)


async def nothing_new() -> None:
    """Look for further keys where there are none: those that are known are all."""


def load_keys(settings: Settings, *, new: bool = True) -> Keys:
    """The keys that the settings give, else those of the data directory, made there if the installation is `new`.

    Processes that start at once agree on them. Raises StartError with a sentence that names the file.
    """
    if settings.encryption_key is None:
        _refuse_lost_key(settings.data_dir)
    if not new:
        _refuse_missing_keys(settings)
    key_file, secret_file = settings.data_dir / ENCRYPTION_KEY_FILE, settings.data_dir / JWT_SECRET_FILE
    encryption, *former = _key(key_file, settings.encryption_key, decode_keys, _new_encryption_key)
    return Keys(_key(secret_file, settings.jwt_secret, _parse_secret, _new_secret), encryption, tuple(former))


def key_files(settings: Settings) -> dict[str, str]:
    """The texts of the key files that this installation uses, by their names: those whose settings are not set."""
    given = {ENCRYPTION_KEY_FILE: settings.encryption_key, JWT_SECRET_FILE: settings.jwt_secret}
    paths = {name: settings.data_dir / name for name, value in given.items() if value is None}
    return {name: _read(path) for name, path in paths.items() if _exists(path)}


def restore_key_files(settings: Settings, texts: Mapping[str, str]) -> None:
    """Write key files whose settings are not set, unless they are there. Raises StartError."""
    for name, text in texts.items():
        if name in (ENCRYPTION_KEY_FILE, JWT_SECRET_FILE) and getattr(settings, name) is None:
            try:
                _create(settings.data_dir / name, text)
            except OSError as error:
                raise StartError(f"{settings.data_dir / name} cannot be written: {error.strerror}.") from None


def _refuse_lost_key(data_dir: Path) -> None:
    """A new encryption key in place of a lost one would make every stored secret unreadable without a word.

    A first start makes the encryption key before the other: the other one alone means that it was lost. They
    are looked for in the opposite order, so that a first start in another process is not taken for a loss.
    """
    path = data_dir / ENCRYPTION_KEY_FILE
    if _exists(data_dir / JWT_SECRET_FILE) and not _exists(path):
        raise StartError(
            f"{path} is missing, though this installation was started before: put it back, or set"
            f" {PREFIX}ENCRYPTION_KEY to the key that was used."
        )


def _refuse_missing_keys(settings: Settings) -> None:
    """New keys would not fit the database. A lost signing secret of the only process costs a renewal of sessions."""
    needed = {ENCRYPTION_KEY_FILE: settings.encryption_key}
    if not settings.embedded:
        needed[JWT_SECRET_FILE] = settings.jwt_secret
    for name, given in needed.items():
        path = settings.data_dir / name
        if given is None and not _exists(path):
            raise StartError(
                f"{path} is missing, though the database has data: put it back, or set {PREFIX}{name.upper()} to what"
                " was used. Every process needs the same one; if an encryption key is lost, set another one and run"
                " `tocsin keys rotate --forget-lost`."
            )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise StartError(f"{path} cannot be used: {error.strerror}.") from None


def _key(path: Path, given: SecretStr | None, parse: Callable[[str], Key], make: Callable[[], str]) -> Key:
    if given is not None:
        return parse(given.get_secret_value())
    try:
        if not _exists(path):
            _create(path, make())
        text = _read(path)
    except OSError as error:
        raise StartError(f"{path} cannot be used: {error.strerror}.") from None
    try:
        return parse(text)
    except ValueError as error:
        wrong = f"{path} {error}" if text else f"{path} is empty"
        variable = f"{PREFIX}{path.name.upper()}"
        raise StartError(f"{wrong}. Put the right key back, or set {variable} to it.") from None


def _create(path: Path, text: str) -> None:
    """Write the file whole or not at all; when another process was first, its file stays.

    The name is given by a hard link, which fails if it is taken: unlike with a rename nothing is ever
    replaced, and unlike with an exclusive open nobody reads a file that is still empty.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write(draft, f"{text}\n")
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        draft.unlink(missing_ok=True)
    sync_directory(path.parent)


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path) -> str:
    """The file's text. Raises OSError, and StartError where others may read it and that cannot be changed."""
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if os.name != "nt" and mode & _OTHERS:
            _tighten(path, mode)
        return file.read(_LONGEST_FILE).decode("utf-8", "replace").strip()


def _tighten(path: Path, mode: int) -> None:
    try:
        path.chmod(0o600)
    except OSError:
        raise StartError(f"{path} can be read by others (mode {mode:o}): run `chmod 600` on it.") from None
    log.warning("a key file was open to others, now only to its owner", path=str(path), mode=f"{mode:o}")


def _parse_secret(text: str) -> str:
    if len(text) < 32:
        raise ValueError("must have at least 32 characters")
    return text


def _new_secret() -> str:
    return secrets.token_urlsafe(48)


def _new_encryption_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
