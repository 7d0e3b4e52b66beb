"""Turning the pages of a list until there are no more."""

from collections.abc import Callable
from typing import TypeVar

from providers.kit.errors import ProtocolBroken

T = TypeVar("T")

MOST_PAGES = 1000


def all_pages(provider: str, ask: Callable[[str | None], tuple[list[T], str | None]]) -> list[T]:
    """What is on all pages. `ask` is given where a page is, None for the first; it answers what is on the page, and
    where the next one is, None after the last.

    Raises ProtocolBroken for a list without an end, and what `ask` raises.
    """
    found: list[T] = []
    passed: set[str | None] = set()
    page: str | None = None
    while page not in passed and len(passed) < MOST_PAGES:
        passed.add(page)
        entries, page = ask(page)
        found += entries
        if page is None:
            return found
    raise ProtocolBroken(f"{provider} sends pages without end")
