"""The workspace of the Node tools: its lockfile, and the errors of its installer."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conformance.node import TOOLS

INSTALLER = TOOLS.parents[1] / "scripts" / "install-node-tools"


def install(tmp_path: Path, *commands: str, **scripts: str) -> subprocess.CompletedProcess[str]:
    """Run the installer on a machine with only these commands; `scripts` replace others."""
    for command in ("bash", "cat", "cksum", "dirname", *commands):
        found = shutil.which(command)
        assert found is not None
        (tmp_path / command).symlink_to(found)
    for name, text in scripts.items():
        (tmp_path / name).write_text(f"#!{tmp_path}/bash\n{text}\n")
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": str(tmp_path)}
    return subprocess.run(
        [str(tmp_path / "bash"), INSTALLER], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize(
    ("scripts", "missing"),
    [
        ({}, "there is no node on the PATH"),
        ({"node": "exit 0"}, "there is node, but no npm on the PATH"),
        ({"node": '[[ "$1" == --version ]] && echo v18.0.0 || exit 1', "npm": "exit 0"}, "this is Node v18.0.0"),
    ],
)
def test_the_installer_says_what_is_missing(tmp_path: Path, scripts: dict[str, str], missing: str) -> None:
    done = install(tmp_path, **scripts)
    assert done.returncode == 1
    assert f"need Node 20.19 or newer with npm: {missing}" in done.stderr


def test_the_lock_pins_everything_and_names_no_place() -> None:
    wanted = json.loads((TOOLS / "package.json").read_text())["dependencies"]
    packages = json.loads((TOOLS / "package-lock.json").read_text())["packages"]

    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []
