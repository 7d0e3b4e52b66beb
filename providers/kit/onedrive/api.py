"""Addresses in OneDrive and in libraries of SharePoint, and what reading, writing and syncing them share.

Source: learn.microsoft.com/onedrive/developer/rest-api/concepts/{addressing-driveitems,errors},
learn.microsoft.com/graph/api/resources/{driveitem,remoteitem}.

A thing is named by its drive and its id, `drive/item`; by its id alone, or by a path that begins with `/`, where it is
in the account's own drive.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from providers.kit.answer import Answer
from providers.kit.connection import Connection
from providers.kit.errors import Missing, ProtocolBroken, ProviderError, Rejected, Transient
from providers.kit.microsoft import GRAPH, MicrosoftProvider
from providers.kit.paths import is_plain, segment
from providers.kit.transfers import Algorithm

NAME = "OneDrive"
HASHES: Mapping[str, Algorithm] = {"quickXorHash": "quickxor", "sha1Hash": "sha1", "sha256Hash": "sha256"}
FULL = "OneDrive is full: free some space there, or export to another drive"
REFUSALS: Mapping[str, str] = {
    "accessDenied": "OneDrive does not give this account, or Koko, access to it: ask its owner; "
    "in what is not the account's own drive Koko needs the permission Files.Read.All",
    "malwareDetected": "Microsoft has found malware in this file and does not give it out",
    "quotaLimitReached": FULL,
    "insufficientStorage": FULL,
    "resourceLocked": "The file is checked out or locked in OneDrive: close it there, and try again",
    "notAllowed": "OneDrive does not allow this here: the folder may be read-only",
}


class OneDriveApi(MicrosoftProvider):
    """Asks Graph about drives and what is in them."""

    def ask(
        self, connection: Connection, method: str, path: str, *, missing: tuple[int, ...] = (404, 410), **how: Any
    ) -> Answer:
        """One request to a Graph path; `missing` are the statuses that say that there is no such thing, and `how` is
        as for HttpClient.request. Raises ProviderError unless it succeeds."""
        answer = self.http.request(NAME, method, f"{GRAPH}{path}", bearer=connection.credentials.access_token, **how)
        if 200 <= answer.status < 300:
            return answer
        if answer.status in missing:
            raise Missing("OneDrive does not have this, or does not show it to this account", reason=code_of(answer))
        raise refusal(answer)

    def get_item(self, connection: Connection, path: str | None, fields: str) -> dict[str, Any]:
        """What is at `path`, None for the top of the account's own drive. What is shown there and is in another drive
        is looked up where it is. Raises Missing."""
        select = ",".join(dict.fromkeys(f"{fields},name,folder,remoteItem,parentReference".split(",")))
        where = "/me/drive/root" if path is None else self._address(connection, path)
        found = self.look(connection, f"{where}?$select={select}")
        remote = found.get("remoteItem")
        if isinstance(remote, dict):
            found = self.look(connection, f"{address_of(key_of(remote))}?$select={select}")
        return found

    def look(self, connection: Connection, path: str) -> dict[str, Any]:
        """GET of a thing. What does not look like an id is a wrong request to Graph, not one for nothing."""
        return self.ask(connection, "GET", path, missing=(400, 404, 410)).json_object()

    def _address(self, connection: Connection, path: str) -> str:
        if not path or not is_plain(path):
            raise Missing("OneDrive has no such file or folder")
        drive, slash, item = path.rpartition("/")
        if slash and not path.startswith("/"):
            if "/" in drive or not item:
                raise Missing("OneDrive has no such file or folder: name it by its drive and its id")
            return address_of(path)
        own = self.require_text(self.look(connection, "/me/drive"), "id")
        return within(own, path)


def within(drive: str, named: str) -> str:
    """The Graph path of what is in a drive, by its id or by its path: an id holds no slash."""
    if "/" not in named:
        return f"/drives/{segment(drive)}/items/{segment(named)}"
    path = named.strip("/")
    return f"/drives/{segment(drive)}/root:/{quote(path)}" if path else f"/drives/{segment(drive)}/root"


def address_of(key: str) -> str:
    """The Graph path of `drive/item`."""
    drive, _, item = key.partition("/")
    return within(drive, item)


def key_of(entry: Mapping[str, Any]) -> str:
    """`drive/item` of what Graph tells of. Raises ProtocolBroken."""
    reference = entry.get("parentReference")
    drive = reference.get("driveId") if isinstance(reference, dict) else None
    found = entry.get("id")
    if not isinstance(drive, str) or not isinstance(found, str) or not drive or not found:
        raise ProtocolBroken("OneDrive sent a thing without saying where it is")
    return f"{drive}/{found}"


def checksums_of(entry: Mapping[str, Any]) -> dict[Algorithm, str]:
    facet = entry.get("file")
    hashes = facet.get("hashes") if isinstance(facet, dict) else None
    if not isinstance(hashes, dict):
        return {}
    found = {algorithm: hashes.get(name) for name, algorithm in HASHES.items()}
    # Base64 is as it is; the others are told in capitals.
    return {
        algorithm: value if algorithm == "quickxor" else value.lower()
        for algorithm, value in found.items()
        if isinstance(value, str)
    }


def size_of(entry: Mapping[str, Any]) -> int | None:
    size = entry.get("size")
    return size if isinstance(size, int) else None


def refusal(answer: Answer) -> ProviderError:
    """What an answer that is no success means."""
    code = code_of(answer)
    if answer.status == 507:
        return Rejected(FULL, reason=code)
    if answer.status in (429, 509) or (answer.status == 503 and answer.retry_after_s is not None):
        return Transient("OneDrive asks us to slow down", reason="rate_limited", retry_after_s=answer.retry_after_s)
    if answer.status < 500 and (told := REFUSALS.get(code or "")) is not None:
        return Rejected(told, reason=code)
    return answer.error(code)


def code_of(answer: Answer) -> str | None:
    """Graph's own word for an error."""
    try:
        error: Any = answer.json_object().get("error")
    except ProtocolBroken:
        return None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) else None
