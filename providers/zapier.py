"""Zapier. The Koko app in Zapier calls Koko. Source: docs.zapier.com/platform/build/hook-trigger."""

import re

from providers.kit.base import SubscribesHooks
from providers.kit.manifest import Feature, Manifest


class Zapier(SubscribesHooks):
    hook_host = re.compile(r"hooks\.zapier\.com")
    manifest = Manifest(
        slug="zapier",
        name="Zapier",
        category="automation",
        description="Start Zaps from Koko events, and act in Koko from any app",
        features=(Feature("Custom workflows"),),
    )
