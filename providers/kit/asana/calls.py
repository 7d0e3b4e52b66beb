"""How Asana is asked. Source: developers.asana.com/docs (errors, pagination)."""

from collections.abc import Mapping
from typing import Any

from providers.kit.answer import Answer
from providers.kit.asana.paging import next_offset
from providers.kit.base import Proves
from providers.kit.connection import Connection
from providers.kit.errors import ProtocolBroken, Rejected, StartOver
from providers.kit.paging import all_pages

API = "https://app.asana.com/api/1.0"
PAGE = "100"


class AsksAsana(Proves):
    """Everything is wrapped in `data`."""

    def _all(self, connection: Connection, path: str, params: Mapping[str, str]) -> list[Any]:
        def ask(offset: str | None) -> tuple[list[Any], str | None]:
            turned = {} if offset is None else {"offset": offset}
            body = self._request(connection, "GET", path, {"limit": PAGE, **params, **turned}).json_object()
            entries = body.get("data")
            if not isinstance(entries, list):
                raise ProtocolBroken("Asana sent a list of the wrong shape")
            return entries, next_offset(body)

        return all_pages("Asana", ask)

    def _data(
        self,
        connection: Connection,
        method: str,
        path: str,
        params: Mapping[str, str],
        data: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        found = self._request(connection, method, path, params, data).json_object().get("data")
        if not isinstance(found, dict):
            raise ProtocolBroken("Asana sent an answer without data")
        return found

    def _request(
        self,
        connection: Connection,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> Answer:
        credentials = connection.credentials
        answer = self.http.request(
            "Asana",
            method,
            f"{API}{path}",
            params=params,
            json=None if data is None else {"data": data},
            bearer=credentials.access_token or credentials.secrets.get("accessToken"),
        )
        if answer.status == 400 and params and "offset" in params:
            raise StartOver("Asana no longer knows where we were")
        if answer.status == 402:
            raise Rejected("Asana has this for paid workspaces only")
        return answer.require_success()
