"""`tocsin serve` that counts what it asks of its database: `counting.py FILE`, which gets a JSON object a second.

Run as a script, in the place of `python -m tocsin serve`: the driver's listeners tell of each command and its answer.
"""

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

from pymongo import monitoring

from tocsin.__main__ import main


class Counts(monitoring.CommandListener):
    """Commands sent and documents received."""

    def __init__(self) -> None:
        self.commands = 0
        self.documents = 0

    def started(self, event: Any) -> None:
        """Nothing is known yet."""

    def succeeded(self, event: Any) -> None:
        """Count; the change stream's idle getMores are no work."""
        cursor = event.reply.get("cursor", {})
        received = len(cursor.get("firstBatch", ())) + len(cursor.get("nextBatch", ()))
        self.documents += received
        self.commands += event.command_name != "getMore" or received > 0

    def failed(self, event: Any) -> None:
        """Counted as a command."""
        self.commands += 1


def write_counts(counts: Counts, file: Path) -> None:
    """Write them each second, for ever."""
    new = file.with_suffix(".new")
    while True:
        new.write_text(json.dumps({"commands": counts.commands, "documents": counts.documents}))
        new.replace(file)
        time.sleep(1)


if __name__ == "__main__":
    counts = Counts()
    monitoring.register(counts)
    threading.Thread(target=write_counts, args=(counts, Path(sys.argv[1])), daemon=True).start()
    sys.argv[1:] = ["serve"]
    main()
