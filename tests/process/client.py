"""A caller of a served process."""

from typing import Any

import requests

REDIRECT_URI = "https://app.koko.test/cb"


class Client:
    """Calls as one user."""

    def __init__(self, port: int, token: str) -> None:
        self._url = f"http://127.0.0.1:{port}/rpc"
        self._headers = {"authorization": f"Bearer {token}"}

    def call(self, method: str, **params: Any) -> Any:
        """The whole answer, error or result."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return requests.post(self._url, json=body, headers=self._headers, timeout=30).json()

    def connect(self, team: str, provider: str) -> str:
        """Connects as a person would, by consenting at the provider's stand-in; the integration's id."""
        ask = {"teamId": team, "provider": provider, "redirectUri": REDIRECT_URI}
        url = self.call("integration.connect", **ask)["result"]["authUrl"]
        answer = requests.post(url, data={"decision": "allow"}, allow_redirects=False, timeout=10)
        query = dict(pair.split("=", 1) for pair in answer.headers["location"].partition("?")[2].split("&"))
        done = self.call("integration.connect", **ask, authCode=query["code"], state=query["state"])
        return str(done["result"]["integration"]["id"])
