"""demo: what `make run` starts. A working service with nothing set up: keys, tables, a team, and loopback providers.

Whatever is set in the environment wins. Generated secrets are kept under var/, so that a second start finds its data.
"""

import asyncio
import base64
import contextlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from koko_integrations.access.session_cookie import SessionSigner
from koko_integrations.asgi import create_asgi
from koko_integrations.clock import SystemClock
from koko_integrations.database import open_database
from koko_integrations.database.schema import migrate
from koko_integrations.development import DEMO_ADMIN, DEMO_MEMBER, DEMO_TEAM, ensure_demo_data, start_session
from koko_integrations.observability import configure_logging
from koko_integrations.server import serve_app
from koko_integrations.settings import Settings, load_settings

SECRETS_FILE = Path("var/demo.json")
SANDBOX = "sandbox"
SANDBOX_PORT_OFFSET = 10
_REAL = {"bunny": "KOKO_BUNNY_LIBRARY_ID"}
"""What names the real one, where that is no provider's app."""


@click.command()
def demo() -> None:
    """Serve with demo data and sandboxed providers: nothing to set up, nothing to sign up for."""
    environ = _generated_secrets() | {name: value for name, value in os.environ.items() if value}
    with _sandbox(environ) as announced:
        settings = load_settings(_with_sandbox(environ, announced))
        configure_logging(settings.log_level if "KOKO_LOG_LEVEL" in environ else "warning")
        asyncio.run(_serve(settings, announced))


def _generated_secrets() -> dict[str, str]:
    if not SECRETS_FILE.exists():
        SECRETS_FILE.parent.mkdir(parents=True, exist_ok=True)
        generated = {
            "KOKO_AUTH_SECRET": secrets.token_urlsafe(32),
            "KOKO_ENCRYPTION_KEYS": f"demo:{base64.b64encode(secrets.token_bytes(32)).decode()}",
            "KOKO_SERVICE_KEYS": f"demo:{secrets.token_urlsafe(32)}",
        }
        with os.fdopen(os.open(SECRETS_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(generated, file, indent=2)
    known: dict[str, str] = json.loads(SECRETS_FILE.read_text())
    return known


@contextlib.contextmanager
def _sandbox(environ: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The stand-ins, as a child process that ends with us, and what it announced; nothing outside of a checkout.

    They are not installed with the service: `python -m` finds them in the folder that it is started in.
    """
    if not Path(SANDBOX, "__main__.py").exists():
        yield {}
        return
    port = int(environ.get("KOKO_PORT", "8400")) + SANDBOX_PORT_OFFSET
    command = [sys.executable, "-m", SANDBOX, "--port", str(port), "--watch-stdin"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            assert process.stdout is not None, "stdout is a pipe"
            line = process.stdout.readline()
            if not line:
                raise click.ClickException("the sandbox did not start")
            yield json.loads(line)
        finally:
            process.terminate()


def _with_sandbox(environ: Mapping[str, str], announced: Mapping[str, Any]) -> dict[str, str]:
    """The environment, with the sandbox standing in for every provider that has no real client id."""
    merged = dict(environ)
    overrides: list[str] = []
    stand_ins = announced.get("providers", {})
    real = {slug for slug in stand_ins if _REAL.get(slug, f"KOKO_PROVIDER_{slug.upper()}_CLIENT_ID") in environ}
    # Providers of one house share origins: where one of them is real, the origin is.
    real_origins = {origin for slug in real for origin in stand_ins[slug]["origins"]}
    for slug, stand_in in stand_ins.items():
        prefix = f"KOKO_PROVIDER_{slug.upper()}"
        if slug in real or not real_origins.isdisjoint(stand_in["origins"]):
            continue
        if "clientId" in stand_in:
            merged[f"{prefix}_CLIENT_ID"] = stand_in["clientId"]
            merged[f"{prefix}_CLIENT_SECRET"] = stand_in["clientSecret"]
        if "signingSecret" in stand_in:
            merged[f"{prefix}_SIGNING_SECRET"] = stand_in["signingSecret"]
        overrides += [f"{meant}={actual}" for meant, actual in stand_in["origins"].items()]
    if client := announced.get("client"):
        merged.setdefault("KOKO_ALLOWED_ORIGINS", client["url"])
        merged.setdefault("KOKO_REDIRECT_URIS", client["redirectUri"])
    if overrides:
        merged.setdefault("KOKO_ORIGIN_OVERRIDES", ",".join(dict.fromkeys(overrides)))
    return merged


async def _serve(settings: Settings, announced: Mapping[str, Any]) -> None:
    clock = SystemClock()
    database = open_database(settings.database_url)
    try:
        await migrate(database)
        await ensure_demo_data(database, clock)
        signer = SessionSigner(settings.auth_secret)
        tokens = {user: signer.sign(await start_session(database, clock, user)) for user in (DEMO_ADMIN, DEMO_MEMBER)}
    finally:
        database.close()
    await serve_app(create_asgi(settings), settings, on_ready=lambda url: _welcome(url, tokens, announced))


def _welcome(url: str, tokens: Mapping[str, str], announced: Mapping[str, Any]) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "integration.list", "params": {"teamId": DEMO_TEAM}}
    click.echo(f"Koko Integrations is serving on {url}\n")
    for user, token in tokens.items():
        click.echo(f"{user:12} Bearer {token}")
    click.echo("\nTry it:\n")
    click.echo(
        f"curl -s {url}/rpc -H 'content-type: application/json' "
        f"-H 'authorization: Bearer {tokens[DEMO_ADMIN]}' -d '{json.dumps(body)}'"
    )
    if client := announced.get("client"):
        click.echo(f"\nOr in a browser: {client['url']}/#token={tokens[DEMO_ADMIN]}&service={url}")
        click.echo(f"Redirect URI for OAuth: {client['redirectUri']}")
    for slug, page in announced.get("messages", {}).items():
        click.echo(f"What {slug} was told: {page}")
    click.echo("\nStop with Ctrl-C.")
    sys.stdout.flush()
