"""Rules for templates that the content policy would enforce silently: found here, with file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from purser.portal import build, context, navigation
from purser.portal.tables import cells

TEMPLATES = Path(build.__file__).parent / "templates"
FORBIDDEN = {
    "an inline event handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "hx-on": re.compile(r"\bhx-on[:\w-]*\s*=", re.IGNORECASE),
    "an event filter": re.compile(r"hx-trigger[:\w]*\s*=\s*[\"'][^\"']*\[", re.IGNORECASE),
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a script without src": re.compile(r"<script\b(?![^>]*\b(src=|type=\"application/json\"|nonce=))", re.IGNORECASE),
    "a foreign host": re.compile(r"(?:src|href|action|hx-[a-z]+)\s*=\s*[\"'](?:https?:)?//", re.IGNORECASE),
    "javascript: in an address": re.compile(r"javascript:", re.IGNORECASE),
}
LETTERS = ("mail", "email")  # text for mail programs, which run no page of ours


def faults(text: str) -> list[str]:
    """Each forbidden thing in a template, as "line: what"."""
    return [
        f"{text.count(chr(10), 0, found.start()) + 1}: {what}"
        for what, pattern in FORBIDDEN.items()
        for found in pattern.finditer(text)
    ]


def pages() -> list[Path]:
    return [file for file in sorted(TEMPLATES.rglob("*.html")) if not set(file.parts) & set(LETTERS)]


def test_it_finds_nothing_forbidden_in_any_template() -> None:
    assert len(pages()) > 20
    found = [f"{file.relative_to(TEMPLATES)}:{fault}" for file in pages() for fault in faults(file.read_text("utf-8"))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "planted",
    [
        '<a onclick="x()">', "<p\n  style='color:red'>", '<div hx-on:click="x">', '<i hx-trigger="click[ctrlKey]">',
        "<style>p{}</style>", "<script>x()</script>", '<img src="https://cdn.example/x.png">',
        '<a href="//cdn.example">', '<a href="javascript:x()">',
    ],
)  # fmt: skip
def test_it_finds_each_forbidden_thing_when_it_is_planted(planted: str) -> None:
    assert faults(f"<p>fine</p>\n{planted}")


def test_it_draws_every_icon_that_is_named() -> None:
    drawn = set((build.ASSETS / "icons.txt").read_text("utf-8").split())
    pattern = re.compile(r"""{% icon "([\w-]+)" %}|icon="([\w-]+)"|{% sign "\w+" [^%]* "([\w-]+)" %}""")
    named = {name for file in pages() for match in pattern.findall(file.read_text("utf-8")) for name in match if name}
    named |= {entry.icon for section in navigation.SECTIONS for entry in section.entries}
    named |= {icon for _, icon in context.THEMES.values()} | set(cells.ICONS.values())
    assert "menu-2" in named
    assert named - drawn == set()
