"""Secret settings from files."""

import base64
from pathlib import Path

import pytest

from tocsin.config import PREFIX, Settings, load_settings
from tocsin.errors import SettingsError
from tocsin.secret_files import list_secret_settings, read_secret_files

FIELDS = Settings.model_fields


@pytest.mark.parametrize("name", ["MONGODB_URI", "JWT_SECRET", "ENCRYPTION_KEY", "SMTP_PASS"])
def test_a_secret_may_stand_in_a_file(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = base64.b64encode(bytes(32)).decode()
    (tmp_path / "secret").write_text(f"{secret}\n")
    (tmp_path / ".env").write_text(f"TOCSIN_{name}_FILE={tmp_path / 'secret'}\n")
    assert getattr(load_settings(_env_file=tmp_path / ".env"), name.lower()).get_secret_value() == secret

    monkeypatch.setenv(f"TOCSIN_{name}", secret)
    with pytest.raises(SettingsError, match=f"TOCSIN_{name} and TOCSIN_{name}_FILE are both set"):
        load_settings(_env_file=tmp_path / ".env")


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "No such file"), (b"\xff", "not UTF-8"), (b" \n", "is empty"), (b"short", "at least 32 characters")],
)
def test_a_file_without_a_valid_secret_stops_the_start(
    content: bytes | None, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    monkeypatch.setenv("TOCSIN_JWT_SECRET_FILE", str(tmp_path / "secret"))
    with pytest.raises(SettingsError, match=f"TOCSIN_JWT_SECRET.*{said}"):
        load_settings(_env_file=None)


def test_only_secret_settings_are_read_from_files() -> None:
    names = set(list_secret_settings(FIELDS))
    assert {"smtp_pass", "jwt_secret", "encryption_key", "mongodb_uri"} <= names
    assert not names & {"port", "smtp_host", "smtp_user", "cors_origins"}


def test_a_secret_is_the_content_of_its_file_without_the_space_around_it(tmp_path: Path) -> None:
    file = tmp_path / "pass"
    file.write_text("\n two words \n\n")
    found = read_secret_files(FIELDS, {"TOCSIN_SMTP_PASS_FILE": str(file), "TOCSIN_PORT": "1"}, prefix=PREFIX)
    assert {name: secret.get_secret_value() for name, secret in found.items()} == {"smtp_pass": "two words"}


@pytest.mark.parametrize("environment", [{}, {"TOCSIN_SMTP_PASS_FILE": ""}, {"TOCSIN_SMTP_PASS_FILE": None}])
def test_an_empty_name_of_a_file_is_none(environment: dict[str, str | None]) -> None:
    assert read_secret_files(FIELDS, environment, prefix=PREFIX) == {}


def test_an_empty_value_beside_the_file_does_not_count(tmp_path: Path) -> None:
    file = tmp_path / "pass"
    file.write_text("secret")
    environment = {"TOCSIN_SMTP_PASS_FILE": str(file), "TOCSIN_SMTP_PASS": ""}
    assert read_secret_files(FIELDS, environment, prefix=PREFIX)["smtp_pass"].get_secret_value() == "secret"


def test_an_error_names_the_variable_and_the_file_but_not_the_secret(tmp_path: Path) -> None:
    file = tmp_path / "pass"
    file.write_bytes(b"hunter2 \xff")
    with pytest.raises(SettingsError) as caught:
        read_secret_files(FIELDS, {"TOCSIN_SMTP_PASS_FILE": str(file)}, prefix=PREFIX)
    assert str(caught.value) == f"TOCSIN_SMTP_PASS_FILE is invalid: {file} cannot be read: it is not UTF-8 text."
