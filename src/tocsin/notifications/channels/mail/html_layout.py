"""The layout of mails in HTML: one column of at most 600 pixels, of tables, which each mail program understands. Pure.

It loads nothing and links to nothing but the address that it is given. Each text is escaped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from operator import itemgetter
from urllib.parse import urlsplit

from tocsin.notifications.channels.mail.html_styles import FONT, LIGHT, background, style_sheet, text_style
from tocsin.notifications.channels.mail.layout import UNSUBSCRIBE_LABEL
from tocsin.notifications.content import ERROR_LABEL, ID_LABELS, Button, Fact, MailContent, Tone

_TABLE = 'cellpadding="0" cellspacing="0" border="0"'
_LAYOUT = f'role="presentation" {_TABLE}'
_LINE = f"1px solid {LIGHT.line}"
_MSO_WIDTH = f'<!--[if mso]><table {_LAYOUT} width="600" align="center"><tr><td><![endif]-->'
_MSO_END = "<!--[if mso]></td></tr></table><![endif]-->"
_MSO_FONT = "<!--[if mso]><style>td,th,p,a{font-family:'Segoe UI',Arial,sans-serif!important}</style><![endif]-->"
_HIDDEN = "display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;font-size:1px;line-height:1px;mso-hide:all"
_PADDING = "11px 22px"
_BUTTON_PADDING = f"display:inline-block;padding:{_PADDING}"
"""On the link, so that all of the button can be clicked. Word ignores it there."""
_NO_GUESSES = "telephone=no,date=no,address=no,email=no,url=no"
"""Mail programs of Apple make links of what looks like a date or an address."""
_SIGNS = {
    Tone.FAILURE: ("bad", "\u2715 Failure"),
    Tone.WARNING: ("alert", "\u25b2 Warning"),
    Tone.SUCCESS: ("good", "\u2713 Success"),
}
"""The color and the text that tell the tone beside the name of the sender."""


@dataclass(frozen=True, slots=True)
class Footer:
    """The end of a mail: why the user gets it, and the address at which they turn it off."""

    reason: str
    address: str = field(repr=False)


def format_html(content: MailContent, subject: str, address: str | None, footer: Footer | None = None) -> str:
    """Return the HTML of a mail, whose button leads to the address. Without an address, it has no button."""
    rows = [_row(_brand(content.tone), "24px 32px 0"), *(_row(_note(note), "16px 32px 0") for note in content.notes)]
    rows.append(_row(_opening(content), "14px 32px 0"))
    facts, button = _facts(content.facts), _button(content.button, address)
    secret = content.button is not None and content.button.is_secret
    rows += [_row(part, "20px 32px 0") for part in ((button, facts) if secret else (facts, button)) if part]
    rows.append(_row(f"<p {text_style('small', 'faint')}>{escape(content.last_paragraph)}</p>", "22px 32px 28px"))
    if footer is not None:
        rows.append(_row(_footer(footer), "0 32px 24px"))
    return _document(subject, content.preview, _frame(content.tone.lower(), "\n".join(rows)))


def _document(subject: str, preview: str, frame: str) -> str:
    return f"""<!DOCTYPE html>
<html lang="en" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="{_NO_GUESSES}">
<meta name="x-apple-disable-message-reformatting">
<title>{escape(subject)}</title>
<style>{style_sheet()}</style>
{_MSO_FONT}
</head>
<body {background("page", "margin:0;padding:0")}>
<div style="{_HIDDEN}" aria-hidden="true">{escape(preview)}</div>
{frame}
</body>
</html>
"""


def _frame(tone: str, rows: str) -> str:
    """Return the rows on paper in the middle of the page, under a bar in the color of the tone."""
    bar = f'<tr><td height="4" {background(tone, "height:4px;font-size:0;line-height:0")}>&nbsp;</td></tr>'
    border = f"border:{_LINE};border-radius:10px;overflow:hidden"
    return f"""<table {_LAYOUT} width="100%" lang="en" dir="ltr"><tr>
