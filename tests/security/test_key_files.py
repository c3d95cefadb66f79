"""The keys of an installation are generated once, private, agreed upon, and never silently replaced."""

import base64
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tocsin.config import Settings
from tocsin.errors import StartupError
from tocsin.security.key_files import ENCRYPTION_KEY_FILE, JWT_SECRET_FILE, InstallationKeys, load_keys

ENCRYPTION = base64.b64encode(b"k" * 32).decode()
NAMES = [JWT_SECRET_FILE, ENCRYPTION_KEY_FILE]


def settings(data_dir: Path, **given: Any) -> Settings:
    return Settings(_env_file=None, data_dir=data_dir, **given)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_made_at_the_first_start_and_kept(tmp_path: Path) -> None:
    directory = tmp_path / "deep" / "data"
    keys = load_keys(settings(directory))
    assert len(keys.jwt_secret) >= 32
    assert len(keys.encryption) == 32
    assert load_keys(settings(directory)) == keys
    assert sorted(path.name for path in directory.iterdir()) == sorted(NAMES)
    assert mode(directory) == 0o700
    assert [mode(directory / name) for name in NAMES] == [0o600, 0o600]


def test_installations_differ(tmp_path: Path) -> None:
    one, other = load_keys(settings(tmp_path / "1")), load_keys(settings(tmp_path / "2"))
    assert one.jwt_secret != other.jwt_secret
    assert one.encryption != other.encryption


def test_the_settings_come_first_and_write_nothing(tmp_path: Path) -> None:
    given = settings(tmp_path / "data", jwt_secret="j" * 32, encryption_key=ENCRYPTION)
    assert load_keys(given) == InstallationKeys("j" * 32, b"k" * 32)
    assert not (tmp_path / "data").exists()


def test_each_key_may_be_given_alone(tmp_path: Path) -> None:
    assert load_keys(settings(tmp_path, encryption_key=ENCRYPTION)).encryption == b"k" * 32
    assert [path.name for path in tmp_path.iterdir()] == [JWT_SECRET_FILE]


def test_a_copied_key_in_either_base64_is_read(tmp_path: Path) -> None:
    (tmp_path / ENCRYPTION_KEY_FILE).write_text(base64.b64encode(b"\xff" * 32).decode() + "\r\n")
    assert load_keys(settings(tmp_path)).encryption == b"\xff" * 32


OTHER = base64.urlsafe_b64encode(b"\xfe" * 32).decode()


@pytest.mark.parametrize("text", [f"{ENCRYPTION},{OTHER}", f" {ENCRYPTION} , {OTHER}\n"])
def test_of_several_encryption_keys_the_first_is_in_use(tmp_path: Path, text: str) -> None:
    given = load_keys(settings(tmp_path / "1", encryption_key=text, jwt_secret="j" * 32))
    assert given == InstallationKeys("j" * 32, b"k" * 32, (b"\xfe" * 32,))
    (tmp_path / ENCRYPTION_KEY_FILE).write_text(text)
    assert load_keys(settings(tmp_path, jwt_secret="j" * 32)) == given


@pytest.mark.parametrize("text", [f"{ENCRYPTION},", f",{ENCRYPTION}", f"{ENCRYPTION},short", f"{ENCRYPTION} {OTHER}"])
def test_each_of_several_encryption_keys_must_be_one(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValidationError, match="32 bytes in base64"):
        settings(tmp_path, encryption_key=text)
    (tmp_path / ENCRYPTION_KEY_FILE).write_text(text)
    with pytest.raises(StartupError, match=rf"{ENCRYPTION_KEY_FILE} must be 32 bytes"):
        load_keys(settings(tmp_path))


def test_a_secret_may_have_commas(tmp_path: Path) -> None:
    assert load_keys(settings(tmp_path, jwt_secret="j,," * 20)).jwt_secret == "j,," * 20


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "is empty"), (b" \n", "is empty"), (b"short", "must"), (b"\xff\xfe\x00", "must")],
)
def test_a_wrong_file_is_named_and_left_as_it_is(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    load_keys(settings(tmp_path))
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StartupError, match=rf"{name} {why}.*TOCSIN_{name.upper()}"):
        load_keys(settings(tmp_path))
    assert (tmp_path / name).read_bytes() == content


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    load_keys(settings(tmp_path))
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    with pytest.raises(StartupError, match=f"{name} cannot be used"):
        load_keys(settings(tmp_path))


def test_a_data_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(StartupError, match="cannot be used"):
        load_keys(settings(tmp_path / "data"))


def test_a_lost_encryption_key_is_not_replaced(tmp_path: Path) -> None:
    load_keys(settings(tmp_path))
    (tmp_path / ENCRYPTION_KEY_FILE).unlink()
    with pytest.raises(StartupError, match="TOCSIN_ENCRYPTION_KEY"):
        load_keys(settings(tmp_path))
    assert not (tmp_path / ENCRYPTION_KEY_FILE).exists()


def test_a_first_start_that_was_cut_short_goes_on(tmp_path: Path) -> None:
    keys = load_keys(settings(tmp_path))
    (tmp_path / JWT_SECRET_FILE).unlink()
    assert load_keys(settings(tmp_path)).encryption == keys.encryption


@pytest.mark.skipif(os.name == "nt", reason="no such modes there")
@pytest.mark.parametrize("open_mode", [0o644, 0o640, 0o666])
def test_a_file_that_others_can_read_is_closed_to_them(tmp_path: Path, open_mode: int) -> None:
    keys = load_keys(settings(tmp_path))
    for name in NAMES:
        (tmp_path / name).chmod(open_mode)
    assert load_keys(settings(tmp_path)) == keys
    assert [mode(tmp_path / name) for name in NAMES] == [0o600, 0o600]


def test_keys_do_not_show_in_messages(tmp_path: Path) -> None:
    keys = load_keys(settings(tmp_path))
    assert keys.jwt_secret not in repr(keys)
    assert repr(keys.encryption) not in repr(keys)
    assert "k" * 9 not in repr(InstallationKeys("j" * 32, b"x" * 32, (b"k" * 32,)))


RACER = """
import sys
from pathlib import Path
from tocsin.config import Settings
from tocsin.security.key_files import load_keys
print("ready", flush=True)
for directory in sys.stdin.readline().split():
    keys = load_keys(Settings(_env_file=None, data_dir=Path(directory)))
    print(keys.jwt_secret, keys.encryption.hex(), flush=True)
"""


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    rounds = [str(tmp_path / str(number)) for number in range(20)]
    racers = [
        subprocess.Popen([sys.executable, "-c", RACER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write(" ".join(rounds) + "\n")
        racer.stdin.flush()
    answers = [racer.communicate(timeout=20)[0].splitlines() for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0, 0]
    assert answers[0] == answers[1] == answers[2]
    assert len(set(answers[0])) == len(rounds)
