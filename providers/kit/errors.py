"""Provider failures, named by what the caller does next."""

import re

# A provider's error code is shown to people and logged, so anything that does not look like a code is dropped.
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,63}")


class ProviderError(Exception):
    """A provider did not do what it was asked.

    `message` is for a team admin and says what to do; `reason` is the provider's own error code, if it gave one.
    Neither ever holds a response body, a URL's query or a credential.
    """

    def __init__(self, message: str, *, reason: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason if reason and _CODE.fullmatch(reason) else None

    @property
    def explained(self) -> str:
        """The message, with the provider's code where there is one."""
        return f"{self.message} ({self.reason})" if self.reason else self.message


class Transient(ProviderError):
    """Down, slow or rate limited: the same request may succeed later, `retry_after_s` seconds from now if known."""

    def __init__(self, message: str, *, reason: str | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message, reason=reason)
        self.retry_after_s = retry_after_s


class CredentialsRefused(ProviderError):
    """The code, token or key is wrong, expired or revoked: asking again with the same one is useless."""


class Rejected(ProviderError):
    """The credentials are fine, this request is not: missing permission, unknown thing, invalid value."""


class Missing(Rejected):
    """The thing that was asked about is not there, or not for these credentials."""


class Changed(Rejected):
    """The file is not the version any more that was asked for."""


class AlreadyThere(Rejected):
    """A file of that name is there, and is not to be replaced."""


class StartOver(Rejected):
    """The cursor or watermark has expired: read from the beginning."""


class ProtocolBroken(ProviderError):
    """The answer is not what the provider documents: HTML for JSON, missing or mistyped members, too large."""