<td {background("page", "padding:24px 12px")} align="center">
{_MSO_WIDTH}
<div class="line" style="{border};max-width:600px;margin:0 auto;text-align:left;font-family:{FONT}">
<table {_LAYOUT} width="100%">
{bar}
<tr><td {background("paper")}><table {_LAYOUT} width="100%" style="table-layout:fixed">
{rows}
</table></td></tr>
</table>
</div>
{_MSO_END}
</td>
</tr></table>"""


def _row(part: str, padding: str) -> str:
    return f'<tr><td class="inner" align="left" style="padding:{padding}">{part}</td></tr>'


def _brand(tone: Tone) -> str:
    brand = f"<p {text_style('brand', 'accent')}>Tocsin</p>"
    if tone not in _SIGNS:
        return brand
    color, text = _SIGNS[tone]
    sign = f"<p {text_style('tone', color)}>{text}</p>"
    return f'<table {_LAYOUT} width="100%"><tr><td align="left">{brand}</td><td align="right">{sign}</td></tr></table>'


def _note(note: str) -> str:
    style = "padding:10px 14px;border-radius:6px"
    text = f"<p {text_style('text', 'ink')}>{escape(note)}</p>"
    return f'<table {_LAYOUT} width="100%"><tr><td {background("note", style)}>{text}</td></tr></table>'


def _opening(content: MailContent) -> str:
    headline = f"<h1 {text_style('headline', 'ink')}>{escape(content.headline)}</h1>"
    if not content.opening:
        return headline
    return f'{headline}<div style="height:6px;line-height:6px;font-size:6px">&nbsp;</div>' + (
        f"<p {text_style('text', 'ink')}>{escape(content.opening)}</p>"
    )


def _facts(facts: Sequence[Fact]) -> str:
    groups = groupby(facts, itemgetter(0))
    rows = "\n".join(_fact(label, [value for _, value in same]) for label, same in groups)
    return f'<table {_TABLE} width="100%" style="table-layout:fixed">\n{rows}\n</table>' if facts else ""


def _fact(label: str, values: Sequence[str]) -> str:
    """Return the row of facts with one label. The direction of a text from a user does not change that of others."""
    cell = f'valign="top" style="border-top:{_LINE};padding:9px'
    name = f"<span {text_style('small', 'faint')}>{escape(label.removesuffix(':'))}</span>"
    style = text_style("id", "faint") if label in ID_LABELS else text_style("text", _fact_color(label))
    texts = "".join(f'<div dir="auto" {style}>{escape(value)}</div>' for value in values)
    return (
        f'<tr><th scope="row" class="label line" width="140" align="left" {cell} 12px 9px 0">{name}</th>'
        f'<td class="value line" align="left" {cell} 0">{texts}</td></tr>'
    )


def _fact_color(label: str) -> str:
    return "bad" if label == ERROR_LABEL else "ink"


def _button(button: Button | None, address: str | None) -> str:
    if button is None or address is None:
        return ""
    href = f'href="{escape(address)}"'
    link = f"<a {href} {text_style('button', 'on_action', _BUTTON_PADDING)}>{escape(button.label)}</a>"
    cell = background("action", f"border-radius:6px;mso-padding-alt:{_PADDING}")
    table = f'<table {_LAYOUT} class="wide"><tr><td align="center" {cell}>{link}</td></tr></table>'
    target = f"<p {text_style('small', 'faint', 'margin-top:8px')}>{_target(button, address, href)}</p>"
    return f"{table}\n{target}"


def _footer(footer: Footer) -> str:
    link = f'<a href="{escape(footer.address)}" {text_style("small", "faint")}>{UNSUBSCRIBE_LABEL}</a>'
    text = f"<p {text_style('small', 'faint')}>{escape(footer.reason)} {link}</p>"
    line = f'class="line" style="border-top:{_LINE};padding-top:14px"'
    return f'<table {_LAYOUT} width="100%"><tr><td {line}>{text}</td></tr></table>'


def _target(button: Button, address: str, href: str) -> str:
    """Return where the button leads: its host, or the secret link, which can be copied."""
    if not button.is_secret:
        return f"The button opens {escape(urlsplit(address).netloc.rpartition('@')[2])}."
    link = f"<a {href} {text_style('small', 'accent')}>{escape(address)}</a>"
    return f"If the button does not work, open this address:<br>{link}"
