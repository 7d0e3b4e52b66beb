"""As for syncs: a service in real time whose providers the sandbox plays."""

from tests.sync.conftest import database_url, people, service, unpaced

__all__ = ["database_url", "people", "service", "unpaced"]
