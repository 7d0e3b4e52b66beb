"""Where a provider's icon is served."""

from importlib.resources import files

ICONS_PATH = "/icons"
FALLBACK = "custom"


def icon_url(public_url: str, slug: str) -> str:
    return f"{public_url}{ICONS_PATH}/{slug}.svg"


def get_icon(slug: str) -> bytes | None:
    """The SVG of a provider; a third party's provider without one gets the neutral mark."""
    folder = files("koko_integrations") / "icons"
    for name in (slug, FALLBACK):
        icon = folder / f"{name}.svg"
        if icon.is_file():
            return icon.read_bytes()
    return None
