"""The database that Tocsin starts itself when no `TOCSIN_MONGODB_URI` is given.

`database` starts, restarts and stops the server; `server_process` is one run of its program; `supervisor` waits for its
end, with `heartbeat`, which detects a hang, and `disk`, which detects a full disk; `data_directory` defines the files;
`lock` protects them; `admin_commands` sends administrative commands; `startup_errors` are the errors for the operator;
`binary` finds the program. The program (GPL-2.0) runs as a child process and is never imported.
"""

from tocsin.embedded.data_directory import find_running_uri, has_database
from tocsin.embedded.database import EmbeddedDatabase

__all__ = ["EmbeddedDatabase", "find_running_uri", "has_database"]
