"""Settings: each wrong one is named, all at once."""

import base64
import re
from pathlib import Path

import pytest

from koko_integrations.settings import PUBLIC_AUTH_SECRET, BunnyLibrary, SettingsError, load_settings

KEY = base64.b64encode(bytes(32)).decode()
GOOD = {"KOKO_AUTH_SECRET": "a-secret", "KOKO_ENCRYPTION_KEYS": f"k1:{KEY}"}


def problems(**changes: str) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        load_settings(GOOD | changes)
    return refused.value.problems


def test_defaults() -> None:
    settings = load_settings(GOOD)
    assert settings.database_url == "sqlite:///var/koko.db"
    assert (settings.host, settings.port) == ("127.0.0.1", 8400)
    assert settings.public_url == "http://127.0.0.1:8400"
    assert settings.allowed_origins == frozenset()
    assert settings.asset_store == (Path.cwd() / "var" / "assets").as_uri()
    assert settings.bunny is None


def test_everything() -> None:
    settings = load_settings(
        GOOD
        | {
            "KOKO_DATABASE_URL": "postgresql://u:p@h/d",
            "KOKO_ENCRYPTION_KEYS": f"new:{KEY}, old:{KEY}",
            "KOKO_SERVICE_KEYS": "api:0123456789abcdef,worker:a:b:c:0123456789",
            "KOKO_SERVICE_JWKS_URL": "https://app.koko.com/api/auth/jwks",
            "KOKO_ALLOWED_ORIGINS": "https://app.koko.com, http://localhost:3000",
            "KOKO_REDIRECT_URIS": "https://app.koko.com/integrations/callback?x=1",
            "KOKO_PUBLIC_URL": "https://integrations.koko.com/",
            "KOKO_PROVIDER_GOOGLE_DRIVE_CLIENT_ID": "gid",
            "KOKO_PROVIDER_GOOGLE_DRIVE_CLIENT_SECRET": "gsecret",
            "KOKO_PROVIDER_SLACK_CLIENT_ID": "sid",
            "KOKO_PROVIDER_SLACK_CLIENT_SECRET": "ssecret",
            "KOKO_PROVIDER_SLACK_SIGNING_SECRET": "ssign",
            "KOKO_ORIGIN_OVERRIDES": "https://slack.com=http://127.0.0.1:4010,https://a.b=https://c.d:1",
            "KOKO_EGRESS_ALLOW": "10.0.0.0/8, fd00::/8",
            "KOKO_READS_PER_HOUR": "5000",
            "KOKO_WRITES_PER_HOUR": "1",
            "KOKO_SERVICE_RATE_PER_HOUR": "1000000000",
            "KOKO_ASSET_STORE": "s3://koko-assets/a/prefix?endpoint=https://x.r2.cloudflarestorage.com&region=auto",
            "KOKO_BUNNY_LIBRARY_ID": "1234",
            "KOKO_BUNNY_API_KEY": "bunny-key",
            "KOKO_HOST": "0.0.0.0",
            "KOKO_PORT": "9000",
            "KOKO_LOG_LEVEL": "DEBUG",
        }
    )
    assert list(settings.encryption_keys) == ["new", "old"]
    assert settings.service_keys["worker"] == "a:b:c:0123456789"
    assert set(settings.provider_apps) == {"google_drive", "slack"}
    assert settings.provider_apps["slack"].signing_secret == "ssign"
    assert settings.origin_overrides["https://slack.com"] == "http://127.0.0.1:4010"
    assert settings.public_url == "https://integrations.koko.com"
    assert (settings.reads_per_hour, settings.writes_per_hour) == (5000, 1)
    assert settings.service_calls_per_hour == 1_000_000_000
    assert settings.asset_store.startswith("s3://koko-assets/a/prefix?")
    assert settings.bunny == BunnyLibrary(id="1234", api_key="bunny-key")
    assert "bunny-key" not in repr(settings)
    assert "ssecret" not in repr(settings)
    assert "a-secret" not in repr(settings)
    assert KEY not in repr(settings)


