"""Lists are turned to their end, and given up where there is none."""

import pytest

from providers.kit.errors import ProtocolBroken
from providers.kit.paging import MOST_PAGES, all_pages


def test_until_there_are_no_more() -> None:
    pages: dict[str | None, tuple[list[int], str | None]] = {None: ([1, 2], "b"), "b": ([], "c"), "c": ([3], None)}
    assert all_pages("Example", lambda page: pages[page]) == [1, 2, 3]
    assert all_pages("Example", lambda page: ([], None)) == []


def test_lists_without_an_end() -> None:
    asked: list[str | None] = []

    def the_same_again(page: str | None) -> tuple[list[int], str | None]:
        asked.append(page)
        return [1], "b" if page != "b" else "a"

    with pytest.raises(ProtocolBroken, match="Example"):
        all_pages("Example", the_same_again)
    assert asked == [None, "b", "a"]

    def ever_on(page: str | None) -> tuple[list[int], str | None]:
        asked.append(page)
        return [1], str(len(asked))

    asked.clear()
    with pytest.raises(ProtocolBroken, match="without end"):
        all_pages("Example", ever_on)
    assert len(asked) == MOST_PAGES
