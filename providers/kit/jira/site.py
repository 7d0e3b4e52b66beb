"""A Jira site as a connection's token reaches it, and what it answers when it refuses.

Source: developer.atlassian.com/cloud/jira/platform/rest/v3/intro, /rate-limiting;
support.atlassian.com/jira-software-cloud/docs/jql-fields, for dates.
"""

import contextlib
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from providers.kit.answer import Answer
from providers.kit.connection import Connection
from providers.kit.errors import Missing, ProtocolBroken, ProviderError, Rejected, StartOver
from providers.kit.http import HttpClient
from providers.kit.paging import all_pages
from providers.kit.paths import segment

API = "https://api.atlassian.com"
PAGES = (100, 10, 1)
COMMENTS = 100
FIELDS = 200
MINUTE_MS = 60_000
LONG_PASS_MINUTES = 60
"""By which a pass that took longer than it meant to may be longer still."""


class Found(NamedTuple):
    """A page of a search. `cursor` leads to the next one."""

    answer: Answer
    issues: list[Any]
    cursor: str | None


class JiraSite:
    """Sends requests to one site."""

    def __init__(self, http: HttpClient, connection: Connection, cloud_id: str | None = None) -> None:
        chosen = cloud_id or connection.config.get("cloudId")
        if not isinstance(chosen, str):
            raise ProtocolBroken("It is not known which Jira site this is; connect again")
        self._http = http
        self._token = connection.credentials.access_token
        self._base = f"{API}/ex/jira/{segment(chosen)}/rest/api/3"
        self._address = connection.config.get("siteUrl")

    def address_of(self, path: str) -> str | None:
        """Where people find it."""
        return f"{self._address}{path}" if self._address else None

    def call(
        self,
        method: str,
        *path: str,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        repeatable: bool | None = None,
    ) -> Answer:
        """Sends a request and answers its success. Raises ProviderError."""
        answer = self._ask(method, path, params=params, json=json, repeatable=repeatable)
        if 200 <= answer.status < 300:
            return answer
        raise _error(answer)

    def projects(self) -> list[Any]:
        """All of them. Raises ProviderError."""
        return all_pages("Jira", self.project_page)

    def project_page(self, cursor: str | None) -> tuple[list[Any], str | None]:
        """Some of them, and where the next ones are. Raises ProviderError."""
        start = int(cursor or 0)
        asked = {"startAt": str(start), "maxResults": "50"}
        body = self.call("GET", "project", "search", params=asked).json_object()
        entries = _list(body, "values")
        more = entries and body.get("isLast") is not True
        return entries, str(start + len(entries)) if more else None

    def create_fields(self, container: str, issue_type: str) -> list[Any]:
        """What a new issue of this type can have. Raises ProviderError."""
        found: list[Any] = []
        while True:
            asked = {"startAt": str(len(found)), "maxResults": str(FIELDS)}
            path = ("issue", "createmeta", container, "issuetypes", issue_type)
            body = self.call("GET", *path, params=asked).json_object()
            entries, total = _list(body, "fields"), body.get("total")
            found += entries
            if not entries or not isinstance(total, int) or len(found) >= total:
                return found

    def comments(self, issue_id: str) -> list[Any]:
        """All of an issue's, the oldest first; none of an issue that is gone. Raises ProviderError."""
        found: list[Any] = []
        while True:
            asked = {"startAt": str(len(found)), "maxResults": str(COMMENTS), "orderBy": "created"}
            try:
                body = self.call("GET", "issue", issue_id, "comment", params=asked).json_object()
            except Missing:
                return []
            entries, total = _list(body, "comments"), body.get("total")
            found += entries
            if not entries or not isinstance(total, int) or len(found) >= total:
                return found

    def search(
        self, container: str, fields: Sequence[str], *, since_ms: int | None = None, cursor: str | None = None
    ) -> Found:
        """A page of a project's issues: all, or what has changed `since_ms`. Raises ProviderError.

        Absolute dates in JQL are in the time zone of the user's profile, which may change: so it is asked for minutes
        before now. They are counted by our clock; where by Jira's they do not reach back to `since_ms`, or not any more
        after many pages, more of them are asked for from the first page on.
        """
        window, _, token = (cursor or "").partition(" ")
        if since_ms is None:
            return self._search(container, fields, None, token)
        minutes = int(window) if window else _minutes_between(since_ms, int(time.time() * 1000)) + 1
        found = self._search(container, fields, minutes, token)
        needed = _minutes_between(since_ms, found.answer.sent_at)
        if needed <= minutes:
            return found
        return self._search(container, fields, needed + (LONG_PASS_MINUTES if token else 1))

    def _search(self, container: str, fields: Sequence[str], minutes: int | None, token: str = "") -> Found:
        project = container if container.isdecimal() else '"{}"'.format(container.replace("\\", "").replace('"', ""))
        if minutes is None:
            # No change can disturb this order.
            jql = f"project = {project} ORDER BY key ASC"
        else:
            # What changes meanwhile moves to the front, where the next pass finds it, and nothing slips past a page.
            jql = f'project = {project} AND updated >= "-{minutes}m" ORDER BY updated DESC'
        asked: dict[str, Any] = {"jql": jql, "fields": list(fields)}
        if token:
            asked["nextPageToken"] = token
        answer = self._search_page(asked)
        if answer.status == 400 and token:
            raise StartOver("Jira no longer knows where we were")
        if answer.status == 400:
            raise Rejected("Jira has no such project any more, or does not show it to this account")
        if answer.status != 200:
            raise _error(answer)
        body = answer.json_object()
        following = body.get("nextPageToken")
        if not isinstance(following, str | None):
            raise ProtocolBroken("Jira sent a token of the wrong type")
        more = following and body.get("isLast") is not True
        return Found(answer, _list(body, "issues"), f"{minutes or ''} {following}" if more else None)

    def _search_page(self, asked: Mapping[str, Any]) -> Answer:
        """Long texts and comments can make a page larger than we read: then it is to be a shorter one."""
        for size in PAGES:
            with contextlib.suppress(ProtocolBroken):
                return self._ask("POST", ("search", "jql"), json={**asked, "maxResults": size}, repeatable=True)
        raise ProtocolBroken("Jira has an issue that is far too large")

    def _ask(
        self,
        method: str,
        path: Sequence[str],
        *,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        repeatable: bool | None = None,
    ) -> Answer:
        url = "/".join((self._base, *map(segment, path)))
        return self._http.request(
            "Jira", method, url, params=params, json=json, bearer=self._token, repeatable=repeatable
        )


def _minutes_between(since_ms: int, now_ms: int) -> int:
    return max(1, math.ceil((now_ms - since_ms) / MINUTE_MS))


def _list(body: Mapping[str, Any], name: str) -> list[Any]:
    value = body.get(name)
    if not isinstance(value, list):
        raise ProtocolBroken(f"Jira sent {name} of the wrong type")
    return value


def _error(answer: Answer) -> ProviderError:
    # The gateway's answer to a token that lacks a scope: another token of the same consent would not have it either.
    if answer.status in (401, 403) and b"scope does not match" in answer.body:
        return Rejected("Koko may not do this at Jira; disconnect it and connect it again to allow it")
    if answer.status != 400:
        return answer.error()
    try:
        body = answer.json()
    except ProtocolBroken:
        return answer.error()
    # The first field that it stumbles over: a project may demand some that Koko knows nothing of.
    errors = body.get("errors") if isinstance(body, dict) else None
    if not isinstance(errors, dict) or not errors:
        return answer.error()
    said = "Jira wants something else in a field, or has a required one that Koko cannot fill"
    return Rejected(said, reason=str(next(iter(errors))))
