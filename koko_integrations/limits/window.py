"""One limit in one window of time, as this process counts it."""

SLICES = 100
"""A process books a hundredth of a limit at once, or one."""
NEARLY_FULL = 10
"""Nothing is let through on credit when less than a tenth of the window is free."""


class Window:
    """`spent` was let through here, and `booked` taken for it in the shared row; up to `ceiling` may be spent.

    `free` is what was left in the row when it was last seen, `waiting` how many wait for it. Times are epoch ms.
    """

    __slots__ = (
        "booked",
        "ceiling",
        "ends_at",
        "free",
        "is_alone",
        "is_full",
        "is_known",
        "limit",
        "low",
        "name",
        "slice",
        "spent",
        "starts_at",
        "waiting",
    )

    def __init__(self, name: str, limit: int, starts_at: int, ends_at: int) -> None:
        self.name = name
        self.limit = limit
        self.starts_at = starts_at
        self.ends_at = ends_at
        self.slice = max(1, limit // SLICES)
        # With so much left the next slice is asked for; never ahead of need where a slice is one.
        self.low = self.slice // 4 if self.slice > 1 else -1
        self.spent = 0
        self.booked = 0
        self.ceiling = 0
        self.free = limit
        self.waiting = 0
        self.is_known = self.slice == 1
        self.is_full = False
        self.is_alone = False

    @property
    def has_plenty(self) -> bool:
        """Whether one more needs nothing of the row, now or soon."""
        return self.ceiling - self.spent > self.low + 1

    @property
    def remaining(self) -> int:
        return max(0, self.free + self.booked - self.spent)

    @property
    def owed(self) -> int:
        """What was spent and not booked; negative when it is the other way round."""
        return self.spent - self.booked

    def spend(self, wanted: int) -> int:
        """Lets through as many as there is room for."""
        granted = max(0, min(wanted, self.ceiling - self.spent))
        self.spent += granted
        return granted

    @property
    def needed(self) -> int:
        """How much to book, so that all who wait have room, or a slice is at hand."""
        return max(max(0, self.owed) + self.slice, self.owed + self.waiting)

    def seen(self, used: int) -> None:
        """The row as another process left it: far from full, a first slice goes on credit and costs no write."""
        self.is_known = True
        self.free = self.limit - used
        if self.free > self.limit // NEARLY_FULL:
            self.ceiling = self.slice

    def received(self, wanted: int, booked: int, used: int) -> None:
        """The answer of the row."""
        self.booked += booked
        self.ceiling = self.booked
        self.free = self.limit - used
        self.is_full = booked < wanted

    def go_on_alone(self, wanted: int) -> None:
        """The row does not answer: this process counts by itself, to the limit and no further."""
        self.ceiling = min(self.limit, max(self.ceiling, self.spent + max(self.slice, wanted)))
