"""Commands run in the tests' process, each in an event loop of its own."""

import gc
import warnings
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def leftovers_are_collected_here() -> Iterator[None]:
    """Collect what a command's loop left, so that no later test is blamed for it.

    PyMongo's monitor may be connecting when a command's loop ends; its socket then waits for the collector.
    """
    gc.disable()
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    gc.enable()
