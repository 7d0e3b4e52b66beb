"""KOKO_ASSET_STORE: the store that it names, and the staging folder that goes with it."""

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from koko_integrations.assets.bucket import BucketStore
from koko_integrations.assets.local import LocalStore
from koko_integrations.assets.staging import Staging
from koko_integrations.assets.store import AssetStore


def open_store(url: str, data_dir: Path) -> tuple[AssetStore, Staging]:
    """The store, and where files wait until they are whole: beside a local store, in `data_dir` for a bucket.

    `url` is as settings have checked it. Raises StoreError.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        store = LocalStore(Path(unquote(parts.path)))
        return store, Staging(store.staging_folder())
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    bucket = BucketStore(parts.netloc, unquote(parts.path), options.get("endpoint"), options.get("region"))
    return bucket, Staging(data_dir / "staging")
