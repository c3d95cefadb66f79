"""What a person sees of a mail in HTML, read with the parser of the standard library."""

from html.parser import HTMLParser

_UNSEEN = {"head", "title", "style", "script"}
_VOID = {"br", "meta", "img"}


class HtmlText(HTMLParser):
    """The texts of a document: those shown, the hidden ones, and its tags with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._shown: list[str] = []
        self._hidden: list[str] = []
        self._open: list[bool] = [False]
        self.feed(html)
        self.close()

    @property
    def shown(self) -> str:
        """The texts that are shown, on one line."""
        return " ".join("".join(self._shown).split())

    @property
    def hidden(self) -> str:
        """The texts that are not shown, on one line."""
        return " ".join("".join(self._hidden).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag not in _VOID:
            unseen = tag in _UNSEEN or "display:none" in (given.get("style") or "")
            self._open.append(self._open[-1] or unseen)
        if tag in {"p", "td", "th", "tr", "h1", "div", "br"}:
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() is not None

    def handle_data(self, data: str) -> None:
        (self._hidden if self._open[-1] else self._shown).append(data)
