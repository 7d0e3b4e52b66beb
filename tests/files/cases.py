"""The providers that keep files, as the contract suite sees them: one row each. Sync's tests have the people there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from providers.dropbox import Dropbox
from providers.google_drive import GoogleDrive
from providers.kit.base import Provider
from providers.kit.connection import Connection, Credentials
from providers.kit.transfers import Algorithm
from providers.onedrive import OneDrive
from providers.s3 import S3
from sandbox.kit.stand_in import StandIn
from sandbox.onedrive_drives import DRIVE
from sandbox.onedrive_transfers import DOWNLOAD, UPLOAD
from sandbox.s3 import BUCKET, KEYS, WITHOUT_RIGHTS
from sandbox.stand_ins import Sandbox
from tests.sync.storage import InBucket, InTree, Person

KIB, MIB = 1024, 1024 * 1024
Request = tuple[str, str]
"""Method and path."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One provider that is read from and written to. Paths are such as Rushes/Day 1/a.mp4.

    `path_of` is what integration.listFiles shows for a file or folder, `content` what is there. `put` makes a file in
    the folder Empty, and answers what listFiles shows for it.

    `connect` has everything granted, `powerless` may not read files, and nobody gave the credentials of `unknown`.
    `list_request`, `find_request` and `open_request` are how the provider is asked for a folder, a file and its bytes;
    `chunk_request`, `last_request` and `only_request` how a chunk of Empty/new.mp4, the last one and the only one
    arrive. `busy` is how the provider asks for patience.

    With `pinned` an older version can still be read once there is a newer one. With `begins` a search finds names that
    begin with what is asked for, in the folder itself. `chunk_bytes` is the least that the provider takes in a chunk.
    `unfinished` is how many uploads have begun and not ended.

    At the top are `beside` what is in the tree. With `names_repeat` a folder may have two files of a name; `no_names`
    are refused. `give` lets the app replace a file that somebody has put there. A file of no bytes arrives by
    `empty_request` where that is another than `only_request`.
    """

    slug: str
    provider: type[Provider]
    stand_in: Callable[[Sandbox], StandIn]
    person: Callable[[Sandbox], Person]
    content: Callable[[Sandbox, str], bytes]
    path_of: Callable[[Sandbox, str], str]
    put: Callable[[Sandbox, str, bytes], str]
    connect: Callable[[Sandbox], Connection]
    powerless: Callable[[Sandbox], Connection]
    unknown: Callable[[Sandbox], Connection]
    algorithms: frozenset[Algorithm]
    names: tuple[str, ...]
    list_request: Callable[[Sandbox, str], Request]
    find_request: Callable[[Sandbox, str], Request]
    open_request: Callable[[Sandbox, str], Request]
    busy: Mapping[str, Any] = field(default_factory=lambda: {"status": 429, "headers": {"Retry-After": "300"}})
    pinned: bool = False
    begins: bool = False
    has_folders: bool = True
    beside: frozenset[str] = frozenset()
    names_repeat: bool = False
    give: Callable[[Sandbox, str], object] = lambda _sandbox, _path: None
    no_names: tuple[str, ...] = ("", ".", "..", "a/b.mp4", "../../etc/passwd", "/absolute", "x" * 10_000)

    chunk_bytes: int
    chunk_request: Callable[[Sandbox], Request]
    last_request: Callable[[Sandbox], Request]
    only_request: Callable[[Sandbox], Request]
    expire: Callable[[Sandbox], None]
    unfinished: Callable[[Sandbox], int] = lambda _: 0
    empty_request: Callable[[Sandbox], Request] | None = None


NAMES = (
    "it's 100% #final+v2 (1).mp4",
    "& = ; @ $ ^ ` {braces} [brackets] ~.mov",
    "e\u0301te\u0301 decomposed.mov",
    "日本語 🎬👩‍👩‍👧‍👦.mp4",
    "\u202eright to left \u05e9\u05dc\u05d5\u05dd.mp4",
    "..leading dots",
    "no extension",
    "line\u2028separator.mp4",
    "%2e%2e%2f.mp4",
    "a" * 200 + ".mp4",
)
"""What every service allows, and what needs care on the way."""
WINDOWS_REFUSES = (' leading "space" <and> the | rest: ?*.mp4', "del\x7f.mp4")


def _in_tree(
    of: Callable[[Sandbox], Any],
    path_of: Callable[[Sandbox, str], str],
    scopes: tuple[str, ...],
    prepare: Callable[[Sandbox], object] = lambda _: None,
) -> dict[str, Any]:
    """What the rows of providers have in common whose stand-in has `files`, a tree, and `oauth`."""

    def put(sandbox: Sandbox, name: str, content: bytes) -> str:
        files = of(sandbox).files
        files.add(files.at("Empty"), name, content)
        return path_of(sandbox, f"Empty/{name}")

    def bearing(token: str) -> Connection:
        return Connection(credentials=Credentials(access_token=token))

    def connect(sandbox: Sandbox) -> Connection:
        prepare(sandbox)
        return bearing(of(sandbox).oauth.issue(scopes).access)

    return {
        "stand_in": of,
        "person": lambda sandbox: InTree(of(sandbox).files),
        "content": lambda sandbox, path: of(sandbox).files.at(path).content,
        "path_of": path_of,
        "put": put,
        "connect": connect,
        "powerless": lambda sandbox: bearing(of(sandbox).oauth.issue(("nothing.much",)).access),
        "unknown": lambda _: bearing("nobody-gave-this-token"),
    }


def _onedrive(sandbox: Sandbox, path: str) -> str:
    return sandbox.microsoft.files.at(path).id


def _s3_put(sandbox: Sandbox, name: str, content: bytes) -> str:
    sandbox.s3.files.add(f"Empty/{name}", content)
    return f"Empty/{name}"


def _s3_by(key: str, secret: str) -> Connection:
    return Connection(
        credentials=Credentials(secrets={"accessKeyId": key, "secretAccessKey": secret}),
        config={"bucket": BUCKET, "region": "us-east-1"},
    )


CASES = [
    Case(
        slug="dropbox",
        provider=Dropbox,
        **_in_tree(lambda s: s.dropbox, lambda _, path: f"/{path}", Dropbox.manifest.scopes),
        algorithms=frozenset({"dropbox"}),
        names=(*NAMES, *WINDOWS_REFUSES),
        list_request=lambda _s, _path: ("POST", "/2/files/list_folder"),
        find_request=lambda _s, _path: ("POST", "/2/files/get_metadata"),
        open_request=lambda _s, _path: ("POST", "/2/files/download"),
        pinned=True,
        chunk_bytes=64 * KIB,
        chunk_request=lambda _: ("POST", "/2/files/upload_session/append_v2"),
        last_request=lambda _: ("POST", "/2/files/upload_session/finish"),
        only_request=lambda _: ("POST", "/2/files/upload_session/finish"),
        expire=lambda s: s.dropbox.uploads.expire(),
    ),
    Case(
        slug="s3",
        provider=S3,
        stand_in=lambda s: s.s3,
        person=lambda s: InBucket(s.s3.files),
        content=lambda s, path: s.s3.files.read(path),
        # A folder is named by what its keys begin with.
        path_of=lambda _, path: path if "." in path or path.endswith("no extension") else f"{path}/",
        put=_s3_put,
        connect=lambda _: _s3_by(*next(iter(KEYS.items()))),
        powerless=lambda _: _s3_by(WITHOUT_RIGHTS, KEYS[WITHOUT_RIGHTS]),
        unknown=lambda _: _s3_by("AKIANOBODY0000000000", "nobody-gave-this-secret-to-anybody-at-all"),
        algorithms=frozenset({"md5"}),
        names=(*NAMES, *WINDOWS_REFUSES, "control\x01\t.mp4", "trailing space. "),
        list_request=lambda _s, _path: ("GET", f"/{BUCKET}"),
        find_request=lambda _s, path: ("HEAD", f"/{BUCKET}/{path}"),
        open_request=lambda _s, path: ("GET", f"/{BUCKET}/{path}"),
        busy={"status": 503, "body": b"<Error><Code>SlowDown</Code></Error>"},
        begins=True,
        has_folders=False,
        chunk_bytes=5 * MIB,
        chunk_request=lambda _: ("PUT", f"/{BUCKET}/Empty/new.mp4"),
        last_request=lambda _: ("POST", f"/{BUCKET}/Empty/new.mp4"),
        only_request=lambda _: ("PUT", f"/{BUCKET}/Empty/new.mp4"),
        expire=lambda s: s.s3.files.expire_uploads(),
        unfinished=lambda s: s.s3.files.unfinished(),
    ),
    Case(
        slug="google_drive",
        provider=GoogleDrive,
        **_in_tree(
            lambda s: s.google,
            lambda s, path: s.google.files.at(path).id,
            GoogleDrive.manifest.scopes,
            lambda s: s.google.drive.grant(s.google.files.at("Empty")),
        ),
        algorithms=frozenset({"md5", "sha1", "sha256"}),
        names=(*NAMES, *WINDOWS_REFUSES, "a\\b 'c'.mp4", " spaces at the ends ", "control\x01\t\n.mp4", "CON"),
        list_request=lambda _s, _path: ("GET", "/drive/v3/files"),
        find_request=lambda s, path: ("GET", f"/drive/v3/files/{s.google.files.at(path).id}"),
        open_request=lambda s, path: ("GET", f"/drive/v3/files/{s.google.files.at(path).id}"),
        beside=frozenset({"Shared drive", "Shared with me"}),
        names_repeat=True,
        give=lambda s, path: s.google.drive.grant(s.google.files.at(path)),
        no_names=("",),
        chunk_bytes=256 * KIB,
        chunk_request=lambda _: ("PUT", "/upload/drive/v3/files"),
        last_request=lambda _: ("PUT", "/upload/drive/v3/files"),
        only_request=lambda _: ("PUT", "/upload/drive/v3/files"),
        expire=lambda s: s.google.drive.uploads.expire(),
        unfinished=lambda s: s.google.drive.uploads.unfinished,
    ),
    Case(
        slug="onedrive",
        provider=OneDrive,
        **_in_tree(lambda s: s.microsoft, lambda s, path: f"{DRIVE}/{_onedrive(s, path)}", OneDrive.manifest.scopes),
        algorithms=frozenset({"quickxor"}),
        names=NAMES,
        list_request=lambda s, path: ("GET", f"/v1.0/drives/{DRIVE}/items/{_onedrive(s, path)}/children"),
        find_request=lambda s, path: ("GET", f"/v1.0/drives/{DRIVE}/items/{_onedrive(s, path)}"),
        open_request=lambda _s, _path: ("GET", DOWNLOAD),
        chunk_bytes=320 * KIB,
        chunk_request=lambda _: ("PUT", UPLOAD),
        last_request=lambda _: ("PUT", UPLOAD),
        only_request=lambda _: ("PUT", UPLOAD),
        empty_request=lambda s: ("PUT", f"/v1.0/drives/{DRIVE}/items/{_onedrive(s, 'Empty')}:/new.mp4:/content"),
        expire=lambda s: s.microsoft.drive.transfers.expire(),
        unfinished=lambda s: len(s.microsoft.drive.transfers.sessions),
    ),
]
