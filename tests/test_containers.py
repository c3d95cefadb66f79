"""The compose file and the image: the permissions of containers, and their start in a fresh clone."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pymongo
import pytest
import yaml

from tests.test_repository import ROOT, names_of_settings


def compose_file() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_the_compose_file_fits_its_schema() -> None:
    """The schema of the Compose Specification (Apache-2.0), as shipped with docker-compose 1.29.2.

    It predates optional `env_file` entries, which Compose 2.24 introduced.
    """
    schema = json.loads((ROOT / "tests" / "schemas" / "compose-spec.json").read_text())
    optional = {"type": "object", "properties": {"path": {"type": "string"}, "required": {"type": "boolean"}}}
    files = {"type": "array", "items": {**optional, "additionalProperties": False, "required": ["path"]}}
    schema["definitions"]["service"]["properties"]["env_file"] = files

    jsonschema.Draft201909Validator(schema).validate(compose_file())


def test_what_the_compose_file_names_is_there() -> None:
    compose = compose_file()
    for service in compose["services"].values():
        assert set(service.get("depends_on", {})) <= set(compose["services"])
        assert set(service.get("networks", [])) <= set(compose["networks"])
        assert {volume.partition(":")[0] for volume in service["volumes"]} <= set(compose["volumes"])
        assert "test" in service["healthcheck"]


@pytest.mark.parametrize("name", compose_file()["services"])
def test_containers_have_no_more_rights_than_they_need(name: str) -> None:
    service = compose_file()["services"][name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "pids_limit"} <= set(service)
    assert set(service.get("ports", ())) == ({"127.0.0.1:${TOCSIN_PORT:-8000}:8000"} if name == "tocsin" else set())
    assert not any(volume.startswith(("/", ".")) for volume in service["volumes"])


def test_images_are_named_with_their_digests() -> None:
    used = [service["image"] for service in compose_file()["services"].values() if "build" not in service]
    used += re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    assert used
    assert [image for image in used if not re.fullmatch(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}", image)] == []


def test_each_installation_has_a_database_password_of_its_own(tmp_path: Path) -> None:
    """Runs the script that starts MongoDB unchanged, with a mongod that only prints its arguments."""
    first, again, other = (start_mongodb(tmp_path / name) for name in ("one", "one", "other"))

    assert first == again
    assert {name: mode for name, (mode, _) in first.items()} == {
        "keyfile": 0o400,
        "root_password": 0o400,
        "tocsin_uri": 0o444,
    }
    texts = [text for made in (first, other) for _, text in made.values()]
    assert len(set(texts)) == 6
    assert all(re.fullmatch(r"[A-Za-z0-9]{30,}", text) for text in texts if "://" not in text)
    uri = pymongo.uri_parser.parse_uri(first["tocsin_uri"][1])
    assert (uri["username"], uri["nodelist"]) == ("tocsin", [("mongodb", 27017)])
    assert len(uri["password"]) >= 30


def start_mongodb(directory: Path) -> dict[str, tuple[int, str]]:
    """Start MongoDB's container over this directory. Return the mode and text of each file that it stores there."""
    service = compose_file()["services"]["mongodb"]
    keys, programs = directory / "configdb", directory / "bin"
    for made in (keys, programs):
        made.mkdir(parents=True, exist_ok=True)
    (programs / "mongod").write_text('#!/bin/sh\necho "$@"\n')
    (programs / "mongod").chmod(0o755)
    script = service["entrypoint"][-1].replace("$$", "$").replace("/data/configdb", str(keys))
    path = f"{programs}:{os.environ['PATH']}"
    done = subprocess.run(
        [*service["entrypoint"][:-1], script], env={"PATH": path}, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"--replSet rs0 --bind_ip_all --keyFile {keys}/keyfile\n"
    return {file.name: (file.stat().st_mode & 0o777, file.read_text().strip()) for file in keys.iterdir()}


def test_the_compose_file_uses_settings_that_exist() -> None:
    environment = compose_file()["services"]["tocsin"]["environment"]

    assert {name.removesuffix("_FILE") for name in environment} <= names_of_settings()


def test_a_fresh_clone_needs_no_file_of_settings_for_compose() -> None:
    tocsin = compose_file()["services"]["tocsin"]

    assert tocsin["env_file"] == [{"path": ".env", "required": False}]
    assert ":?" not in json.dumps(compose_file())
    assert f"tocsin-data:{tocsin['environment']['TOCSIN_DATA_DIR']}" in tocsin["volumes"]


def test_the_directory_of_the_volume_belongs_to_the_user_of_the_image() -> None:
    """A new volume gets the owner and mode of the image's directory. Keys are written there."""
    image = (ROOT / "Dockerfile").read_text()

    data_dir = re.search(r"TOCSIN_DATA_DIR=(\S+)", image)
    assert data_dir is not None
    assert f"install --directory --owner tocsin --group tocsin --mode 0700 {data_dir[1]}\n" in image
    assert image.index("install --directory") < image.index("USER tocsin") < image.index(f"VOLUME {data_dir[1]}")


def test_the_image_uses_settings_that_exist() -> None:
    used = re.findall(r"TOCSIN_[A-Z_]+", (ROOT / "Dockerfile").read_text())

    assert used
    assert set(used) <= names_of_settings()
