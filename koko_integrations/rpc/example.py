"""An example of a call, as the OpenRPC document shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Example:
    """What is sent and what is answered."""

    name: str
    params: Mapping[str, Any]
    result: Mapping[str, Any]
