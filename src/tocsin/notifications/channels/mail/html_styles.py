"""The colors and styles of mails in HTML. Pure.

Mail programs differ: some ignore style sheets, so each element has its style inline, and the sheet only replaces colors
in the dark and the layout on phones. Word, which renders for Outlook, ignores rounded corners and maximum widths.
"""

from dataclasses import dataclass, fields

from tocsin.notifications.content import Tone

FONT = "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,'Noto Sans',Helvetica,Arial,sans-serif"


_MONOSPACED = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"


@dataclass(frozen=True, slots=True)
class Palette:
    """Colors. `page`, `paper` and `note` are backgrounds, `action` that of the button, `line` separates.

    `ink`, `faint`, `accent`, `bad`, `alert` and `good` are those of texts. The last four tell the tone.
    """

    page: str
    paper: str
    note: str
    line: str
    ink: str
    faint: str
    accent: str
    bad: str
    alert: str
    good: str
    action: str
    on_action: str
    failure: str
    warning: str
    notice: str
    success: str


LIGHT = Palette(
    page="#f4f1f8",
    paper="#ffffff",
    note="#fdf3dc",
    line="#e3e1ea",
    ink="#2b3345",
    faint="#5d677b",
    accent="#7a3e9d",
    bad="#b3261e",
    alert="#8f5500",
    good="#1d6f42",
    action="#7a3e9d",
    on_action="#ffffff",
    failure="#b3261e",
    warning="#c77700",
    notice="#7a3e9d",
    success="#2e8b57",
)
DARK = Palette(
    page="#161c29",
    paper="#212a3b",
    note="#3a3423",
    line="#3a455c",
    ink="#dfe4ee",
    faint="#a3adc2",
    accent="#cfa9e6",
    bad="#ffb4ab",
    alert="#ffc46b",
    good="#8fd6ac",
    action="#9859bd",
    on_action="#ffffff",
    failure="#ff8a80",
    warning="#ffb74d",
    notice="#b583d3",
    success="#5fbf87",
)
_BACKGROUNDS = ("page", "paper", "note", "action", *(tone.lower() for tone in Tone))
_BREAKS = "word-wrap:break-word;overflow-wrap:anywhere;word-break:break-word"
_SIZES = {
    "brand": "margin:0;font-size:14px;line-height:20px;font-weight:700;letter-spacing:.02em",
    "headline": "margin:0;font-size:20px;line-height:28px;font-weight:700",
    "text": "margin:0;font-size:15px;line-height:23px;font-weight:400",
    "small": "margin:0;font-size:13px;line-height:20px;font-weight:400",
    "tone": "margin:0;font-size:13px;line-height:20px;font-weight:600",
    "id": f"margin:0;font-size:12px;line-height:20px;font-weight:400;font-family:{_MONOSPACED}",
    "button": "font-size:15px;line-height:20px;font-weight:600;text-decoration:none",
}


def text_style(size: str, color: str, more: str = "") -> str:
    """Return the attributes of an element with text: its class, by which its color changes in the dark, and style."""
    return f'class="{color}" style="{_SIZES[size]};color:{getattr(LIGHT, color)};{_BREAKS};{more}"'


def background(color: str, style: str = "") -> str:
    """Return the attributes of a cell with a background. Word knows only the attribute for its color."""
    value = getattr(LIGHT, color)
    return f'class="{color}" bgcolor="{value}" style="background-color:{value};{style}"'


def style_sheet() -> str:
    """Return the style sheet, in which the dark colors replace those of the elements with the class of a color."""
    dark = "".join(f".{field.name}{{{_dark_rule(field.name)}!important}}" for field in fields(Palette))
    return (
        ":root{color-scheme:light dark;supported-color-schemes:light dark}"
        "body{margin:0;padding:0;-webkit-text-size-adjust:100%;-ms-text-size-adjust:100%}"
        "table{border-spacing:0}"
        "@media (max-width:480px){"
        ".inner{padding-left:20px!important;padding-right:20px!important}"
        ".label,.value{display:block!important;width:auto!important}"
        ".label{padding-bottom:0!important}.value{border-top:0!important;padding-top:2px!important}"
        ".wide{width:100%!important}.wide a{display:block!important}}"
        f"@media (prefers-color-scheme:dark){{{dark}}}"
    )


def _dark_rule(color: str) -> str:
    value = getattr(DARK, color)
    if color in _BACKGROUNDS:
        return f"background-color:{value}"
    return f"border-color:{value}" if color == "line" else f"color:{value}"
