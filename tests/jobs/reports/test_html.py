"""Reports as HTML: all text is escaped, and nothing is loaded."""

from html.parser import HTMLParser

from tests.jobs.reports.reports import NASTY, make
from tocsin.documents import Database
from tocsin.jobs.reports.content import BarChart, Report, ReportTable
from tocsin.jobs.reports.html import render_html


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, str | None] = {}
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= dict(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


async def test_html_shows_everything_as_text_and_loads_nothing(database: Database) -> None:
    evil = "</title><img src=x onerror=alert(1)>"
    data = {evil: NASTY, "more": [{"label": evil, "n": 3}], "plain": evil}
    made = await make(database, format="HTML", title=evil, data=data, chart=True)
    page = _Tags()
    page.feed(made.content.decode())
    assert not {"script", "img", "link", "iframe"} & set(page.tags)
    assert not {"src", "href", "onerror"} & page.attributes.keys()
    assert page.tags.count("svg") == 2
    assert "<script>alert(1)</script>" in page.text
    assert page.text.count(evil) >= 4


def render(*, charts: list[BarChart] | None = None, tables: list[ReportTable] | None = None) -> str:
    return render_html(Report("T", "now", {}, tables or [], charts or [], None)).decode()


def test_numbers_stand_on_the_right_and_truth_values_do_not() -> None:
    page = render(tables=[ReportTable("", ["a"], [[1], [2.5], [True], ["3"], [None]])])
    assert [cell in page for cell in ('<td class="n">1</td>', '<td class="n">2.5</td>')] == [True, True]
    assert all(cell in page for cell in ("<td>true</td>", "<td>3</td>", "<td></td>"))


def test_the_longest_bar_fills_the_chart_and_none_is_invisible() -> None:
    page = render(charts=[BarChart("c", " s", [("a", 8.0), ("b", 2.0), ("c", 0.0)])])
    assert [f'width="{width}"' in page for width in ("440.0", "110.0", "1.0")] == [True] * 3
    assert ">8 s</text>" in page
    assert "440.0" not in render(charts=[BarChart("c", "", [("a", 0.0)])])


def test_a_long_label_is_shortened() -> None:
    page = render(charts=[BarChart("c", "", [("x" * 32, 1.0), ("y" * 33, 1.0)])])
    assert f">{'x' * 32}</text>" in page
    assert f">{'y' * 31}…</text>" in page
