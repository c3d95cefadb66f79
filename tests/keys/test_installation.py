"""Keys are created only for a new database, and a database is used only with its own keys."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest

from tests.harness import save_task
from tocsin.config import Settings
from tocsin.documents import Database
from tocsin.errors import StartupError
from tocsin.keys.installation import bind_installation_keys, open_installation_keys
from tocsin.security.key_files import ENCRYPTION_KEY_FILE, JWT_SECRET_FILE, load_keys

OLD, NEW = (base64.b64encode(letter * 32).decode() for letter in (b"o", b"n"))


def process(data_dir: Path, **given: Any) -> Settings:
    """Return the settings of a process with an external MongoDB."""
    return Settings(_env_file=None, data_dir=data_dir, mongodb_uri="mongodb://somewhere", **given)


async def test_made_at_the_first_start_over_a_new_database_and_kept(database: Database, tmp_path: Path) -> None:
    keys = await open_installation_keys(database, process(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == {ENCRYPTION_KEY_FILE, JWT_SECRET_FILE}
    await save_task(database, "http://127.0.0.1/")
    assert await open_installation_keys(database, process(tmp_path)) == keys


async def test_many_processes_with_one_data_directory_agree(database: Database, tmp_path: Path) -> None:
    keys = await asyncio.gather(*(open_installation_keys(database, process(tmp_path)) for _ in range(8)))
    assert len({one.encryption for one in keys}) == len({one.jwt_secret for one in keys}) == 1


async def test_another_machine_makes_no_keys_of_its_own(database: Database, tmp_path: Path) -> None:
    first = tmp_path / "first"
    keys = await open_installation_keys(database, process(first))
    second = tmp_path / "second"
    with pytest.raises(StartupError, match=r"second/encryption_key is missing, though the database has data"):
        await open_installation_keys(database, process(second))
    assert not second.exists()

    with pytest.raises(StartupError, match=r"second/jwt_secret is missing"):
        await open_installation_keys(
            database, process(second, encryption_key=base64.b64encode(keys.encryption).decode())
        )

    second.mkdir()
    for name in (ENCRYPTION_KEY_FILE, JWT_SECRET_FILE):
        (second / name).write_text((first / name).read_text())
    assert await open_installation_keys(database, process(second)) == keys


async def test_of_two_machines_that_start_at_once_one_is_told_to_copy_the_others_keys(
    database: Database, tmp_path: Path
) -> None:
    starts = (open_installation_keys(database, process(tmp_path / name)) for name in ("one", "other"))
    results = await asyncio.gather(*starts, return_exceptions=True)
    refused = [result for result in results if isinstance(result, StartupError)]
    assert len(refused) <= 1  # one may have come second and created no keys
    assert all("encryption_key" in str(error) for error in refused)


@pytest.mark.parametrize("given", [{}, {"jwt_secret": "j" * 32}])
async def test_lost_keys_of_data_from_before_are_not_replaced(
    database: Database, tmp_path: Path, given: dict[str, Any]
) -> None:
    """Data of the first version has no record of keys. An embedded database is treated alike."""
    await save_task(database, "http://127.0.0.1/")
    for settings in (process(tmp_path, **given), Settings(_env_file=None, data_dir=tmp_path, **given)):
        with pytest.raises(StartupError, match="encryption_key is missing, though the database has data"):
            await open_installation_keys(database, settings)
    assert list(tmp_path.iterdir()) == []


async def test_keys_of_another_installation_are_refused(database: Database, tmp_path: Path) -> None:
    await open_installation_keys(database, process(tmp_path, encryption_key=OLD, jwt_secret="j" * 32))
    with pytest.raises(StartupError, match="set up with other keys"):
        await open_installation_keys(database, process(tmp_path, encryption_key=NEW, jwt_secret="j" * 32))


async def test_an_encryption_key_is_changed_step_by_step(database: Database, tmp_path: Path) -> None:
    for text in (OLD, f"{OLD},{NEW}", f"{NEW},{OLD}", f"{OLD},{NEW}", f"{NEW},{OLD}", NEW):
        await open_installation_keys(database, process(tmp_path, encryption_key=text, jwt_secret="j" * 32))
    with pytest.raises(StartupError, match="other keys"):
        await open_installation_keys(database, process(tmp_path, encryption_key=OLD, jwt_secret="j" * 32))


async def test_a_signing_secret_may_be_changed(database: Database, tmp_path: Path) -> None:
    await open_installation_keys(database, process(tmp_path, encryption_key=OLD, jwt_secret="j" * 32))
    changed = await open_installation_keys(database, process(tmp_path, encryption_key=OLD, jwt_secret="k" * 32))
    assert changed.jwt_secret == "k" * 32


async def test_lost_keys_are_given_up_by_binding_others(database: Database, tmp_path: Path) -> None:
    await open_installation_keys(database, process(tmp_path / "lost"))
    other = tmp_path / "other"
    keys = await open_installation_keys(database, process(tmp_path / "lost"))
    given = {"encryption_key": NEW, "jwt_secret": keys.jwt_secret}
    with pytest.raises(StartupError):
        await open_installation_keys(database, process(other, **given))

    await bind_installation_keys(database, load_keys(process(other, **given), new=False))
    assert (await open_installation_keys(database, process(other, **given))).encryption == b"n" * 32
