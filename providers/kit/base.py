"""The classes a provider is built from. Its class line is the list of what it can do."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from providers.kit.answer import Answer
from providers.kit.app import AppCredentials
from providers.kit.connection import Connection, Credentials, Grant, Identity, Resource, Revocation
from providers.kit.errors import CredentialsRefused, ProtocolBroken, ProviderError, Rejected
from providers.kit.http import HttpClient
from providers.kit.items import Change, Draft, Entity, Item, Page, Pull, Skipped, Status
from providers.kit.manifest import Manifest, OAuth2
from providers.kit.oauth import TokenRequest, authorization_url, send_token_request


class Provider(ABC):
    """An outside service. One instance per process; it keeps no state of any team."""

    manifest: ClassVar[Manifest]

    def __init__(self, http: HttpClient, app: AppCredentials | None = None) -> None:
        self.http = http
        self.app = app


class Proves(Provider):
    """Can tell, by a call, who the credentials are."""

    @abstractmethod
    def whoami(self, connection: Connection) -> Identity:
        """Raises CredentialsRefused when they do not work, any other ProviderError when that could not be learnt."""

    def require_text(self, body: Mapping[str, Any], name: str) -> str:
        """A member of an answer that must be a text. Raises ProtocolBroken."""
        value = body.get(name)
        if not isinstance(value, str) or not value:
            raise ProtocolBroken(f"{self.manifest.name} sent an answer without {name}")
        return value


class ConnectsByKeys(Proves):
    """The user types or pastes the credentials: the manifest's `fields` say which."""


class ConnectsByOAuth(Proves):
    """The user consents at the provider: OAuth 2.0 authorization code, RFC 6749 section 4.1."""

    oauth: ClassVar[OAuth2]

    @property
    def oauth_app(self) -> AppCredentials:
        """The registered app; callers check `app` first."""
        if self.app is None:
            raise RuntimeError(f"{self.manifest.slug} has no app credentials")
        return self.app

    def authorization_url(
        self, *, redirect_uri: str, state: str, code_challenge: str | None, granted: tuple[str, ...] = ()
    ) -> str:
        """Where to send the user's browser. Asks for what the features need and for what was `granted` before."""
        asked = (*self.oauth.extra_scopes, *self.manifest.scopes, *granted)
        url = authorization_url(
            self.oauth,
            self.oauth_app,
            redirect_uri=redirect_uri,
            state=state,
            scopes=tuple(dict.fromkeys(asked)),
            code_challenge=code_challenge,
        )
        return self.http.target(url).url

    def exchange_code(self, *, code: str, redirect_uri: str, code_verifier: str | None) -> Grant:
        """Credentials for a code. Raises CredentialsRefused for a wrong, used or expired one."""
        request = TokenRequest(code=code, redirect_uri=redirect_uri, code_verifier=code_verifier)
        return self.read_grant(self._token_answer(request))

    def refresh(self, credentials: Credentials) -> Credentials:
        """New credentials for the refresh token. Never repeated by itself: the old token may be spent."""
        answer = self._token_answer(TokenRequest(refresh_token=credentials.refresh_token))
        fresh = self.read_grant(answer).credentials
        if fresh.refresh_token is not None:
            return fresh
        return Credentials(
            access_token=fresh.access_token,
            refresh_token=credentials.refresh_token,
            expires_in_s=fresh.expires_in_s,
        )

    def read_grant(self, body: Mapping[str, Any]) -> Grant:
        """RFC 6749, 5.1. Raises ProtocolBroken for missing or mistyped members."""
        token, refresh = body.get("access_token"), body.get("refresh_token")
        expires, scope = body.get("expires_in"), body.get("scope")
        if not isinstance(token, str) or not token:
            raise ProtocolBroken(f"{self.manifest.name} sent no access token")
        if refresh is not None and not isinstance(refresh, str):
            raise ProtocolBroken(f"{self.manifest.name} sent a refresh token of the wrong type")
        # Some servers send the number as text.
        if isinstance(expires, str) and expires.isdecimal():
            expires = int(expires)
        if expires is not None and (isinstance(expires, bool) or not isinstance(expires, int | float) or expires < 0):
            raise ProtocolBroken(f"{self.manifest.name} sent an expiry of the wrong type")
        return Grant(
            credentials=Credentials(
                access_token=token,
                refresh_token=refresh or None,
                expires_in_s=None if expires is None else int(expires),
            ),
            scopes=tuple(scope.replace(",", " ").split()) if isinstance(scope, str) else None,
        )

    def token_error(self, answer: Answer) -> ProviderError | None:
        """RFC 6749, 5.2, as far as servers keep to it; None for a success. Providers refine it."""
        if 200 <= answer.status < 300:
            return None
        try:
            body = answer.json()
        except ProtocolBroken:
            return answer.error()
        reason = body.get("error") if isinstance(body, dict) else None
        if not isinstance(reason, str) or answer.status == 429 or answer.status >= 500:
            return answer.error(reason if isinstance(reason, str) else None)
        return self.token_refusal(reason)

    def token_refusal(self, reason: str) -> ProviderError:
        """The meaning of an OAuth error code."""
        name = self.manifest.name
        if reason in ("invalid_client", "unauthorized_client"):
            return Rejected(f"{name} does not accept Koko's app: ask your Koko operator to check it", reason=reason)
        if reason in ("invalid_grant", "access_denied", "invalid_code"):
            return CredentialsRefused(f"{name} refused the authorization; connect again", reason=reason)
        return Rejected(f"{name} refused the authorization request", reason=reason)

    def _token_answer(self, request: TokenRequest) -> dict[str, Any]:
        return send_token_request(
            self.http, self.oauth, self.oauth_app, self.manifest.name, request, check=self.token_error
        )


