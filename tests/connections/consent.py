"""What the user's browser does between the two calls of integration.connect."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from tests.conftest import TEAM
from tests.service import REDIRECT_URI, Service


@dataclass(frozen=True)
class Callback:
    """The query of the redirect back to Koko."""

    code: str | None
    state: str | None
    error: str | None


def start(service: Service, token: str, provider: str = "slack", **more: Any) -> dict[str, Any]:
    """Step one."""
    params = {"teamId": TEAM, "provider": provider, "redirectUri": REDIRECT_URI, **more}
    result: dict[str, Any] = service.call("integration.connect", params, token=token)
    return result


def consent(auth_url: str, decision: str = "allow") -> Callback:
    """Step two: the page, and the button on it."""
    page = requests.get(auth_url, timeout=10)
    assert page.status_code == 200, page.text
    answer = requests.post(auth_url, data={"decision": decision}, allow_redirects=False, timeout=10)
    location = answer.headers["location"]
    assert location.startswith(REDIRECT_URI)
    query = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    return Callback(query.get("code"), query.get("state"), query.get("error"))


def finish(service: Service, token: str, callback: Callback, provider: str = "slack", **changes: Any) -> dict[str, Any]:
    """Step three."""
    params = {
        "teamId": TEAM,
        "provider": provider,
        "authCode": callback.code,
        "state": callback.state,
        "redirectUri": REDIRECT_URI,
    } | changes
    sent = {name: value for name, value in params.items() if value is not None}
    result: dict[str, Any] = service.call("integration.connect", sent, token=token)
    return result


def connect(service: Service, token: str, provider: str = "slack") -> dict[str, Any]:
    """All three; the integration."""
    callback = consent(start(service, token, provider)["authUrl"])
    integration: dict[str, Any] = finish(service, token, callback, provider)["integration"]
    return integration
