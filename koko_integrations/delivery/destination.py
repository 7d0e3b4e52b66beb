"""Where a webhook goes: its address, headers and secrets, sealed together in the endpoint's row."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from koko_integrations.delivery.signing import PREVIOUS_LIVES_MS, Secret
from koko_integrations.rpc.wire import dump_text
from koko_integrations.vault import Place, Vault

SEALED = ("endpoint", "sealed")


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Nothing of it is in a repr: addresses and headers may be credentials. Secrets are newest first; none for hooks,
    whose receivers do not verify."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[Secret, ...] = field(default=(), repr=False)

    def signing(self, now: int) -> tuple[Secret, ...]:
        """The secrets that sign now."""
        return tuple(secret for secret in self.secrets if secret.until is None or now < secret.until)

    def rotated(self, secret: str, now: int) -> "Destination":
        """With a new secret; the one that it replaces signs for 24 hours more, an older one no longer."""
        previous = tuple(Secret(one.text, now + PREVIOUS_LIVES_MS) for one in self.secrets if one.until is None)
        return Destination(url=self.url, headers=self.headers, secrets=(Secret(secret), *previous))


def seal(vault: Vault, endpoint_id: str, team_id: str, destination: Destination) -> str:
    """The blob for the endpoint's row."""
    content = {
        "url": destination.url,
        "headers": dict(destination.headers),
        "secrets": [[secret.text, secret.until] for secret in destination.secrets],
    }
    return vault.seal(_place(endpoint_id, team_id), dump_text(content))


def unseal(vault: Vault, endpoint_id: str, team_id: str, blob: str) -> Destination:
    """Raises VaultError."""
    content = orjson.loads(vault.open(_place(endpoint_id, team_id), blob))
    secrets = tuple(Secret(text, until) for text, until in content["secrets"])
    return Destination(url=content["url"], headers=content["headers"], secrets=secrets)


def _place(endpoint_id: str, team_id: str) -> Place:
    return Place(*SEALED, endpoint_id, team_id)
