"""The keys of an installation: one that signs access tokens, and one that encrypts the secrets in stored tasks.

They come from the settings. Missing ones are generated at the first start over a new database, and kept in files of the
data directory that only their owner may read.
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
from tocsin.errors import StartupError
from tocsin.fsync import fsync_directory
from tocsin.setting_values import decode_keys
from tocsin.telemetry import get_logger

Key = TypeVar("Key", str, tuple[bytes, ...])
JWT_SECRET_FILE = "jwt_secret"  # noqa: S105  # the name of a file
ENCRYPTION_KEY_FILE = "encryption_key"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_LONGEST_FILE = 4096

log = get_logger(__name__)


@dataclass(frozen=True)
class InstallationKeys:
    """The keys: `jwt_secret` (at least 32 characters) signs access tokens, `encryption` (32 bytes, AES-256) seals.

    From the first `tocsin keys rotate` on, keys in the database take over, which `encryption` seals. `former` are
    encryption keys that only open.
    """

    jwt_secret: str = field(repr=False)
    encryption: bytes = field(repr=False)
    former: tuple[bytes, ...] = field(default=(), repr=False)


async def skip_reload() -> None:
    """Reload nothing: there are no keys beyond the known ones."""


def load_keys(settings: Settings, *, new: bool = True) -> InstallationKeys:
    """Load the keys from the settings, else from the data directory, and generate them there if it is a `new` one.

    Processes that start at the same time agree on them. Raises StartupError with a sentence that names the file.
    """
    if settings.encryption_key is None:
        _refuse_lost_key(settings.data_dir)
    if not new:
        _refuse_missing_keys(settings)
    key_file, secret_file = settings.data_dir / ENCRYPTION_KEY_FILE, settings.data_dir / JWT_SECRET_FILE
    encryption, *former = _key(key_file, settings.encryption_key, decode_keys, _new_encryption_key)
    return InstallationKeys(
        _key(secret_file, settings.jwt_secret, _parse_secret, _new_secret), encryption, tuple(former)
    )


def read_key_files(settings: Settings) -> dict[str, str]:
    """Read the key files in use, which are those whose settings are not set; their texts by name."""
    settings_keys = {ENCRYPTION_KEY_FILE: settings.encryption_key, JWT_SECRET_FILE: settings.jwt_secret}
    paths = {name: settings.data_dir / name for name, value in settings_keys.items() if value is None}
    return {name: _read(path) for name, path in paths.items() if _exists(path)}


def restore_key_files(settings: Settings, texts: Mapping[str, str]) -> None:
    """Write the key files whose settings are not set, unless they exist. Raises StartupError."""
    for name, text in texts.items():
        if name in (ENCRYPTION_KEY_FILE, JWT_SECRET_FILE) and getattr(settings, name) is None:
            try:
                _create(settings.data_dir / name, text)
            except OSError as error:
                raise StartupError(f"{settings.data_dir / name} cannot be written: {error.strerror}.") from None


def _refuse_lost_key(data_dir: Path) -> None:
    """Refuse to replace a lost encryption key, which would silently make every stored secret unreadable.

    A first start generates the encryption key before the other: the other one alone means that it was lost. They are
    checked in the opposite order, so that a first start in another process is not mistaken for a loss.
    """
    path = data_dir / ENCRYPTION_KEY_FILE
    if _exists(data_dir / JWT_SECRET_FILE) and not _exists(path):
        raise StartupError(
            f"{path} is missing, though this installation was started before: restore it, or set"
            f" {PREFIX}ENCRYPTION_KEY to the key that was used."
        )


def _refuse_missing_keys(settings: Settings) -> None:
    """Refuse to generate keys for a database with data. Only a lost signing secret of a single process is harmless."""
    needed = {ENCRYPTION_KEY_FILE: settings.encryption_key}
    if not settings.uses_embedded_database:
        needed[JWT_SECRET_FILE] = settings.jwt_secret
    for name, configured in needed.items():
        path = settings.data_dir / name
        if configured is None and not _exists(path):
            raise StartupError(
                f"{path} is missing, though the database has data: restore it, or set {PREFIX}{name.upper()} to what"
                " was used. Every process needs the same one. If an encryption key is lost, set another one and run"
                " `tocsin keys rotate --forget-lost`."
            )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise StartupError(f"{path} cannot be used: {error.strerror}.") from None


def _key(path: Path, configured: SecretStr | None, parse: Callable[[str], Key], make: Callable[[], str]) -> Key:
    if configured is not None:
        return parse(configured.get_secret_value())
    try:
        if not _exists(path):
            _create(path, make())
        text = _read(path)
    except OSError as error:
        raise StartupError(f"{path} cannot be used: {error.strerror}.") from None
    try:
        return parse(text)
    except ValueError as error:
        wrong = f"{path} {error}" if text else f"{path} is empty"
        variable = f"{PREFIX}{path.name.upper()}"
        raise StartupError(f"{wrong}. Restore the right key, or set {variable} to it.") from None


def _create(path: Path, text: str) -> None:
    """Write the file whole or not at all, unless another process was first.

    It is named by a hard link, which fails if the name is taken: unlike a rename this never replaces a file, and unlike
    an exclusive open it never exposes an empty one.
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
    fsync_directory(path.parent)


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path) -> str:
    """Read the file. Raises OSError, and StartupError if others may read it and that cannot be changed."""
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if os.name != "nt" and mode & _OTHERS:
            _tighten(path, mode)
        return file.read(_LONGEST_FILE).decode("utf-8", "replace").strip()


def _tighten(path: Path, mode: int) -> None:
    try:
        path.chmod(0o600)
    except OSError:
        raise StartupError(f"{path} can be read by others (mode {mode:o}): run `chmod 600` on it.") from None
    log.warning("a key file was readable by others and is now private to its owner", path=str(path), mode=f"{mode:o}")


def _parse_secret(text: str) -> str:
    if len(text) < 32:
        raise ValueError("must have at least 32 characters")
    return text


def _new_secret() -> str:
    return secrets.token_urlsafe(48)


def _new_encryption_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
