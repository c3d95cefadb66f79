"""The benchmarks can be started: each part takes the arguments that a full and a quick run pass to it."""

import importlib
import inspect
from collections.abc import Mapping
from typing import Any

import pytest

from benchmarks.__main__ import PARTS

ARGUMENTS = [(name, arguments) for name, full, quick in PARTS for arguments in (full, quick)]


@pytest.mark.parametrize(("name", "arguments"), ARGUMENTS)
def test_a_part_takes_its_arguments(name: str, arguments: Mapping[str, Any]) -> None:
    inspect.signature(importlib.import_module(f"benchmarks.{name}").measure).bind(**arguments)
