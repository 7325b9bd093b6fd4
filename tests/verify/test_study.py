"""A study reads and derives its problem once, whoever asks: a chapter of the report, the suite, a diagnosis."""

from __future__ import annotations

from collections import Counter

import pytest

from derive import api, ingest
from reports.chapters import catalogue as chapters
from verify.claims import check
from verify.study import Study
from verify.suite.tasks import run_task, study, tasks


@pytest.fixture
def work(monkeypatch):
    """Counts of the losses that are read and of the derivations that are made, from nothing."""
    count: Counter[str] = Counter()

    def counted(name, function):
        def call(*given, **options):
            count[name] += 1
            return function(*given, **options)

        return call

    monkeypatch.setattr(ingest, "parse", counted("read", ingest.parse))
    for kind in ("gradient", "jacobian", "hessian", "differential"):
        monkeypatch.setattr(api, kind, counted("derived", getattr(api, kind)))
    study.cache_clear()
    yield count
    study.cache_clear()


@pytest.mark.parametrize("name", ["autoencoder", "mc-57"])
def test_a_chapter_reads_and_derives_its_loss_once(work, name):
    chapters.build([name])
    assert work == {"read": 1, "derived": 1}


def test_the_suite_reads_and_derives_a_result_once(work):
    for task in tasks(["mc-70"]):
        run_task(task, 0)
    assert work == {"read": 1, "derived": 1}


def test_a_refutation_with_its_diagnosis_derives_once(work):
    verdict = check(Study.read("norm2(A*x - y)^2", "x"), "A'*(A*x - y)")
    assert verdict.diagnosis
    assert work == {"read": 1, "derived": 1}


def test_a_claim_about_a_hessian_is_met_in_its_own_layout(work):
    about = Study.read("tr(X'*A*X)", "X", "hessian")
    claims = ("A*dX + A'*dX", "kron(eye, A + A')")
    assert [check(about, claim).verdict for claim in claims] == ["proved", "proved"]
    before = work.copy()
    assert not any(check(about, f"2*({claim})") for claim in claims)
    assert work == before
