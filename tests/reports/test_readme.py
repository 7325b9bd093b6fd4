"""The README shows what its commands print, and names files that exist."""

import re

import pytest

from tests.reports.readme import README, refreshed, timeless, wide_outputs


def test_every_output_of_the_readme_is_what_its_command_prints():
    text = README.read_text(encoding="utf-8")
    assert text.count("\n$ ") >= 2
    assert timeless(refreshed(text)) == timeless(text)


def test_the_readme_is_short_and_its_outputs_are_narrow():
    text = README.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 80
    assert wide_outputs(text) == []


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (
            "30.41715101 against 30.41715101, tolerance 5 · 10⁻¹²",
            "30.41715102 against 30.41715101, tolerance 4.9 · 10⁻¹²",
        ),
        ("tolerance 10⁻⁹", "tolerance 9.7 · 10⁻¹⁰"),
        ("[-1.15876421239 +/- 2.28 · 10⁻¹²]", "[-1.15876421240 +/- 3.1 · 10⁻¹²]"),
        ("0.4997747 ± 0.034", "0.4997751 ± 0.033"),
        ("─────\n", "────────\n"),
        ("largest residual 0, 0 restarts, 3.95e-05 s", "largest residual 0, 0 restarts, 1.2 s"),
        (" mc-61    ✓ proved    7 of 7       -       2.5", " mc-61    ✓ proved    7 of 7       -      10.5"),
    ],
)
def test_last_digits_may_differ_between_machines(here, there):
    assert timeless(here) == timeless(there)


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("30.41715101 against", "30.41725101 against"),
        ("✓ agrees", "✗ refuted"),
        ("70 digits agree at 9 random points", "7 digits agree at 9 random points"),
        ("a chance below 2⁻¹¹⁰", "a chance below 2⁻¹⁰"),
        ("entry (1, 1) is 12, the claim gives 6", "entry (1, 1) is 12, the claim gives 7"),
        ("0.4997747 ± 0.034 against 0.308", "0.4997747 ± 0.034 against 0.309"),
        ("tolerance 5e-12", "5e-12"),
    ],
)
def test_what_is_said_may_not_differ(here, there):
    assert timeless(here) != timeless(there)


def test_links_and_pictures_are_there():
    text = README.read_text(encoding="utf-8")
    local = [target for target in re.findall(r"\]\(([^)]+)\)", text) if "://" not in target]
    assert local
    for target in local:
        assert (README.parent / target).exists()
