"""Every stand-in, and the page that uses them."""

from dataclasses import dataclass, field

from sandbox.client import ClientPage
from sandbox.kit.hosting import Hosting
from sandbox.kit.stand_in import Clock, StandIn
from sandbox.s3 import S3StandIn
from sandbox.slack import SlackStandIn


@dataclass
class Sandbox:
    """All of them on one clock. `everything` is in the order of their ports."""

    first_port: int = 0
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.client = ClientPage(self.clock)
        self.slack = SlackStandIn(self.clock)
        self.s3 = S3StandIn(self.clock)
        self.everything: list[StandIn] = [self.client, self.slack, self.s3]
        self.hosting = Hosting(self.everything, self.first_port)

    def reset(self) -> None:
        """As new: for the next test."""
        self.clock.ahead_s = 0.0
        for stand_in in self.everything:
            stand_in.reset()
