"""Templates render what an event has, escape it for where it goes, and can do nothing else."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koko_integrations.triggers.templates import MAX_OUTPUT_CHARS, TemplateProblem, compile_template

VIEW: dict[str, Any] = {
    "video": {"title": 'The "final" <cut>', "tags": ["a", "b"], "duration": 95.0, "items": "members", "none": None},
    "comment": {"content": "{{ video.title }}", "resolved": False},
    "range": "a member",
}


def render(source: str, view: Any = VIEW) -> str:
    return compile_template(source).render(view)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{video.title}}", 'The "final" <cut>'),
        ("{{ video.tags.1 }}{{ video['tags'][0] }}{{ video.tags }}", 'ba["a","b"]'),
        ("{{ video.duration }} {{ comment.resolved }}", "95 false"),
        ("{{ video.items }}{{ video.keys }}{{ video.tags.append }}{{ range }}", "membersa member"),
        ("{{ comment.content }}", "{{ video.title }}"),
        ("[{{ absent }}{{ absent.deeper.still }}{{ video.none }}]", "[]"),
        ("{{ absent | default('nothing') | upper }}", "NOTHING"),
        ("{{ video.tags | join(' + ') }} {{ video.title | truncate(5) }}", "a + b The …"),
        ("{{ video.tags | json }} }} %} #}", '["a","b"] }} %} #}'),
        ("  {{- video.duration -}}  \r\nline\n", "95line\n"),
        ("no template", "no template"),
    ],
)
def test_each(source: str, expected: str) -> None:
    assert render(source) == expected


HOSTILE = [
    "{{ ''.__class__ }}",
    "{{ video.__class__.__mro__ }}",
    "{{ video['__class__'] }}",
    "{{ video|attr('__class__') }}",
    "{{ range(10**9) }}",
    "{{ 'x' * 10**9 }}",
    "{{ 10**10**10 }}",
    "{{ lipsum.__globals__ }}",
    "{{ cycler('a') }}",
    "{{ self }}",
    "{{ self._TemplateReference__context }}",
    "{{ video.title.format }}{{ video.title.format('x') }}",
    "{{ [1, 2] }}",
    "{{ {'a': 1} }}",
    "{{ video.title ~ video.title }}",
    "{{ video.title if true }}",
    "{{ video.title is defined }}",
    "{{ video.tags[0:1] }}",
    "{{ video[video.title] }}",
    "{{ video.tags | map('upper') }}",
    "{{ video.tags | join(video.title) }}",
    "{{ video.title | truncate(1, 2) }}",
    "{{ video.title | upper | lower | upper | lower | upper | lower }}",
    "{{ a.b.c.d.e.f.g.h.i.j.k.l }}",
    "{{ " + "(" * 140 + "x" + ")" * 140 + " }}",
    "{{ video.title " + "| upper " * 60 + "}}",
    "{{}}",
    "{{ not }}",
    "{{ video.title",
    "{{ video.title }",
    "{% for x in video.tags %}{{ x }}{% endfor %}",
    "{% raw %}{{ x }}{% endraw %}",
    "{% include '/etc/passwd' %}",
    "{% set x = 1 %}",
    "{# a comment #}",
    "{{ x }}" * 101,
    "x" * 10_001,
]


@pytest.mark.parametrize("source", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile(source: str) -> None:
    with pytest.raises(TemplateProblem, match=r"^line 1, column \d+: "):
        compile_template(source)


def test_where_it_is_wrong() -> None:
    with pytest.raises(TemplateProblem, match=r"^line 3, column 4: Statements"):
        compile_template("one\n{{ two }}\nab {% if x %}")
    with pytest.raises(TemplateProblem, match=r"^line 2, column 3: There is no filter shout; there are: default"):
        compile_template("one\r\n- {{ two | shout }}")
    with pytest.raises(TemplateProblem, match=r"^line 1, column 11: This is not closed"):
        compile_template("{{ one }} {{ two")


@given(st.text(max_size=60))
def test_no_source_breaks_anything(source: str) -> None:
    try:
        template = compile_template(source)
    except TemplateProblem:
        return
    template.render(VIEW)


@given(st.text(alphabet="{}% abcv.|()'\"[]_-#1\n", max_size=60))
def test_no_likely_source_breaks_anything(source: str) -> None:
    test_no_source_breaks_anything.hypothesis.inner_test(source)  # type: ignore[attr-defined]


@given(st.dictionaries(st.text(max_size=8), st.text() | st.integers(-5, 5) | st.lists(st.text(max_size=3)), max_size=3))
def test_what_is_put_into_json_stays_where_it_is_put(video: dict[str, Any]) -> None:
    view = {"video": {"title": "x", **video}}
    template = compile_template('{"text": "{{ video.title }}", "all": {{ video | json }}}', in_json=True)
    found = json.loads(template.render(view))
    assert list(found) == ["text", "all"]
    assert found["all"] == view["video"]


def test_what_an_event_can_do_to_a_template_is_bounded() -> None:
    huge = {"video": {"title": "ß" * 200_000, "tags": ["x"] * 100_000, "more": [["y"] * 1000] * 100}}
    sources = ["{{ video.title | upper | json }}", "{{ video.tags | join('" + "z" * 200 + "') }}", "{{ video }}"]
    started = time.process_time()
    for source in sources:
        found = render(source * 30, huge)
        assert len(found) == MAX_OUTPUT_CHARS
        assert found.endswith("…")
    assert time.process_time() - started < 2


def test_names_in_vain() -> None:
    template = compile_template("{{ video.title }}{{ video.none }}{{ a.b }}{{ c | default('d') }}{{ a.b | upper }}")
    assert template.missing(VIEW) == ["video.none", "a.b"]
