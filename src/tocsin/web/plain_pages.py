"""Pages without scripts, for people who follow a link in a mail. They load nothing. Pure."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from starlette.responses import Response

_STYLE = """
:root { color-scheme: light dark; --ink: #2b3345; --faint: #5d677b; --paper: #fff; --page: #f4f1f8; --line: #d9dce3;
  --accent: #7a3e9d }
@media (prefers-color-scheme: dark) { :root { --ink: #dfe4ee; --faint: #a3adc2; --paper: #212a3b; --page: #161c29;
  --line: #3a455c; --accent: #9859bd } }
body { margin: 0; display: grid; min-height: 100dvh; place-items: center; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif }
main { box-sizing: border-box; width: min(30rem, calc(100vw - 2rem)); margin: 1rem 0; padding: 1.5rem;
  border: 1px solid var(--line); border-radius: 10px; background: var(--paper); overflow-wrap: anywhere }
.brand { margin: 0 0 1rem; font-weight: 700; font-size: .9rem; color: var(--faint) }
h1 { margin: 0 0 .8rem; font-size: 1.3rem; line-height: 1.3 }
p { margin: 0 0 1rem }
form { margin: 0 0 .7rem }
button { box-sizing: border-box; width: 100%; padding: .65rem 1rem; border: 1px solid var(--accent);
  border-radius: 6px; background: var(--accent); color: #fff; font: inherit; cursor: pointer }
button.second { background: transparent; color: var(--ink); border-color: var(--line) }
button:focus-visible { outline: 3px solid var(--ink); outline-offset: 2px }
.faint { margin: 1rem 0 0; color: var(--faint); font-size: .9rem }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Choice:
    """A button, which posts these fields to the address of the page."""

    label: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PlainPage:
    """A page: its title, paragraphs, buttons of which the first is the main one, and what is in small print."""

    title: str
    paragraphs: Sequence[str] = ()
    choices: Sequence[Choice] = ()
    small_print: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_response(self) -> Response:
        """Return the response. Nobody keeps a copy of it, and no search engine lists it."""
        headers = {
            "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
            "Cache-Control": "no-store",
            "X-Robots-Tag": "noindex",
            **self.headers,
        }
        return Response(self._to_html(), self.status, headers, "text/html; charset=utf-8")

    def _to_html(self) -> str:
        paragraphs = "\n".join(f"<p>{escape(text)}</p>" for text in self.paragraphs)
        buttons = "\n".join(_format_choice(choice, is_main=not place) for place, choice in enumerate(self.choices))
        small = f'<p class="faint">{escape(self.small_print)}</p>' if self.small_print else ""
        return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{escape(self.title)} - Tocsin</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<p class="brand">Tocsin</p>
<h1>{escape(self.title)}</h1>
{paragraphs}
{buttons}
{small}
</main>
</body>
</html>
"""


def _format_choice(choice: Choice, *, is_main: bool) -> str:
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in choice.fields.items()
    )
    kind = "main" if is_main else "second"
    return f'<form method="post">{fields}<button class="{kind}">{escape(choice.label)}</button></form>'
