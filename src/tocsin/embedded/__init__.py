"""The database that Tocsin starts itself when no `TOCSIN_MONGODB_URI` is given.

`database` starts and stops the server and starts it again when it has ended; `child` is one run of the server's
program; `watching` waits for its end, with `heartbeat`, which notices that it hangs, and `disk`, which knows whether
the disk is full; `files` is what lies in the data directory; `lock` says who uses it; `access` is what is asked of the
server itself; `faults` are the sentences for the operator; `binary` finds the program. It (GPL-2.0) runs as a child
process and is never imported.
"""

from tocsin.embedded.database import EmbeddedDatabase
from tocsin.embedded.files import has_database, running_uri

__all__ = ["EmbeddedDatabase", "has_database", "running_uri"]
