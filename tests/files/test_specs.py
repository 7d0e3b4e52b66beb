"""What browsing, importing and exporting ask and are answered, against the providers' own API descriptions, where they
are beside the checkout."""

import re
from typing import Any

import pytest
import yaml
from openapi_schema_validator import OAS30Validator, OAS31Validator

from providers.kit.transfers import ReadsFiles, Upload, WritesFiles
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
        check_body(spec, re.sub(f"^{prefix}", "", seen.path), seen.method, seen.data)
    assert check_all(spec, witness, prefix, DOCUMENTED.get(case.slug, frozenset())) > 10


def check_body(spec: dict[str, Any], path: str, method: str, data: Any) -> None:
    """Holds the JSON that was sent against the description."""
    operation = find_operation(spec, path, method)
    body = resolve(spec, operation.get("requestBody", {})) if operation is not None else {}
    schema = body.get("content", {}).get("application/json", {}).get("schema")
    if schema is not None and data is not None:
        validator = OAS31Validator if spec["openapi"].startswith("3.1") else OAS30Validator
        problems = list(validator({**schema, "components": spec.get("components", {})}).iter_errors(data))
        assert not problems, f"{path}: {[problem.message[:200] for problem in problems[:3]]}"
