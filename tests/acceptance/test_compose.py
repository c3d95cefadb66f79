"""`docker compose up` in a fresh clone: the settings of the compose file, with an external database."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from pymongo import MongoClient

from tests.acceptance.server import Server, free_port, run_server

ROOT = Path(__file__).parent.parent.parent


def as_composed(volume: Path, mongodb_uri: str, database: str) -> dict[str, str]:
    """Return the container's environment, with local substitutes for what exists only in the container."""
    environment: dict[str, str] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["tocsin"][
        "environment"
    ]
    uri = volume.with_name("tocsin_uri")
    uri.write_text(f"{mongodb_uri}\n")
    here = {"DATA_DIR": str(volume), "MONGODB_URI_FILE": str(uri), "SMTP_HOST": "127.0.0.1", "HOST": "127.0.0.1"}
    return environment | {f"TOCSIN_{name}": value for name, value in here.items()} | {
        "TOCSIN_MONGODB_DATABASE": database,
        "TOCSIN_PORT": str(free_port()),
    }  # fmt: skip


def container(directory: Path, environment: dict[str, str]) -> Server:
    """A server with this environment and no .env file."""
    directory.mkdir(exist_ok=True)
    server = Server(directory, **environment)
    server.port = int(environment["TOCSIN_PORT"])
    return server


async def test_a_fresh_clone_makes_its_keys_in_the_volume(tmp_path: Path, mongodb_uri: str) -> None:
    volume, database = tmp_path / "volume", f"test_{uuid4().hex[:12]}"
    volume.mkdir(mode=0o700)
    environment = as_composed(volume, mongodb_uri, database)
    server = container(tmp_path / "first", environment)
    try:
        await server.start()
        await server.sign_up()
        assert {path.name for path in volume.iterdir()} == {"encryption_key", "jwt_secret"}
        assert [path.stat().st_mode & 0o777 for path in volume.iterdir()] == [0o600, 0o600]
        await server.kill()

        await server.start()  # the container is new, the volume is the same: alice is still logged in
        assert (await server.query("{ viewer { email } }"))["viewer"]["email"] == "alice@example.com"
        await _save_a_secret(server)

        other = container(tmp_path / "other", as_composed(tmp_path / "another volume", mongodb_uri, database))
        said = await other.refused()
        assert "another volume/encryption_key is missing, though the database has data" in said[-1]
        assert "Traceback" not in "\n".join(said)
    finally:
        await server.stop()
        with MongoClient[dict[str, Any]](mongodb_uri) as client:
            client.drop_database(database)


@pytest.mark.long
async def test_a_data_directory_that_lost_its_keys_is_refused(tmp_path: Path) -> None:
    async with run_server(tmp_path) as server:
        await server.sign_up()
        await _save_a_secret(server)
        await server.stop()
        for name in ("encryption_key", "jwt_secret"):
            (tmp_path / "data" / name).unlink()
        said = await server.refused()
        assert "encryption_key is missing, though the database has data: restore it, or set TOCSIN_" in said[-1]
        assert not (tmp_path / "data" / "encryption_key").exists()


async def _save_a_secret(server: Server) -> None:
    mutation = "mutation($i: CreateTaskInput!) { createTask(input: $i) { userErrors { message } } }"
    http = {"url": "http://127.0.0.1:8999/", "token": "s3cret"}
    given = {"name": "one", "job": {"http": http}, "schedule": {"at": "2099-01-01T00:00:00Z"}}
    assert (await server.query(mutation, {"i": given}))["createTask"]["userErrors"] == []
