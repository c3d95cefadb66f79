"""File operations that survive a power failure."""

import os
from pathlib import Path


def fsync_directory(directory: Path) -> None:
    """Flush the entries of a directory to disk, as `fsync` does for the content of a file."""
    if os.name == "nt":  # directories cannot be opened there
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
