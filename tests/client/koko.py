"""Koko as it stands beside this service: its API server, in Node, over the database that both share."""

import contextlib
import os
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config

from sandbox import s3
from sandbox.stand_ins import Sandbox
from tests.client.node import ENVIRONMENTS, built, run
from tests.process import running
from tests.process.fleet import Fleet
from tests.process.running import free_port
from tests.process.test_commands import SETTINGS

SECRET = secrets.token_urlsafe(32)
REDIRECT_URI = "https://app.koko.com/integrations/callback"


@dataclass
class Koko:
    """Both servers, as their clients see them."""

    environment: str
    api_url: str
    web_origins: tuple[str, str]
    fleet: Fleet

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.fleet.port}"

    @property
    def variables(self) -> dict[str, str]:
        another_site, same_site = self.web_origins
        return {
            "KOKO_URL": self.api_url,
            "INTEGRATIONS_URL": self.url,
            "WEB_ORIGIN": another_site,
            "SAME_SITE_ORIGIN": same_site,
            "SERVICE_KEY": SETTINGS["KOKO_SERVICE_KEYS"],
        }

    def test(self, file: str, **more: str) -> None:
        """Runs a compiled test with both servers behind it."""
        run(ENVIRONMENTS[self.environment], "node", "--test", f"built/{file}", variables=self.variables | more)


@contextlib.contextmanager
def running_koko(environment: str, folder: Path, sandbox: Sandbox) -> Iterator[Koko]:
    """Koko's server makes its tables, `init-db` adds ours, then both serve."""
    built()
    furnish_examples(sandbox)
    database = folder / "koko.db"
    # The servers are on 127.0.0.1, which is another site than localhost.
    web_origins = f"http://localhost:{free_port()}", f"http://127.0.0.1:{free_port()}"
    with _api(environment, free_port(), database, web_origins) as api_url, contextlib.ExitStack() as stack:
        url = f"sqlite:///{database}"
        settings = {
            "KOKO_AUTH_SECRET": SECRET,
            "KOKO_ALLOWED_ORIGINS": ",".join(web_origins),
            "KOKO_REDIRECT_URIS": ",".join([REDIRECT_URI, *(f"{web}/integrations/callback" for web in web_origins)]),
        }
        done = running.run(folder, "init-db", **SETTINGS | settings, KOKO_DATABASE_URL=url)
        assert done.returncode == 0, done.stderr
        fleet = stack.enter_context(
            contextlib.closing(Fleet(folder, url, sandbox, ("slack", "s3"), reachable=False, **settings))
        )
        fleet.begin()
        yield Koko(environment, api_url, web_origins, fleet)


@contextlib.contextmanager
def _api(environment: str, port: int, database: Path, web_origins: tuple[str, str]) -> Iterator[str]:
    variables = {
        "DATABASE": str(database),
        "SECRET": SECRET,
        "PORT": str(port),
        "WEB_ORIGINS": ",".join(web_origins),
    }
    with subprocess.Popen(
        ["node", "built/koko/server.js"],
        cwd=ENVIRONMENTS[environment],
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def furnish_examples(sandbox: Sandbox) -> None:
    """The bucket and the keys of the API document's example."""
    key, secret = "AKIA...", "..."
    s3.KEYS[key] = secret
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=sandbox.hosting.urls["s3"],
        region_name=s3.REGION,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(s3={"addressing_style": "path"}),
    )
    with contextlib.closing(client):
        client.create_bucket(Bucket="my-bucket")
        client.put_object(Bucket="my-bucket", Key="Trailer.mp4", Body=b"\0\0\0\x18ftypmp42" + bytes(1000))