class ListsResources(Proves):
    """Can tell what there is to choose from."""

    resource_kinds: ClassVar[tuple[str, ...]]

    @abstractmethod
    def list_resources(self, connection: Connection, kind: str, container: str | None = None) -> list[Resource]:
        """All of a kind in `resource_kinds`, every page of them, in the provider's order. Raises ProviderError.

        `container` names the project (board, database) that the resources are of, for kinds that need one.
        """

    def read_resources(self, items: Any, id_name: str = "id", parent_name: str | None = None) -> list[Resource]:
        """Resources from a list of objects with an id and a name. Raises ProtocolBroken."""
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise ProtocolBroken(f"{self.manifest.name} sent a list of the wrong shape")
        return [
            Resource(
                id=self.require_text(item, id_name),
                name=str(item.get("name") or item.get("displayName") or item[id_name]),
                parent_name=parent_name,
            )
            for item in items
        ]


class ListsItems(ListsResources):
    """Has something to pull.

    `entities` are in the order in which they are pulled. Those in `per_task` are pulled one task at a time, those in
    `with_tasks` come along with the tasks. `mapped` tells whether a team says, by projectMapping, what to pull;
    its targets are resources of the kind `container_kind`.
    """

    entities: ClassVar[tuple[Entity, ...]]
    per_task: ClassVar[frozenset[Entity]] = frozenset()
    with_tasks: ClassVar[frozenset[Entity]] = frozenset()
    mapped: ClassVar[bool] = True
    container_kind: ClassVar[str] = "projects"

    @abstractmethod
    def pull(self, connection: Connection, pull: Pull) -> Page:
        """One page. Raises StartOver when the cursor or the watermark is no longer good, or any ProviderError."""

    def find_containers(self, connection: Connection, targets: Iterable[str]) -> dict[str, Resource]:
        """What projectMapping's targets are at the provider; those that are not there are left out."""
        known = {resource.id: resource for resource in self.list_resources(connection, self.container_kind)}
        return {target: known[target] for target in targets if target in known}

    def read_items(self, entries: Any, read: Callable[[Mapping[str, Any]], Item]) -> tuple[list[Item], list[Skipped]]:
        """Items from a list of objects; one that cannot be read is told of, and harms no other.

        Raises ProtocolBroken when it is no list at all.
        """
        if not isinstance(entries, list):
            raise ProtocolBroken(f"{self.manifest.name} sent a list of the wrong shape")
        items: list[Item] = []
        skipped: list[Skipped] = []
        for entry in entries:
            try:
                if not isinstance(entry, dict):
                    raise ProtocolBroken(f"{self.manifest.name} sent an item of the wrong shape")
                items.append(read(entry))
            except ProtocolBroken as problem:
                skipped.append(Skipped(_id_of(entry), problem.message))
            except (AttributeError, KeyError, TypeError, ValueError) as problem:
                said = f"{self.manifest.name} sent an item of the wrong shape ({type(problem).__name__})"
                skipped.append(Skipped(_id_of(entry), said))
        return items, skipped


class PushesItems(ListsItems):
    """Takes tasks and comments from Koko.

    `settles_after_s` is how long the provider's lists may lag behind what was written, in seconds.
    """

    settles_after_s: ClassVar[float] = 0.0

    @abstractmethod
    def list_statuses(self, connection: Connection, container: str) -> list[Status]:
        """The states that a task of this container can be in, in the provider's order."""

    def status_resources(self, connection: Connection, container: str | None) -> list[Resource]:
        """The statuses, as something to choose from."""
        if container is None:
            raise Rejected("Say by projectId which project's statuses to list")
        return [
            Resource(id=status.id, name=status.name, done=status.done)
            for status in self.list_statuses(connection, container)
        ]

    @abstractmethod
    def create_task(self, connection: Connection, container: str, draft: Draft) -> Item:
        """Never repeated by itself. Answers the task as `pull` would.

        What fails once the task is made must not look as if nothing was made: it would be made again.
        """

    @abstractmethod
    def update_task(self, connection: Connection, container: str, task_id: str, change: Change) -> Item:
        """Answers the task as `pull` would. Raises Missing for one that is gone."""

    @abstractmethod
    def create_comment(self, connection: Connection, container: str, task_id: str, text: str) -> Item:
        """Never repeated by itself. Answers the comment as `pull` would."""

    @abstractmethod
    def update_comment(self, connection: Connection, container: str, task_id: str, comment_id: str, text: str) -> Item:
        """Answers the comment as `pull` would. Raises Missing for one that is gone."""


def _id_of(entry: Any) -> str:
    found = (entry.get("gid") or entry.get("id") or entry.get("key")) if isinstance(entry, dict) else None
    return str(found or "?")[:128]


class CallsKoko(Provider):
    """The service calls Koko, with an API key that connecting issues and disconnecting revokes."""


class SubscribesHooks(CallsKoko):
    """Subscribes to events with that key, and names an address for each: at hosts like `hook_host` only."""

    hook_host: ClassVar[re.Pattern[str]]


class ForwardsEvents(Proves):
    """Takes Koko's events at an address of its own, as they are.

    `gone` are the answers by which it says that the address is no more.
    """

    gone: ClassVar[frozenset[int]] = frozenset({410})

    @abstractmethod
    def event_url(self, connection: Connection) -> str:
        """Where to post events to. Raises Rejected where there is no address."""


class Revokes(Provider):
    """Can take credentials back at the provider."""

    @abstractmethod
    def revoke(self, connection: Connection) -> Revocation:
        """Credentials that are gone already count as revoked."""
