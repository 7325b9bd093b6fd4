"""The pages of docs/ show what their commands and Python lines print, and name pages that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gradproof as gp
from tests.reports.readme import PAGES, README, ROOT, refreshed, timeless

DOCS = [page for page in PAGES if page != README]
#: Directories whose modules the reference may name.
ROOMS = ("derive", "verify", "reports")


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.stem)
def test_every_output_is_what_its_command_prints(page):
    text = page.read_text(encoding="utf-8")
    assert timeless(refreshed(text)) == timeless(text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_to_files_and_headings(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        name, _, heading = target.partition("#")
        linked = page.parent / name if name else page
        assert linked.exists(), target
        if heading:
            headings = re.findall(r"^#+ (.*)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^a-z0-9]+", "-", title.lower()) for title in headings}, target


def test_the_navigation_names_every_page():
    named = re.findall(r": ([\w/]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(named) == sorted(page.name for page in DOCS)


def test_the_reference_names_every_public_name():
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    named = {place.rpartition(".")[2] for place in re.findall(r"^::: ([\w.]+)$", text, re.MULTILINE)}
    assert set(gp.__all__) <= named


def test_the_site_asks_no_other_site_for_anything():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert "font: false" in text
    assert "http" not in text


def test_the_house_names_places_that_exist():
    text = (ROOT / "docs" / "house.md").read_text(encoding="utf-8")
    for room in ROOMS:
        part = text[text.index(f"## {room}") :] if f"## {room}" in text else ""
        for row in re.findall(r"^\| (`.*?`) \|", part.split("\n## ")[0], re.MULTILINE):
            for place in re.findall(r"`([\w./]+)`", row):
                assert Path(ROOT / room / place).exists(), f"{room}/{place}"
