"""Who is calling, and what they may do: credentials to principal, principal and target to grant."""

from koko_integrations.access.actor import Actor, Grant
from koko_integrations.access.allowance import Allowance
from koko_integrations.access.authenticator import Authenticator
from koko_integrations.access.gate import Gate
from koko_integrations.access.rules import IntegrationAccess, Public, TeamAccess

__all__ = ["Actor", "Allowance", "Authenticator", "Gate", "Grant", "IntegrationAccess", "Public", "TeamAccess"]
