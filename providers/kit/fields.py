"""Providers whose tasks have fields that values from Koko can be written into."""

from abc import abstractmethod
from typing import ClassVar

from providers.kit.base import PushesItems
from providers.kit.connection import Connection, Resource
from providers.kit.errors import Rejected
from providers.kit.field_values import ExternalField


class MapsFields(PushesItems):
    """Takes the fields of a `Draft` and of a `Change`, with values as `field_values.fit` made them.

    Fields that are to be read back are texts and checkboxes. Where `fields_with_draft` is off, a task is made without
    its fields, and changed afterwards.
    """

    fields_with_draft: ClassVar[bool] = True

    @abstractmethod
    def list_fields(self, connection: Connection, container: str) -> list[ExternalField]:
        """The fields of this container's tasks, in the provider's order. Raises ProviderError."""

    def field_resources(self, connection: Connection, container: str | None) -> list[Resource]:
        """The fields, as something to choose from."""
        if container is None:
            raise Rejected("Say by projectId which project's fields to list")
        return [
            Resource(id=one.id, name=one.name, type=one.kind, writable=one.writable)
            for one in self.list_fields(connection, container)
        ]
