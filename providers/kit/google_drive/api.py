"""The parts of Google Drive's API v3 that reading, writing and syncing share.

Source: the Drive v3 discovery document, developers.google.com/workspace/drive/api/guides/{handle-errors,search-files}.
"""

from collections.abc import Mapping
from typing import Any

from providers.kit.answer import Answer
from providers.kit.base import ConnectsByOAuth
from providers.kit.connection import Connection
from providers.kit.errors import Missing, ProtocolBroken, ProviderError, Rejected, StartOver, Transient
from providers.kit.paths import is_plain, segment
from providers.kit.transfers import Algorithm

NAME = "Google Drive"
API = "https://www.googleapis.com/drive/v3"
FOLDER = "application/vnd.google-apps.folder"
SHORTCUT = "application/vnd.google-apps.shortcut"
OWN_KINDS = "application/vnd.google-apps."
"""How the kinds of what has no bytes of its own begin."""
ALL_DRIVES = {"supportsAllDrives": "true", "includeItemsFromAllDrives": "true"}
CHECKSUMS: Mapping[str, Algorithm] = {"md5Checksum": "md5", "sha1Checksum": "sha1", "sha256Checksum": "sha256"}
BUSY = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded", "sharingRateLimitExceeded"})
FULL = "Google Drive is full: free some space there, or export to another folder"
KEPT = "Google Drive does not let this account download the file: ask its owner to allow it"
NOT_OURS = (
    "Google lets Koko write only to the top of My Drive and to what Koko has made itself: leave folderId out, "
    "and move the file in Google Drive"
)
REFUSALS: Mapping[str, str] = {
    "cannotDownloadAbusiveFile": "Google takes this file for malware or spam and gives it to nobody but its owner",
    "cannotDownloadFile": KEPT,
    "fileNotDownloadable": "This kind of Google document cannot be downloaded",
    "downloadQuotaExceeded": "Too many people have downloaded this file from Google Drive: try again in a day",
    "exportSizeLimitExceeded": "Google exports documents of up to 10 MB, and this one is larger: "
    "download it in Google Drive, and upload that to Koko",
    "storageQuotaExceeded": FULL,
    "teamDriveFileLimitExceeded": FULL,
    "numChildrenInNonRootLimitExceeded": "This folder of Google Drive takes no more files: choose another",
    "appNotAuthorizedToFile": NOT_OURS,
    "insufficientParentPermissions": NOT_OURS,
    "insufficientFilePermissions": "This account may not do this with the file in Google Drive: ask its owner",
    "insufficientPermissions": "Google Drive did not grant a permission that this needs; connect again",
    "domainPolicy": "The Google Workspace of this account does not allow Koko: ask its administrator",
}


class DriveApi(ConnectsByOAuth):
    """Asks Google Drive."""

    def get(self, connection: Connection, path: str, asked: Mapping[str, str]) -> dict[str, Any]:
        """GET of a path; its JSON object. Raises ProviderError."""
        answer = self.http.request(
            NAME, "GET", f"{API}{path}", params=asked, bearer=connection.credentials.access_token
        )
        if answer.status in (400, 410) and "pageToken" in asked:
            raise StartOver("Google Drive no longer knows where we were")
        return success(answer).json_object()

    def get_file(self, connection: Connection, file_id: str, fields: str) -> dict[str, Any]:
        """Raises Missing."""
        if not file_id or "/" in file_id or not is_plain(file_id):
            raise Missing("Google Drive has no such file or folder")
        return self.get(connection, f"/files/{segment(file_id)}", {"fields": fields, "supportsAllDrives": "true"})

    def get_target(self, connection: Connection, file_id: str, fields: str) -> dict[str, Any]:
        """The file, or where it is a shortcut what that leads to. Raises Missing, also for what is in the bin."""
        fields = f"{fields},name,mimeType,trashed,shortcutDetails(targetId)"
        found = self.get_file(connection, file_id, fields)
        if found.get("mimeType") == SHORTCUT and found.get("trashed") is not True:
            found = self.get_file(connection, target_of(found, "targetId"), fields)
        if found.get("trashed") is True:
            raise Missing(f"{found.get('name')} is in the bin of Google Drive: restore it first")
        return found


def target_of(entry: Mapping[str, Any], name: str) -> str:
    """What is said of what a shortcut leads to. Raises ProtocolBroken."""
    details = entry.get("shortcutDetails")
    found = details.get(name) if isinstance(details, dict) else None
    if not isinstance(found, str):
        raise ProtocolBroken("Google Drive sent a shortcut that leads nowhere")
    return found


def require_list(entries: Any) -> list[dict[str, Any]]:
    """Raises ProtocolBroken for anything but a list of objects."""
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ProtocolBroken("Google Drive sent a list of the wrong shape")
    return entries


def is_allowed(entry: Mapping[str, Any], capability: str) -> bool:
    """Whether the account, and this app, may; where Google does not say, it may."""
    capabilities = entry.get("capabilities")
    return not isinstance(capabilities, dict) or capabilities.get(capability) is not False


def checksums_of(entry: Mapping[str, Any]) -> dict[Algorithm, str]:
    found = {algorithm: entry.get(name) for name, algorithm in CHECKSUMS.items()}
    return {algorithm: value.lower() for algorithm, value in found.items() if isinstance(value, str)}


def size_of(entry: Mapping[str, Any]) -> int | None:
    """Raises ProtocolBroken."""
    size = entry.get("size")
    if size is None:
        return None
    if not isinstance(size, str) or not size.isdecimal():
        raise ProtocolBroken("Google Drive sent a file of no known size")
    return int(size)


def quoted(text: str) -> str:
    """As a value in a query."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def success(answer: Answer) -> Answer:
    """Raises ProviderError for any other status."""
    if 200 <= answer.status < 300:
        return answer
    raise refusal(answer)


def refusal(answer: Answer) -> ProviderError:
    """What an answer that is no success means."""
    reason = _reason(answer)
    if reason in BUSY:
        return Transient("Google Drive asks us to slow down", reason="rate_limited", retry_after_s=answer.retry_after_s)
    if answer.status == 403 and (told := REFUSALS.get(reason or "")) is not None:
        return Rejected(told, reason=reason)
    if answer.status in (404, 410):
        return Missing("Google Drive does not have this, or does not show it to this account", reason=reason)
    return answer.error(reason)


def _reason(answer: Answer) -> str | None:
    try:
        error: Any = answer.json_object().get("error")
    except ProtocolBroken:
        return None
    details = error.get("errors") if isinstance(error, dict) else None
    first = details[0] if isinstance(details, list) and details and isinstance(details[0], dict) else {}
    reason = first.get("reason")
    return reason if isinstance(reason, str) else None
