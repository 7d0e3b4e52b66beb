"""The shapes of the addresses that an operator sets.

Each function answers the address, or raises ValueError with what was expected.
"""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


def absolute_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"expected an absolute http or https URL, got {text}")
    return text


def base_url(text: str) -> str:
    return absolute_url(text).rstrip("/")


def origin(text: str) -> str:
    parts = urlsplit(absolute_url(text))
    if text != f"{parts.scheme}://{parts.netloc}" or "@" in parts.netloc:
        raise ValueError(f"expected an origin such as https://app.koko.com (no path, no slash at the end), got {text}")
    return text.lower()


def redirect_uri(text: str) -> str:
    # RFC 6749, 3.1.2: absolute, and without a fragment.
    if urlsplit(absolute_url(text)).fragment:
        raise ValueError(f"a redirect URI has no fragment, got {text}")
    return text


def assets_beside_us() -> str:
    """Where assets are kept unless somebody says otherwise: below the folder that the service was started in."""
    return Path("var/assets").absolute().as_uri()


def asset_store(text: str) -> str:
    parts = urlsplit(text)
    options = parse_qs(parts.query, keep_blank_values=True)
    is_folder = text.startswith("file:///") and parts.path.strip("/") and not parts.query
    is_bucket = parts.scheme == "s3" and re.fullmatch(r"[a-z0-9][a-z0-9.-]+", parts.netloc)
    if parts.fragment or not (is_folder or is_bucket) or not options.keys() <= {"endpoint", "region"}:
        raise ValueError("expected file:///a/folder or s3://bucket/prefix?endpoint=https://...&region=...")
    if "endpoint" in options:
        origin(options["endpoint"][-1])
    return text
