"""What can become of a script that is no good."""


class ScriptRefused(Exception):
    """The text is no function. `line` and `column` count from 1, where the engine says where."""

    def __init__(self, reason: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(reason if line is None else f"{reason} (line {line}, column {column})")
        self.reason = reason
        self.line = line
        self.column = column


class ScriptFailed(Exception):
    """A call came to nothing; the message is for whoever wrote the script. `by_limit`: it was ended, not the script's
    own error."""

    def __init__(self, reason: str, *, by_limit: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.by_limit = by_limit
