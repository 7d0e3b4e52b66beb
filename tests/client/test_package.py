"""The npm package: its types, its size, what it needs; and the OpenRPC document that it is made from."""

import json
import re
from pathlib import Path

import pytest

from koko_integrations.asgi import openrpc_document
from koko_integrations.rpc.wire import dump
from tests.client.node import CLIENT, KOKO_TODAY, built, run

MOST_BYTES = 5_000


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    built()


def test_the_document_is_valid_by_openrpcs_own_tools() -> None:
    document = openrpc_document()
    said = run(CLIENT, "node", "scripts/validate.mjs", input=dump(document).decode())
    assert said == f"{len(document['methods'])} methods\n"


def test_types_are_those_of_the_document() -> None:
    """Where this fails, `make types` has been forgotten."""
    made = run(CLIENT, "node", "scripts/types.mjs", input=dump(openrpc_document()).decode())
    assert made == (CLIENT / "src" / "procedures.ts").read_text(), "run `make types`"


def test_what_it_adds_to_a_page() -> None:
    bundle = json.loads(run(CLIENT, "node", "scripts/bundle.mjs"))
    assert bundle["imports"] == ["@trpc/client"]
    assert bundle["gzippedBytes"] < MOST_BYTES


def test_what_it_needs() -> None:
    package = json.loads((CLIENT / "package.json").read_text())
    assert "dependencies" not in package
    # @trpc/client asks for @trpc/server itself; ours has types of it alone.
    assert set(package["peerDependencies"]) == {"@trpc/client", "@trpc/server"}
    assert package["type"] == "module"
    assert package["engines"]["node"] == ">=20"


@pytest.mark.parametrize("folder", [CLIENT, KOKO_TODAY], ids=["newest", "koko-today"])
def test_lock_files_name_no_host(folder: Path) -> None:
    text = (folder / "package-lock.json").read_text()
    assert '"integrity"' in text
    assert not re.search(r'"resolved"|registry', text)


def test_versions_that_are_promised() -> None:
    today = json.loads((KOKO_TODAY / "package.json").read_text())["dependencies"]
    assert (today["@trpc/client"][:4], today["better-auth"]) == ("11.7", "1.4.1")
