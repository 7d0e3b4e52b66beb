"""Plain text as simple HTML, and the HTML of an editor as plain text."""

import html
import re
from html.parser import HTMLParser

_BLOCKS = frozenset("p div ul ol li blockquote pre table tr h1 h2 h3 h4 h5 h6".split())
_URL = re.compile(r"https?://\S+")
_NOT_SEEN = str.maketrans("", "", "\ufeff\u200b")


def to_html(text: str) -> str:
    """One paragraph. A line that is a URL can be clicked, and reads as it is."""
    return f"<p>{'<br>'.join(_line(line) for line in text.split(chr(10)))}</p>"


def to_text(markup: str) -> str:
    """What people read, line by line. Tags that are no blocks leave nothing behind."""
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    return "\n".join(reader.lines())


def _line(line: str) -> str:
    shown = html.escape(line)
    return f'<a href="{shown}">{shown}</a>' if _URL.fullmatch(line) else shown


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._line = ""

    def lines(self) -> list[str]:
        self._end_block()
        return self._lines

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._end_line()
        elif tag in _BLOCKS:
            self._end_block()

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._end_block()

    def handle_data(self, data: str) -> None:
        # White space between blocks only lays out the source.
        if not self._line and not data.strip():
            return
        first, *others = data.translate(_NOT_SEEN).replace("\xa0", " ").split("\n")
        self._line += first
        for other in others:
            self._end_line()
            self._line = other

    def _end_line(self) -> None:
        self._lines.append(self._line)
        self._line = ""

    def _end_block(self) -> None:
        if self._line:
            self._end_line()
