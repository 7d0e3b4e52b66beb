"""Templates in the configuration of actions: `{{ video.title }}`, and a few filters.

Jinja in its sandbox, and of its language only that: no statements, calls, tests or arithmetic, so nothing can run for
long. What is looked up are members of the event's plain data, never attributes of Python objects. What is missing is
rendered as nothing. A result has at most 10,000 characters.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import Template as Compiled
from jinja2 import TemplateError, TemplateSyntaxError, nodes
from jinja2.runtime import ChainableUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from koko_integrations.rpc.wire import dump_text
from koko_integrations.triggers import paths
from koko_integrations.triggers.paths import MISSING

MAX_CHARS = 10_000
MAX_OUTPUT_CHARS = 10_000
MAX_EXPRESSIONS = 100
MAX_EXPRESSION_CHARS = 300
MAX_FILTERS = 5
_RESERVED = ("self", "super")
"""Names that are Jinja's own."""
EXPECTED = "Expected the name of a value, such as {{ video.title }}, with filters if any"


class TemplateProblem(ValueError):
    """A template that is not allowed; says where, by line and column from 1."""

    def __init__(self, source: str, position: int, said: str) -> None:
        before = source[:position]
        line, column = before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1
        super().__init__(f"line {line}, column {column}: {said}")


class _Raw(str):
    """Text that is put in as it is."""

    __slots__ = ()


