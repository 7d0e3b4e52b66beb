"""Calling Trello, and what it refuses.

Source: developer.atlassian.com/cloud/trello/guides/rest-api/{authorization,rate-limits}. Errors are often plain text.
"""

from collections.abc import Mapping
from typing import Any

from providers.kit.answer import Answer
from providers.kit.atlassian import AtlassianProvider
from providers.kit.connection import Connection
from providers.kit.errors import Missing, Rejected, StartOver, Transient

API = "https://api.trello.com/1"
RATE_INTERVAL_S = 10


class CallsTrello(AtlassianProvider):
    """Speaks Trello's protocol."""

    def _request(
        self,
        connection: Connection,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> Answer:
        credentials = connection.credentials
        headers = {}
        if credentials.access_token is None:
            key, token = credentials.secrets.get("apiKey", ""), credentials.secrets.get("apiToken", "")
            headers["Authorization"] = f'OAuth oauth_consumer_key="{key}", oauth_token="{token}"'
        answer = self.http.request(
            "Trello", method, f"{API}{path}", params=params, json=data, bearer=credentials.access_token, headers=headers
        )
        if answer.status == 429 and answer.retry_after_s is None:
            raise Transient("Trello asks us to slow down", reason="rate_limited", retry_after_s=RATE_INTERVAL_S)
        # 401 also means that this account may not see or do this; then the credentials are as good as before.
        if answer.status == 401 and b"permission requested" in answer.body:
            refusal = Missing if method == "GET" else Rejected
            raise refusal("Trello does not allow this to the account that is connected")
        if answer.status == 403 and b"API_TOO_MANY_CARDS_REQUESTED" in answer.body:
            raise StartOver("Trello has more to tell than it does in one answer")
        return answer.require_success()
