"""The README shows what its commands print, and names files that exist."""

import re

from tests.reports.readme import README, refreshed, timeless


def test_every_output_of_the_readme_is_what_its_command_prints():
    text = README.read_text(encoding="utf-8")
    assert text.count("\n$ ") >= 5
    assert timeless(refreshed(text)) == timeless(text)


def test_links_and_pictures_are_there():
    text = README.read_text(encoding="utf-8")
    local = [target for target in re.findall(r"\]\(([^)]+)\)", text) if "://" not in target]
    assert local
    for target in local:
        assert (README.parent / target).exists()
