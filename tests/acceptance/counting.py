"""`tocsin serve` with counters of its database commands: `counting.py FILE` writes a JSON object per second to FILE.

Run as a script in place of `python -m tocsin serve`. The counters use the driver's command listeners.
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
    """Counts commands sent and documents received."""

    def __init__(self) -> None:
        self.commands = 0
        self.documents = 0

    def started(self, event: Any) -> None:
        """Ignore; the reply is counted."""

    def succeeded(self, event: Any) -> None:
        """Count the command and its documents, except idle getMores of the change stream."""
        cursor = event.reply.get("cursor", {})
        received = len(cursor.get("firstBatch", ())) + len(cursor.get("nextBatch", ()))
        self.documents += received
        self.commands += event.command_name != "getMore" or received > 0

    def failed(self, event: Any) -> None:
        """Count the command."""
        self.commands += 1


def write_counts(counts: Counts, file: Path) -> None:
    """Write the counters every second, forever."""
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
