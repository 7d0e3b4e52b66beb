"""Text for messages: cut to measure in any markup, never inside of a letter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.kit.discord.messages import escape as discord
from providers.kit.plain_text import ELLIPSIS, as_json, clean, cut, fit, one_line, units
from providers.kit.slack.messages import escape as slack

WRITERS = st.sampled_from([str, slack, discord, as_json])
# No lone surrogates: the endpoint refuses them.
TEXTS = st.text(st.characters(codec="utf-8") | st.sampled_from('<&>*_-\\"\n\U0001f602\u200d\u0301'))


@given(TEXTS, st.integers(10, 60), WRITERS)
def test_it_fits(text: str, most: int, write: object) -> None:
    assert callable(write)
    fitted = fit(text, most, write)
    assert units(fitted) <= most
    whole = write(text)
    assert fitted == whole if units(whole) <= most else fitted == write(cut(text, most, write))


@given(TEXTS, st.integers(10, 60))
def test_what_is_cut_is_a_beginning(text: str, most: int) -> None:
    kept = cut(text, most)
    assert kept == text or (kept.endswith(ELLIPSIS) and text.startswith(kept[:-1]))


@given(TEXTS)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert "\n" not in one_line(text)


@pytest.mark.parametrize(
    "letter", ["e\u0301", "\U0001f44d\U0001f3fe", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "❤\ufe0f"]
)
def test_a_letter_of_several_parts_stays_whole(letter: str) -> None:
    for most in range(20, 40):
        kept = cut(letter * 30, most).removesuffix(ELLIPSIS)
        assert kept == letter * (len(kept) // len(letter))


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("- item", "\\- item"),
        ("a-b", "a-b"),
        ("a\n  - b", "a\n  \\- b"),
        ("[x](https://evil.example)", "\\[x\\](https\\://evil.example)"),
        ("<@123> @here", "\\<\\@123\\> \\@here"),
        ("\\*", "\\\\\\*"),
    ],
)
def test_discords_marks(text: str, escaped: str) -> None:
    assert discord(text) == escaped
