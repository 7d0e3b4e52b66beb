"""Plain text to simple HTML and back, and what editors make of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.kit.rich_text import to_html, to_text

LINES = st.lists(st.text(st.characters(categories=("L", "N", "P", "S"))).map(str.strip), min_size=1)


@given(LINES)
def test_round_trip(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert to_text(to_html(text)).rstrip() == text.rstrip()


def test_nothing_in_the_text_is_markup() -> None:
    assert to_html("a <b> & 'c'\nhttps://koko.test/?t=1&comment=2") == (
        "<p>a &lt;b&gt; &amp; &#x27;c&#x27;<br>"
        '<a href="https://koko.test/?t=1&amp;comment=2">https://koko.test/?t=1&amp;comment=2</a></p>'
    )


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>\ufeffOne<br />two</p>\n<p>three</p>", "One\ntwo\nthree"),
        ("<p>One</p><p><br></p><p>two</p>", "One\n\ntwo"),
        ("<div>One<div>two</div></div>", "One\ntwo"),
        ("<ul><li>One</li><li>two</li></ul>", "One\ntwo"),
        ('<p>Ask <a class="mention" href="https://x.test/1">@Grace</a>&nbsp;&lt;soon&gt;</p>', "Ask @Grace <soon>"),
        ("plain\ntext", "plain\ntext"),
        ("a < b & c", "a < b & c"),
        ("", ""),
    ],
)
def test_what_editors_write(markup: str, text: str) -> None:
    assert to_text(markup) == text
