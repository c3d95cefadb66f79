"""Commands run in the process of the tests."""

from typer.testing import CliRunner, Result

from tocsin.cli.main import app

ALICE = "alice@example.com"
PASSWORD = "tram ticket lemon"
RIGHT = """
name: right
description: is right
steps:
  - {key: a, job: http, params: {url: "https://example.com", token: "a s3cret"}}
"""
"""A valid workflow."""


def tocsin(*arguments: str, stdin: str = "") -> Result:
    """Return the result of a command."""
    return CliRunner().invoke(app, arguments, input=stdin, env={"COLUMNS": "140"})


def done(*arguments: str, stdin: str = "") -> str:
    """Return the output of a command that must succeed without a message."""
    result = tocsin(*arguments, stdin=stdin)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout
