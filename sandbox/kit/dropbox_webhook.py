"""Dropbox's webhook. Source: dropbox.com/developers/reference/webhooks.

An app has one address, which is entered in its console and has to answer a challenge.
"""

import secrets

import orjson

from sandbox.kit.notifying import Message, Notifier, hex_hmac


class DropboxWebhook:
    def __init__(self, notifier: Notifier, secret: str, account: str) -> None:
        self._notifier, self._secret, self._account = notifier, secret, account
        self.forget()

    def forget(self) -> None:
        """As new."""
        self.url: str | None = None

    def register(self, url: str) -> bool:
        """What somebody does in the console. Whether the address has answered as it should."""
        challenge = secrets.token_urlsafe(24)
        got = self._notifier.ask(Message("GET", f"{url}?challenge={challenge}"))
        plain = got.headers.get("Content-Type", "").startswith("text/plain")
        sniffed = got.headers.get("X-Content-Type-Options") != "nosniff"
        if got.status != 200 or got.body != challenge.encode() or not plain or sniffed:
            return False
        self.url = url
        return True

    def told(self) -> None:
        """Something has changed in the account."""
        url = self.url
        if url is None:
            return
        body = orjson.dumps({"list_folder": {"accounts": [self._account]}, "delta": {"users": [12345]}})
        headers = {"Content-Type": "application/json", "X-Dropbox-Signature": hex_hmac(self._secret, body)}
        self._notifier.tell(lambda: Message("POST", url, headers, body), once="account")
