"""Plain text to Notion's rich text and back, whatever people write."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.kit.errors import ProtocolBroken, Rejected
from providers.kit.notion.text import MOST_RUNS, RUN_UNITS, block_text, paragraph, split, to_plain, to_rich_text

LINK = "https://app.koko.test/videos/video-1?t=62.5&comment=comment-1"
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
long_words = st.builds(lambda text, times: text * times, words, st.integers(1, 400))


def answered(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As Notion shows them."""
    return [{**run, "plain_text": run["text"]["content"]} for run in runs]


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@given(long_words)
def test_nothing_is_lost_and_nothing_too_long(text: str) -> None:
    runs = to_rich_text(text)
    assert to_plain(answered(runs)) == text
    assert all(0 < units(run["text"]["content"]) <= RUN_UNITS for run in runs)
    block = paragraph(text)
    assert block_text({**block, "paragraph": {"rich_text": answered(block["paragraph"]["rich_text"])}}) == text


@given(long_words)
def test_the_last_line_can_be_clicked(text: str) -> None:
    runs = to_rich_text(f"{text}\n{LINK}")
    assert runs[-1]["text"] == {"content": LINK, "link": {"url": LINK}}
    assert to_plain(answered(runs)) == f"{text}\n{LINK}"


@pytest.mark.parametrize("text", ["", "see https://x.test", "https://x.test\n", f"https://x.test/{'x' * RUN_UNITS}"])
def test_other_text_is_no_link(text: str) -> None:
    assert all("link" not in run["text"] for run in to_rich_text(text))


def test_runs_are_as_long_as_they_may_be() -> None:
    assert [len(part) for part in split("x" * 4001)] == [2000, 2000, 1]
    # Outside the basic plane a character counts twice, and is not torn.
    assert [len(part) for part in split("x" + "🎬" * 1000)] == [1000, 1]


def test_more_than_a_field_holds() -> None:
    assert len(to_rich_text("x" * MOST_RUNS * RUN_UNITS)) == MOST_RUNS
    with pytest.raises(Rejected, match="200000 characters"):
        to_rich_text("x" * (MOST_RUNS * RUN_UNITS + 1))


@pytest.mark.parametrize("rich_text", [None, "text", {}, [5], [{"text": {"content": "x"}}], [{"plain_text": 5}]])
def test_what_is_no_rich_text(rich_text: object) -> None:
    with pytest.raises(ProtocolBroken):
        to_plain(rich_text)


@pytest.mark.parametrize("block", [None, {}, {"type": "divider", "divider": {}}, {"type": "image", "image": None}])
def test_blocks_without_text(block: object) -> None:
    assert block_text(block) == ""
