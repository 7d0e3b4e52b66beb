"""Plain text as Atlassian Document Format and back. The shapes are those of Atlassian's JSON schema of the format."""

import contextlib
import re
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_schema_validator import OAS31Validator

from providers.kit.errors import ProtocolBroken
from providers.kit.jira.adf import from_text, to_text

LINK = {
    "type": "object",
    "required": ["type", "attrs"],
    "properties": {
        "type": {"enum": ["link"]},
        "attrs": {"type": "object", "required": ["href"], "properties": {"href": {"type": "string"}}},
    },
    "additionalProperties": False,
}
TEXT = {
    "type": "object",
    "required": ["type", "text"],
    "properties": {
        "type": {"enum": ["text"]},
        "text": {"type": "string", "minLength": 1},
        "marks": {"type": "array", "items": LINK, "minItems": 1},
    },
    "additionalProperties": False,
}
HARD_BREAK = {
    "type": "object",
    "required": ["type"],
    "properties": {"type": {"enum": ["hardBreak"]}},
    "additionalProperties": False,
}
PARAGRAPH = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {"enum": ["paragraph"]},
        "content": {"type": "array", "items": {"anyOf": [TEXT, HARD_BREAK]}},
    },
    "additionalProperties": False,
}
DOCUMENT = OAS31Validator(
    {
        "type": "object",
        "required": ["version", "type", "content"],
        "properties": {
            "version": {"enum": [1]},
            "type": {"enum": ["doc"]},
            "content": {"type": "array", "items": PARAGRAPH},
        },
        "additionalProperties": False,
    }
)
CONTROLS = [chr(code) for code in range(32) if chr(code) not in "\t\n\r"]

words = st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\ufffe\uffff"), max_size=20)
addresses = st.from_regex(r"https?://[a-z]{1,8}\.example(:[0-9]{2,4})?(/[a-z(){}.,;?&=%-]{0,12})?", fullmatch=True)
spaces = st.sampled_from(["\n", "\n\n", "\n\n\n", " ", "\t", ", ", ". ", ")", "("])
texts = st.lists(st.one_of(words, addresses, spaces), max_size=12).map("".join)

scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5))
kinds = st.sampled_from("doc paragraph text date bulletList orderedList taskList blockquote table rule new".split())
names = st.sampled_from(["type", "text", "content", "marks", "attrs", "href", "timestamp", "order"])
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(names, inner, max_size=5),
        st.fixed_dictionaries({"type": kinds}, optional={"content": inner, "marks": inner, "attrs": inner}),
    ),
    max_leaves=12,
)


def node(kind: str, children: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(kind), "content": st.lists(children, max_size=3)})


def around(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        *(node(kind, inner) for kind in ("doc", "panel", "expand", "blockquote", "new")),
        *(node(kind, node("listItem", inner)) for kind in ("bulletList", "orderedList", "taskList")),
        node("table", node("tableRow", node("tableCell", inner))),
    )


link_marks = st.lists(
    st.fixed_dictionaries({"type": st.just("link"), "attrs": st.fixed_dictionaries({"href": addresses})}), max_size=1
)
leaves = st.fixed_dictionaries({"type": st.just("text"), "text": words.filter(bool)}, optional={"marks": link_marks})
documents = st.recursive(
    st.one_of(*(node(kind, leaves) for kind in ("paragraph", "heading", "codeBlock"))), around, max_leaves=8
)


