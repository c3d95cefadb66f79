"""Commands are imported when they are invoked."""

import subprocess
import sys

import pytest
from typer.core import TyperGroup
from typer.testing import CliRunner

from tocsin import __version__
from tocsin.cli.lazy_group import load_command
from tocsin.cli.main import TocsinGroup, app

SLOW_PACKAGES = {
    "aiohttp",
    "beanie",
    "cryptography",
    "numpy",
    "pydantic_settings",
    "pymongo",
    "strawberry",
    "structlog",
}
"""Pydantic itself is not among them: Typer imports it to parse arguments."""


def imported_by(*arguments: str) -> set[str]:
    """Return the top-level packages that a command imports."""
    command = [sys.executable, "-X", "importtime", "-m", "tocsin", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in ended.stderr.splitlines()}


@pytest.mark.parametrize("arguments", [("version",), ("--help",)], ids=" ".join)
def test_a_command_that_needs_no_database_imports_no_driver(arguments: tuple[str, ...]) -> None:
    imported = imported_by(*arguments)
    assert "typer" in imported
    assert imported & SLOW_PACKAGES == set()


@pytest.mark.parametrize("name", TocsinGroup.lazy_commands)
def test_the_listed_help_is_the_help_of_the_command(name: str) -> None:
    lazy = TocsinGroup.lazy_commands[name]
    command = load_command(name, lazy)
    assert (command.name, command.help) == (name, lazy.help)
    assert isinstance(command, TyperGroup) is lazy.is_group


def test_help_lists_all_commands_and_a_typo_gets_a_suggestion() -> None:
    listed = CliRunner().invoke(app, ["--help"]).stdout
    for name in ("serve", "schema", "version", *TocsinGroup.lazy_commands):
        assert f" {name} " in listed
    assert CliRunner().invoke(app, ["version"]).stdout.strip() == __version__
    refused = CliRunner().invoke(app, ["userz"])
    assert (refused.exit_code, "Did you mean 'users'" in refused.stderr) == (2, True)