def test_no_start_without_secrets() -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({})
    assert [problem.split()[0] for problem in refused.value.problems] == ["KOKO_AUTH_SECRET", "KOKO_ENCRYPTION_KEYS"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KOKO_AUTH_SECRET", PUBLIC_AUTH_SECRET),
        ("KOKO_ENCRYPTION_KEYS", KEY),
        ("KOKO_ENCRYPTION_KEYS", "k1:short"),
        ("KOKO_ENCRYPTION_KEYS", f"k1:{KEY[:-8]}"),
        ("KOKO_ENCRYPTION_KEYS", f"k1:{KEY},k1:{KEY}"),
        ("KOKO_ENCRYPTION_KEYS", f"a.b:{KEY}"),
        ("KOKO_ENCRYPTION_KEYS", ","),
        ("KOKO_DATABASE_URL", "mysql://x"),
        ("KOKO_DATABASE_URL", "sqlite:///"),
        ("KOKO_SERVICE_KEYS", "api"),
        ("KOKO_SERVICE_KEYS", "api:short"),
        ("KOKO_SERVICE_KEYS", "api:0123456789abcdef,api:0123456789abcdef"),
        ("KOKO_SERVICE_JWKS_URL", "/jwks"),
        ("KOKO_ALLOWED_ORIGINS", "https://app.koko.com/"),
        ("KOKO_ALLOWED_ORIGINS", "*"),
        ("KOKO_ALLOWED_ORIGINS", "https://user@app.koko.com"),
        ("KOKO_REDIRECT_URIS", "/callback"),
        ("KOKO_REDIRECT_URIS", "https://app.koko.com/cb#x"),
        ("KOKO_PUBLIC_URL", "integrations.koko.com"),
        ("KOKO_ORIGIN_OVERRIDES", "https://slack.com"),
        ("KOKO_ORIGIN_OVERRIDES", "https://slack.com/api=http://127.0.0.1:1"),
        ("KOKO_EGRESS_ALLOW", "everything"),
        ("KOKO_EGRESS_ALLOW", "10.0.0.1/8"),
        ("KOKO_READS_PER_HOUR", "0"),
        ("KOKO_WRITES_PER_HOUR", "-1"),
        ("KOKO_SERVICE_RATE_PER_HOUR", "unlimited"),
        ("KOKO_SERVICE_RATE_PER_HOUR", "1000000001"),
        ("KOKO_ASSET_STORE", "var/assets"),
        ("KOKO_ASSET_STORE", "file:var/assets"),
        ("KOKO_ASSET_STORE", "file:///"),
        ("KOKO_ASSET_STORE", "file://elsewhere/var/assets"),
        ("KOKO_ASSET_STORE", "file:///var/assets?region=eu"),
        ("KOKO_ASSET_STORE", "https://bucket.s3.amazonaws.com"),
        ("KOKO_ASSET_STORE", "s3:///prefix"),
        ("KOKO_ASSET_STORE", "s3://key:0123456789abcdef@bucket"),
        ("KOKO_ASSET_STORE", "s3://bucket?endpoint=minio:9000"),
        ("KOKO_ASSET_STORE", "s3://bucket?endpoint="),
        ("KOKO_ASSET_STORE", "s3://bucket?key=0123456789abcdef"),
        ("KOKO_BUNNY_LIBRARY_ID", "1234/videos"),
        ("KOKO_PORT", "http"),
        ("KOKO_PORT", "70000"),
        ("KOKO_LOG_LEVEL", "loud"),
    ],
)
def test_each_wrong_setting_is_named(name: str, value: str) -> None:
    found = problems(**{name: value})
    assert len(found) == 1
    assert found[0].startswith(name)
    if name in ("KOKO_AUTH_SECRET", "KOKO_ENCRYPTION_KEYS", "KOKO_SERVICE_KEYS", "KOKO_ASSET_STORE"):
        assert KEY[:-8] not in found[0]
        assert "0123456789abcdef" not in found[0]


def test_a_bunny_library_is_both_of_its_settings() -> None:
    assert problems(KOKO_BUNNY_LIBRARY_ID="1234") == [
        "KOKO_BUNNY_API_KEY is missing, though KOKO_BUNNY_LIBRARY_ID is set"
    ]
    assert problems(KOKO_BUNNY_API_KEY="0123456789abcdef") == [
        "KOKO_BUNNY_LIBRARY_ID is missing, though KOKO_BUNNY_API_KEY is set"
    ]


def test_all_at_once() -> None:
    found = problems(KOKO_PORT="x", KOKO_LOG_LEVEL="x", KOKO_PROVIDER_SLACK_CLIENT_ID="x", KOKO_AUTH_SECRET="")
    assert {re.split(r"[ :]", problem)[0] for problem in found} == {
        "KOKO_PROVIDER_SLACK_CLIENT_SECRET",
        "KOKO_AUTH_SECRET",
        "KOKO_PORT",
        "KOKO_LOG_LEVEL",
    }


def test_only_settings_reads_the_environment() -> None:
    root = Path(__file__).parents[1]
    readers = {
        path.relative_to(root).as_posix()
        for folder in ("koko_integrations", "procedures", "providers")
        for path in (root / folder).rglob("*.py")
        if re.search(r"os\.(environ|getenv)", path.read_text())
    }
    # The demo composes an environment for it, from the process's own.
    assert readers == {"koko_integrations/settings.py", "koko_integrations/cli/demo.py"}