def pieces(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [piece for paragraph in document["content"] for piece in paragraph["content"]]


@given(texts)
def test_there_and_back(text: str) -> None:
    document = from_text(text)
    DOCUMENT.validate(document)
    assert to_text(orjson.loads(orjson.dumps(document))) == text


@given(texts)
def test_a_document_of_a_document(text: str) -> None:
    assert from_text(to_text(from_text(text))) == from_text(text)


@given(st.text(st.characters(), max_size=40))
def test_characters_that_cannot_be_sent(text: str) -> None:
    orjson.dumps(from_text(text))
    assert not set(to_text(from_text(text))) & {*CONTROLS, "\r", "\ufffe", "\uffff"}


@given(
    addresses.filter(lambda found: re.search(r"[a-z/=&%-]\Z", found) is not None), st.sampled_from(["", ".", "!", "\n"])
)
def test_addresses_are_links(address: str, after: str) -> None:
    linked = [piece for piece in pieces(from_text(f"See {address}{after}")) if "marks" in piece]
    assert [(one["text"], one["marks"][0]["attrs"]["href"]) for one in linked] == [(address, address)]


@given(documents)
def test_no_words_are_lost(document: dict[str, Any]) -> None:
    def said(found: dict[str, Any]) -> list[str]:
        return [found.get("text", ""), *(one for child in found.get("content", ()) for one in said(child))]

    # Quotes have a sign before every line, and some of these characters are line breaks.
    text = re.sub(r"[\s>]", "", to_text(document))
    for one in said(document):
        assert re.sub(r"[\s>]", "", one) in text


@given(anything)
def test_what_is_no_document(value: Any) -> None:
    """Nothing but ProtocolBroken, which sync bears with."""
    with contextlib.suppress(ProtocolBroken):
        assert isinstance(to_text(value), str)


def test_what_people_write() -> None:
    def words_of(*said: str) -> list[dict[str, Any]]:
        return [{"type": "text", "text": one} for one in said]

    def paragraph(*said: str) -> dict[str, Any]:
        return {"type": "paragraph", "content": words_of(*said)}

    def item(*blocks: dict[str, Any]) -> dict[str, Any]:
        return {"type": "listItem", "content": list(blocks)}

    inner = {"type": "bulletList", "content": [item(paragraph("a cut")), item(paragraph("a fade"))]}
    link = {"type": "link", "attrs": {"href": "https://koko.example/videos/1"}}
    document = {
        "type": "doc",
        "version": 1,
        "content": [
            {"type": "heading", "attrs": {"level": 2}, "content": words_of("Scene 3")},
            {
                "type": "paragraph",
                "content": [
                    {"type": "mention", "attrs": {"id": "5b", "text": "@Ada"}},
                    *words_of(" please look "),
                    {"type": "text", "text": "at ", "marks": [link]},
                    {"type": "text", "text": "this", "marks": [{"type": "strong"}, link]},
                    *words_of(" "),
                    {"type": "emoji", "attrs": {"shortName": ":eyes:"}},
                    {"type": "hardBreak"},
                    {"type": "inlineCard", "attrs": {"url": "https://koko.example/videos/2"}},
                    *words_of(" by "),
                    {"type": "date", "attrs": {"timestamp": "1764028800000"}},
                ],
            },
            {
                "type": "orderedList",
                "attrs": {"order": 2},
                "content": [item(paragraph("Either"), inner), item(paragraph("or none"))],
            },
            {
                "type": "taskList",
                "attrs": {"localId": "1"},
                "content": [
                    {"type": "taskItem", "attrs": {"localId": "2", "state": "DONE"}, "content": words_of("sound")},
                    {"type": "taskItem", "attrs": {"localId": "3", "state": "TODO"}, "content": words_of("grade")},
                ],
            },
            {"type": "blockquote", "content": [paragraph("too"), paragraph("loud")]},
            {"type": "mediaSingle", "content": [{"type": "media", "attrs": {"type": "file", "id": "6"}}]},
            {"type": "codeBlock", "content": words_of("00:01\n00:02")},
            {"type": "rule"},
            {
                "type": "table",
                "content": [
                    {
                        "type": "tableRow",
                        "content": [
                            {"type": "tableCell", "content": [paragraph("in")]},
                            {"type": "tableCell", "content": [paragraph("out")]},
                        ],
                    }
                ],
            },
            {"type": "expand", "attrs": {"title": "More"}, "content": [paragraph("to say")]},
        ],
    }
    assert to_text(document) == (
        "Scene 3\n\n"
        "@Ada please look at this (https://koko.example/videos/1) :eyes:\n"
        "https://koko.example/videos/2 by 2025-11-25\n\n"
        "2. Either\n   - a cut\n   - a fade\n3. or none\n\n"
        "[x] sound\n[ ] grade\n\n"
        "> too\n> \n> loud\n\n"
        "00:01\n00:02\n\n"
        "---\n\n"
        "in | out\n\n"
        "More\n\nto say"
    )


def test_our_own_text() -> None:
    text = (
        "Cut here (see https://a.example/x).\n\n"
        "— Ada in Koko at 0:01.5, “Trailer”\n"
        "https://app.koko.test/videos/v1?t=1.5&comment=c1"
    )
    document = from_text(text)
    assert [len(paragraph["content"]) for paragraph in document["content"]] == [3, 3]
    links = [one["marks"][0]["attrs"]["href"] for one in pieces(document) if "marks" in one]
    assert links == ["https://a.example/x", "https://app.koko.test/videos/v1?t=1.5&comment=c1"]
    assert to_text(document) == text


@pytest.mark.parametrize("value", ["text", [], {}, {"type": 1}, {"type": "doc", "content": {}}])
def test_no_document(value: Any) -> None:
    with pytest.raises(ProtocolBroken):
        to_text(value)


def test_a_document_without_end() -> None:
    document: dict[str, Any] = {"type": "paragraph"}
    for _ in range(900):
        document = {"type": "panel", "content": [document]}
    with pytest.raises(ProtocolBroken, match="too deeply"):
        to_text(document)


def test_nothing() -> None:
    assert to_text(None) == ""
    assert to_text({"type": "doc", "version": 1, "content": []}) == ""
