"""What browsing, importing and exporting ask and are answered, against the providers' own API descriptions, where they
are beside the checkout."""

import re
from dataclasses import replace
from typing import Any

import orjson
import pytest
import yaml
from openapi_schema_validator import OAS30Validator, OAS31Validator

from providers.figma import Figma
from providers.kit.connection import Connection, Credentials
from providers.kit.errors import AlreadyThere, Missing, Rejected, StartOver
from providers.kit.transfers import ReadsFiles, Session, Upload, WritesFiles
from sandbox.figma import BOARD, FILE
from sandbox.kit.stand_in import Seen
from sandbox.stand_ins import Sandbox
from tests.connections.test_specs import CASES as DESCRIPTIONS
from tests.connections.test_specs import FOLDER, check_all, find_operation, resolve
from tests.files.cases import CASES, Case
from tests.files.conftest import Remote, http_of
from tests.sync.storage import TAKE

pytestmark = pytest.mark.skipif(
    not FOLDER.exists(), reason="the providers' API descriptions are not beside this checkout"
)

BY_SLUG = {slug: (name, prefix) for slug, name, _, prefix in DESCRIPTIONS}
DESCRIBED = [case for case in CASES if case.slug in BY_SLUG and issubclass(case.provider, ReadsFiles)]
# How a whole file is to be put where one of its name may be: Graph takes it as a query.
DOCUMENTED = {"onedrive": frozenset({"@microsoft.graph.conflictBehavior"})}


@pytest.mark.parametrize("case", DESCRIBED, ids=[case.slug for case in DESCRIBED])
def test_files(sandbox: Sandbox, case: Case) -> None:
    name, prefix = BY_SLUG[case.slug]
    spec = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    remote = Remote(case, sandbox, case.provider(http_of(sandbox)), case.connect(sandbox))
    remote.entries(None)
    remote.entries(remote.path_of("Rushes/Day 1"))
    remote.entries(remote.path_of("Rushes"), "take 7")
    file = remote.find(remote.path_of(TAKE))
    remote.read(file)
    remote.read(file, 3)
    if issubclass(case.provider, WritesFiles):
        for number, data in enumerate((b"", b"small", bytes(remote.provider.chunk_bytes + 1))):
            upload = Upload(name=f"{number}.mp4", size=len(data), mime_type="video/mp4")
            remote.send(upload, data)
        again = Upload(name="1.mp4", size=1, mime_type="video/mp4", conflict="replace")
        remote.send(again, b"1")
        session = remote.provider.begin_upload(remote.connection, again)
        remote.resume(again, session)
        remote.provider.abandon_upload(remote.connection, session)
    witness = case.stand_in(sandbox)
    for seen in witness.seen:
        if seen.answer[:1] not in (b"{", b"["):
            # The bytes of a file, or of a part of it.
            seen.answer, seen.status = b"", 200 if seen.status == 206 else seen.status
        path = re.sub(f"^{prefix}", "", seen.path)
        check_body(spec, path, seen.method, seen.data)
        check_headers(spec, path, seen)
    assert check_all(spec, witness, prefix, DOCUMENTED.get(case.slug, frozenset())) > 10


def check_body(spec: dict[str, Any], path: str, method: str, data: Any) -> None:
    """Holds the JSON that was sent against the description."""
    operation = find_operation(spec, path, method)
    body = resolve(spec, operation.get("requestBody", {})) if operation is not None else {}
    schema = body.get("content", {}).get("application/json", {}).get("schema")
    if schema is not None and data is not None:
        check_value(spec, path, schema, data)


def check_headers(spec: dict[str, Any], path: str, seen: Seen) -> None:
    """Those that hold JSON."""
    operation = find_operation(spec, path, seen.method) or {}
    for parameter in [resolve(spec, one) for one in operation.get("parameters", ())]:
        if parameter["in"] == "header" and "content" in parameter:
            schema = parameter["content"]["application/json"]["schema"]
            check_value(spec, path, schema, orjson.loads(seen.headers[parameter["name"].lower()]))


def check_value(spec: dict[str, Any], path: str, schema: dict[str, Any], value: Any) -> None:
    validator = OAS31Validator if spec["openapi"].startswith("3.1") else OAS30Validator
    problems = list(validator({**schema, "components": spec.get("components", {})}).iter_errors(value))
    assert not problems, f"{path}: {[problem.message[:200] for problem in problems[:3]]}"


def test_what_dropbox_refuses(sandbox: Sandbox) -> None:
    spec = yaml.safe_load((FOLDER / "dropbox.yaml").read_text())
    case = next(case for case in CASES if case.slug == "dropbox")
    remote = Remote(case, sandbox, case.provider(http_of(sandbox)), case.connect(sandbox))
    upload = Upload(name="new.mp4", size=1, mime_type="video/mp4", folder="/Empty")
    session = remote.provider.begin_upload(remote.connection, upload)
    sandbox.dropbox.uploads.room_bytes = 0
    for act in (
        lambda: remote.entries("/nothing"),
        lambda: remote.entries("/nothing", "x"),
        lambda: remote.find("/nothing"),
        lambda: remote.provider.begin_upload(remote.connection, replace(upload, folder="/nothing")),
        lambda: remote.send(upload, b"x", session),
        lambda: remote.send(replace(upload, name="desktop.ini"), b"x"),
        lambda: remote.send(replace(upload, name="a", conflict="replace"), b"x"),
    ):
        with pytest.raises(Rejected):
            act()
    sandbox.dropbox.uploads.room_bytes = 10
    for conflict in ("fail", "replace"):
        named = replace(upload, name="Empty", folder=None, conflict=conflict)
        with pytest.raises(AlreadyThere):
            remote.send(named, b"x")
    remote.resume(upload, Session(token=session.token, offset=0))
    sandbox.dropbox.uploads.expire()
    with pytest.raises(StartOver):
        remote.resume(upload, session)
    with pytest.raises(StartOver):
        remote.send(upload, b"x", session)
    assert {seen.status for seen in sandbox.dropbox.seen} == {200, 409}
    assert check_all(spec, sandbox.dropbox, "") > 20


def test_figma(sandbox: Sandbox) -> None:
    spec = yaml.safe_load((FOLDER / "figma.yaml").read_text())
    provider = Figma(http_of(sandbox))
    token = sandbox.figma.oauth.issue(Figma.manifest.scopes).access
    connection = Connection(credentials=Credentials(access_token=token))
    for folder, query in ((FILE, None), (FILE, "x"), (f"{FILE}/0:1", None), (f"{BOARD}/2:1", None)):
        provider.list_files(connection, folder, query, None)
    for ending in ("png", "svg"):
        file = provider.find_file(connection, f"{FILE}/1:2?format={ending}")
        provider.open_file(connection, file, 0).close()
    with pytest.raises(Missing):
        provider.find_file(connection, "nobodyKnowsThisKey1234/1:2")
    assert check_all(spec, sandbox.figma, "") == 4 + 2 * 3 + 1