class _Environment(ImmutableSandboxedEnvironment):
    def getattr(self, obj: Any, attribute: str) -> Any:
        return self._member(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self._member(obj, argument)

    def _member(self, obj: Any, name: Any) -> Any:
        found = paths.member(obj, name) if isinstance(name, str | int) else MISSING
        return self.undefined(name=str(name)) if found is MISSING else found


def _text(value: Any) -> str:
    """A value as people write it: JSON for what has parts, nothing for null."""
    match value:
        case _Raw():
            return value
        case None | ChainableUndefined():
            return ""
        case str():
            return value
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case _:
            return dump_text(value)


def _in_json(value: Any) -> str:
    """Inside the quotes of a JSON text."""
    return value if isinstance(value, _Raw) else dump_text(_text(value))[1:-1]


def _default(value: Any, instead: Any = "") -> Any:
    return instead if value in (None, "") or isinstance(value, ChainableUndefined) else value


def _truncate(value: Any, length: Any = 100) -> str:
    text, most = _text(value), length if isinstance(length, int) and length > 0 else 100
    return text if len(text) <= most else text[: most - 1] + "…"


def _join(value: Any, separator: Any = ", ") -> str:
    if not isinstance(value, list):
        return _text(value)
    joined: list[str] = []
    left, between = MAX_OUTPUT_CHARS, _text(separator)
    for one in value:
        joined.append(_text(one)[:MAX_OUTPUT_CHARS])
        left -= len(joined[-1]) + len(between)
        if left <= 0:
            break
    return between.join(joined)


def _json(value: Any) -> str:
    return _Raw("null" if isinstance(value, ChainableUndefined) else dump_text(value))


FILTERS: dict[str, Callable[..., Any]] = {
    "default": _default,
    "join": _join,
    "json": _json,
    "lower": lambda value: _text(value).lower(),
    "trim": lambda value: _text(value).strip(),
    "truncate": _truncate,
    "upper": lambda value: _text(value).upper(),
}


def _environment(finalize: Callable[[Any], str]) -> _Environment:
    environment = _Environment(undefined=ChainableUndefined, finalize=finalize, autoescape=False, cache_size=0)
    environment.globals.clear()
    environment.tests.clear()
    environment.filters.clear()
    environment.filters.update(FILTERS)
    environment.keep_trailing_newline = True
    return environment


_PLAIN = _environment(_text)
_JSON = _environment(_in_json)


@dataclass(frozen=True, slots=True)
class Template:
    """A template that is allowed. `names` are the values that it takes, but for those with a default."""

    compiled: Compiled
    names: tuple[str, ...]

    def render(self, view: Mapping[str, Any]) -> str:
        """The text, cut where it is too long."""
        parts: list[str] = []
        left = MAX_OUTPUT_CHARS
        for part in self.compiled.generate({name: value for name, value in view.items() if isinstance(name, str)}):
            parts.append(part[:left])
            left -= len(parts[-1])
            if left <= 0:
                parts[-1] = parts[-1][:-1] + "…"
                break
        return "".join(parts)

    def missing(self, view: Mapping[str, Any]) -> list[str]:
        """The names that would be rendered as nothing."""
        return [name for name in self.names if paths.look_up(view, name.split(".")) in (MISSING, None, "")]


@lru_cache(maxsize=2_000)
def compile_template(source: str, *, in_json: bool = False) -> Template:
    """For plain text, or for JSON text between whose quotes values stand. Raises TemplateProblem."""
    source = source.replace("\r\n", "\n")
    if len(source) > MAX_CHARS:
        raise TemplateProblem(source, 0, f"A template has at most {MAX_CHARS} characters")
    names: list[str] = []
    for count, (position, expression) in enumerate(_expressions(source), 1):
        if count > MAX_EXPRESSIONS:
            raise TemplateProblem(source, position, f"A template has at most {MAX_EXPRESSIONS} expressions")
        name = _check(source, position, expression)
        if name is not None and name not in names:
            names.append(name)
    try:
        return Template((_JSON if in_json else _PLAIN).from_string(source), tuple(names))
    except (TemplateError, RecursionError, SyntaxError, MemoryError, ValueError) as problem:
        raise TemplateProblem(source, 0, "This is not a template") from problem


def _expressions(source: str) -> Iterator[tuple[int, str]]:
    """Where each `{{ ... }}` begins, and the whole of it. Raises TemplateProblem for anything else of Jinja's."""
    position = 0
    begun: int | None = None
    try:
        # As it is written, white space and all.
        for _, kind, value in _PLAIN.lexer.tokeniter(source, None):
            position = source.find(value, position)
            if kind in ("block_begin", "raw_begin"):
                raise TemplateProblem(source, position, "Statements ({% ... %}) are not allowed. " + EXPECTED)
            if kind.startswith("comment"):
                raise TemplateProblem(source, position, "Comments ({# ... #}) are not allowed")
            if kind == "variable_begin":
                begun = position
            position += len(value)
            if kind == "variable_end" and begun is not None:
                yield begun, source[begun:position].rstrip()
                begun = None
    except TemplateSyntaxError as problem:
        raise TemplateProblem(source, position if begun is None else begun, str(problem.message)) from None
    if begun is not None:
        raise TemplateProblem(source, begun, "This is not closed by }}")


def _check(source: str, position: int, expression: str) -> str | None:
    """The name of the value, unless it has a default. Raises TemplateProblem."""
    if len(expression) > MAX_EXPRESSION_CHARS:
        raise TemplateProblem(source, position, f"An expression has at most {MAX_EXPRESSION_CHARS} characters")
    try:
        body = _PLAIN.parse(expression).body
    except TemplateSyntaxError as problem:
        raise TemplateProblem(source, position, f"{problem.message}. {EXPECTED}") from None
    except RecursionError:
        raise TemplateProblem(source, position, EXPECTED) from None
    output = body[0] if len(body) == 1 else None
    shown = output.nodes if isinstance(output, nodes.Output) else []
    if len(shown) != 1:
        raise TemplateProblem(source, position, EXPECTED)
    node, filters = shown[0], []
    while isinstance(node, nodes.Filter):
        filters.append(node.name)
        _check_filter(source, position, node)
        assert node.node is not None, "only a block of statements filters nothing"
        node = node.node
    if len(filters) > MAX_FILTERS:
        raise TemplateProblem(source, position, f"At most {MAX_FILTERS} filters, one after the other")
    name = _name(node)
    if name is None:
        raise TemplateProblem(source, position, EXPECTED)
    return None if "default" in filters else name


def _check_filter(source: str, position: int, node: nodes.Filter) -> None:
    if node.name not in FILTERS:
        raise TemplateProblem(source, position, f"There is no filter {node.name}; there are: {', '.join(FILTERS)}")
    plain = len(node.args) <= 1 and all(isinstance(argument, nodes.Const) for argument in node.args)
    if not plain or node.kwargs or node.dyn_args or node.dyn_kwargs:
        raise TemplateProblem(source, position, f"{node.name} takes one text or number at most")
    if node.args and node.name not in ("default", "join", "truncate"):
        raise TemplateProblem(source, position, f"{node.name} takes nothing")


def _name(node: nodes.Node) -> str | None:
    """The dotted name that an expression is; None for any other."""
    parts: list[str] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        if isinstance(node, nodes.Getattr):
            parts.append(node.attr)
        elif isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str | int):
            parts.append(str(node.arg.value))
        else:
            return None
        node = node.node
    if not isinstance(node, nodes.Name) or len(parts) >= paths.MAX_DEPTH:
        return None
    parts.append(node.name)
    if node.name in _RESERVED or any(part.startswith("__") for part in parts):
        return None
    return ".".join(reversed(parts))
