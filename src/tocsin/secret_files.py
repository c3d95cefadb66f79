"""Secret settings from files: `TOCSIN_SMTP_PASS_FILE` names the file that contains `TOCSIN_SMTP_PASS`.

Container platforms mount secrets as files, which keeps passwords out of the environment, where others could read them.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from tocsin.errors import SettingsError

FILE_SUFFIX = "_FILE"


def list_secret_settings(fields: Mapping[str, FieldInfo]) -> Iterable[str]:
    """Return the names of the settings that can be read from a file: all secret ones."""
    return (name for name, field in fields.items() if field.annotation == (SecretStr | None))


def read_secret_files(
    fields: Mapping[str, FieldInfo], environment: Mapping[str, str | None], *, prefix: str
) -> dict[str, SecretStr]:
    """Read the settings whose files are named in `environment`. Raises SettingsError if a file cannot be used."""
    variables = {name: f"{prefix}{name.upper()}" for name in list_secret_settings(fields)}
    files = {name: environment.get(f"{variable}{FILE_SUFFIX}") for name, variable in variables.items()}
    return {
        name: _read(variables[name], Path(file), bool(environment.get(variables[name])))
        for name, file in files.items()
        if file
    }


def _read(variable: str, file: Path, has_value: bool) -> SecretStr:
    if has_value:
        raise SettingsError(f"{variable} and {variable}{FILE_SUFFIX} are both set; remove one of them.")
    try:
        text = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsError(f"{variable}{FILE_SUFFIX} is invalid: {file} cannot be read: {reason}.") from None
    if not text:
        raise SettingsError(f"{variable}{FILE_SUFFIX} is invalid: {file} is empty.")
    return SecretStr(text)
