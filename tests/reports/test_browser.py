"""The web page in a real browser: typed, derived, refuted, linked, by keyboard, on a phone and in the dark."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib import resources
from importlib.util import find_spec

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
WAIT = 120_000
WRONG = "Let $f = x^\\top A x$ with $A \\in \\mathbb{R}^{n \\times n}$.\n\n$$\\nabla_x f = 2 A x$$\n"


@pytest.fixture(scope="module")
def address():
    start = "from reports.cli import main; main()"
    command = [sys.executable, "-c", start, "serve", "--port", "0", "--seconds", "60", "--jobs", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            yield re.search(r"http://\S+", server.stdout.readline())[0]
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser, address):
    context = browser.new_context()
    context.set_default_timeout(WAIT)
    opened = context.new_page()
    opened.faults = []
    opened.on("pageerror", lambda error: opened.faults.append(str(error)))
    opened.goto(address)
    opened.wait_for_selector("#preview math")
    yield opened
    assert opened.faults == []
    context.close()


def derive(page, expr, wrt):
    page.fill("#input", expr)
    page.fill("#wrt", wrt)
    page.press("#wrt", "Control+Enter")
    page.wait_for_selector("#answer:not([hidden])")


def test_a_loss_is_previewed_derived_folded_and_refuted(page):
    page.fill("#input", "tr(A*X*X')")
    page.wait_for_selector("#shapes input[aria-label='shape of A']")
    derive(page, "tr(A*X*X')", "X")
    assert "certified" in page.inner_text("#result .word")
    page.click("#fold")
    assert page.locator("#steps li:visible").count() == 0
    page.click("#next")
    assert page.locator("#steps li.hinted").count() == 1
    page.click("#next")
    assert page.locator("#steps li:visible").count() == 1
    page.click("#part-code")
    assert "def f(" in page.inner_text("#code")
    page.click("#part-graph")
    page.wait_for_selector("#graph svg")
    page.click("#part-take")
    assert page.inner_text("#command").startswith("gradproof gradient")
    page.fill("#claim", "2*A*X")
    page.press("#claim", "Enter")
    page.wait_for_selector("#verdict .word.refuted")
    assert "right only if A is symmetric" in page.inner_text("#verdict")


def test_a_report_is_taken_away(page):
    derive(page, "norm2(A*x)^2", "x")
    page.click("#part-take")
    with page.expect_download() as taken:
        page.click(".download[data-format=html]")
    assert taken.value.suggested_filename == "report.html"
    assert "A*x" in taken.value.path().read_text() or "<math" in taken.value.path().read_text()


def test_an_error_stands_under_the_place(page):
    page.fill("#input", "norm2(A*x - ")
    page.wait_for_selector("#preview .problem")
    page.fill("#input", "norm2(A*x)")
    page.wait_for_selector("#preview math")


def test_a_link_holds_the_input(page, browser, address):
    derive(page, "norm2(A*x)^2", "x")
    link = page.url
    other = browser.new_context().new_page()
    other.goto(link)
    other.wait_for_selector("#preview math", timeout=WAIT)
    assert other.input_value("#input") == "norm2(A*x)^2"
    assert other.input_value("#wrt") == "x"
    other.context.close()


def test_the_keyboard_reaches_every_mode(page):
    page.focus("#tab-derive")
    for wanted in ("equal", "proofread", "moment", "derive"):
        page.keyboard.press("ArrowRight")
        assert page.is_visible(f"#{wanted}")


def test_nothing_leaves_the_page_to_the_sides_on_a_phone_in_the_dark(browser, address):
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme="dark")
    context.set_default_timeout(WAIT)
    opened = context.new_page()
    opened.goto(address)
    opened.wait_for_selector("#preview math")
    derive(opened, "1/2*norm2(W'*W*x - x)^2", "W")
    assert opened.evaluate("document.documentElement.scrollWidth") <= 360
    background = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(map(int, re.findall(r"\d+", background))) < 200
    context.close()


def test_every_control_has_a_name_and_identifiers_are_unique(page):
    nameless = page.evaluate(
        """[...document.querySelectorAll('input, select, textarea, button')].filter(c =>
        !(c.labels?.length || c.getAttribute('aria-label') || c.textContent.trim())).map(c => c.outerHTML)"""
    )
    assert nameless == []
    twice = page.evaluate(
        "(ids => ids.filter((id, k) => ids.indexOf(id) !== k))([...document.querySelectorAll('[id]')].map(e => e.id))"
    )
    assert twice == []


def serious(page):
    """Return what axe finds that is serious or worse, with the first place of each."""
    source = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    page.evaluate(source)
    found = page.evaluate("axe.run()")["violations"]
    return [(v["id"], v["nodes"][0]["html"][:100]) for v in found if v["impact"] in ("serious", "critical")]


@pytest.mark.skipif(find_spec("axe_playwright_python") is None, reason="axe is not installed")
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_axe_finds_nothing_serious(browser, address, tmp_path, scheme, width):
    size = {"width": width, "height": 800}
    context = browser.new_context(color_scheme=scheme, bypass_csp=True, viewport=size)
    context.set_default_timeout(WAIT)
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("#preview math")
    derive(page, "norm2(A*x)^2", "x")
    page.click("#part-take")
    with page.expect_download() as taken:
        page.click(".download[data-format=html]")
    taken.value.save_as(tmp_path / "report.html")
    derive(page, "1/2*norm2(W'*W*x - x)^2", "W")  # wider than a phone
    page.fill("#claim", "W*x*(W'*W*x - x)'")
    page.click("#claim-form button")
    page.wait_for_selector("#verdict .word.refuted")
    assert serious(page) == [], "refuted"
    page.fill("#input", "norm2(A*")
    page.wait_for_selector("#preview .problem")
    assert serious(page) == [], "error"
    for tab, form, answer in (
        ("derive", None, None),
        ("equal", None, None),
        ("proofread", "#proofread-form button", "#judgement .statement"),
        ("moment", "#moment-form button", "#moment-result .word"),
    ):
        page.click(f"#tab-{tab}")
        if form:
            page.click(form)
            page.wait_for_selector(answer)
        assert serious(page) == [], tab
    found = tmp_path / "proofread.html"
    command = [
        sys.executable,
        "-c",
        "from reports.cli import main; main()",
        "proofread",
        "-",
        "--format",
        "html",
    ]
    subprocess.run([*command, "--out", str(found)], input=WRONG, text=True, check=False, timeout=120)
    for file in (tmp_path / "report.html", found):
        page.goto(file.as_uri())
        assert serious(page) == [], file.name
    context.close()


def test_a_derivation_is_marked_line_by_line(page):
    page.click("#tab-proofread")
    page.click("#proofread-form button")
    page.wait_for_selector("#judgement .statement")
    assert page.inner_text("#judgement > .word") == "First wrong line: 2"
    assert page.inner_text("#marks").split() == ["✗", "↳"]
    page.fill(
        "#text", page.input_value("#text").replace("$A \\in \\mathbb{R}^{n \\times n}$", "$A$ symmetric")
    )
    page.wait_for_selector("#judgement > .word.proved")
    assert page.inner_text("#judgement > .word") == "No wrong line"


def test_an_expectation_is_derived(page):
    page.click("#tab-moment")
    page.click("#moment-form button")
    page.wait_for_selector("#moment-result .word.certified")
    assert page.locator("#moment-result math").count() > 3
    page.fill("#moment-claim", "tr(A*S)")
    page.click("#moment-form button")
    page.wait_for_selector("#moment-result .word.refuted")
    assert "the mean of x is forgotten" in page.inner_text("#moment-result")
