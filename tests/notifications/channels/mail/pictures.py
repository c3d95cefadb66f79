"""Makes pictures of the mails: in light and dark, at several widths.

`python -m tests.notifications.channels.mail.pictures DIRECTORY` writes the HTML of each mail, and pictures of it.
"""

import subprocess
import sys
from pathlib import Path

from tests.conformance.node import TOOLS
from tests.notifications.channels.mail.test_html_layout import CHROMIUM
from tests.notifications.channels.mail.test_texts import MAILS
from tocsin.notifications.channels.mail.html_layout import Footer, format_html
from tocsin.notifications.events import Event
from tocsin.notifications.preferences.unsubscribe import OPTIONAL_MAILS
from tocsin.notifications.texts import describe_event

_SERVER = "https://tocsin.example.org"
_LINK = "/account#reset=nZ3r8Jr1wq0dXcW1mM9Xv0a7p2pVfU5tQeYb6cLhK4s"

_FOOTER = Footer("You get a mail when a task or workflow has failed.", f"{_SERVER}/unsubscribe/x")


def write_html(event: Event, number: int, directory: Path) -> Path:
    """Write the HTML of the mail about the event, and return its file."""
    subject, content = describe_event(event)
    file = directory / f"{number:02}-{event.kind.lower()}.html"
    footer = _FOOTER if event.kind in OPTIONAL_MAILS else None
    file.write_text(format_html(content.clean(), subject, f"{_SERVER}{event.page or _LINK}", footer))
    return file


def make_pictures(directory: Path) -> None:
    """Write the HTML and the pictures of all mails to this directory."""
    directory.mkdir(parents=True, exist_ok=True)
    files = [write_html(event, number, directory) for number, (event, _, _) in enumerate(MAILS)]
    subprocess.run(["node", "mail.mjs", str(CHROMIUM), directory, *files], cwd=TOOLS, check=True)


if __name__ == "__main__":
    make_pictures(Path(sys.argv[1]).resolve())
