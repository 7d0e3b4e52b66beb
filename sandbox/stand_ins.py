"""Every stand-in, and the page that uses them."""

from dataclasses import dataclass, field

from sandbox.adobe import AdobeStandIn
from sandbox.asana import AsanaStandIn
from sandbox.atlassian import AtlassianStandIn
from sandbox.bunny import BunnyStandIn
from sandbox.client import ClientPage
from sandbox.discord import DiscordStandIn
from sandbox.dropbox import DropboxStandIn
from sandbox.figma import FigmaStandIn
from sandbox.google import GoogleStandIn
from sandbox.kit.hosting import Hosting
from sandbox.kit.stand_in import Clock, StandIn
from sandbox.microsoft import MicrosoftStandIn
from sandbox.monday import MondayStandIn
from sandbox.notion import NotionStandIn
from sandbox.s3 import S3StandIn
from sandbox.slack import SlackStandIn


@dataclass
class Sandbox:
    """All of them on one clock. `everything` is in the order of their ports."""

    first_port: int = 0
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.slack = SlackStandIn(self.clock)
        self.s3 = S3StandIn(self.clock)
        self.adobe = AdobeStandIn(self.clock)
        self.asana = AsanaStandIn(self.clock)
        self.atlassian = AtlassianStandIn(self.clock)
        self.discord = DiscordStandIn(self.clock)
        self.dropbox = DropboxStandIn(self.clock)
        self.figma = FigmaStandIn(self.clock)
        self.google = GoogleStandIn(self.clock)
        self.microsoft = MicrosoftStandIn(self.clock)
        self.monday = MondayStandIn(self.clock)
        self.notion = NotionStandIn(self.clock)
        self.bunny = BunnyStandIn(self.clock)
        providers: list[StandIn] = [
            self.slack,
            self.s3,
            self.adobe,
            self.asana,
            self.atlassian,
            self.discord,
            self.dropbox,
            self.figma,
            self.google,
            self.microsoft,
            self.monday,
            self.notion,
            self.bunny,
        ]
        announced = {slug: facts for provider in providers for slug, facts in provider.announcement().items()}
        self.client = ClientPage(
            self.clock, {slug: facts["example"] for slug, facts in announced.items() if "example" in facts}
        )
        self.everything: list[StandIn] = [self.client, *providers]
        self.hosting = Hosting(self.everything, self.first_port)

    def reset(self) -> None:
        """As new: for the next test."""
        self.clock.ahead_s = 0.0
        for stand_in in self.everything:
            stand_in.reset()
