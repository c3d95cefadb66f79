"""A group of commands that imports the module of a command when it is invoked, so that `tocsin` starts quickly."""

from importlib import import_module
from typing import Any, NamedTuple

from typer._click import Command, Context
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group


class LazyCommand(NamedTuple):
    """A command, or a group of them, in the Typer application `app` of a module. `help` is its line in the list."""

    module: str
    help: str
    app: str = "app"
    is_group: bool = True


class LazyGroup(TyperGroup):
    """A group whose `lazy_commands` are listed from this table and imported on their invocation."""

    lazy_commands: dict[str, LazyCommand]

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, lazy in self.lazy_commands.items():
            self.add_command(TyperCommand(name, help=lazy.help))

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """Return the command that these arguments name, imported, and the arguments left."""
        name, command, rest = super().resolve_command(ctx, args)
        lazy = self.lazy_commands.get(name or "")
        return name, command if lazy is None or name is None else load_command(name, lazy), rest


def load_command(name: str, lazy: LazyCommand) -> Command:
    """Import a command."""
    group = get_group(getattr(import_module(lazy.module), lazy.app))
    command = group if lazy.is_group else group.commands[name]
    command.name = name
    return command
