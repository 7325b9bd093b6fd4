"""The interface of the web page: answers, limits and headers, asked as a program would."""

from __future__ import annotations

import os
import time
from base64 import b64decode
from io import BytesIO
from zipfile import ZipFile

import pytest
from starlette.testclient import TestClient

from derive.errors import InputError
from reports.web.app import create_app
from reports.web.openapi import description
from reports.web.pool import _Kept
from reports.web.requests import LONGEST, QUESTIONS, read

TIED = {"expr": "1/2*norm2(W'*W*x - x)^2", "wrt": "W"}


@pytest.fixture(scope="module")
def client():
    with TestClient(create_app(jobs=1, seconds=60)) as opened:
        yield opened


# ------------------------------------------------------------------------------------------ questions


def test_equal_questions_have_equal_keys_and_others_do_not():
    asked = read("gradient", TIED)
    assert asked.key == read("gradient", dict(reversed(TIED.items()))).key
    others = [
        read("gradient", {**TIED, "wrt": "x"}),
        read("gradient", {**TIED, "seed": 1}),
        read("hessian", TIED),
    ]
    assert len({q.key for q in (asked, *others)}) == 4


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([], "JSON object"),
        ({"expr": "x'*x"}, "'wrt' is missing"),
        ({"expr": "", "wrt": "x"}, "'expr' is missing"),
        ({"expr": 3, "wrt": "x"}, "is a text"),
        ({**TIED, "eval": "1"}, "'eval' is not known"),
        ({**TIED, "seed": -1}, "seed"),
        ({**TIED, "seed": True}, "seed"),
        ({"expr": "x" * (LONGEST + 1), "wrt": "x"}, str(LONGEST)),
    ],
)
def test_a_body_that_asks_nothing_is_told_in_one_line(body, said):
    with pytest.raises(InputError, match=said) as told:
        read("gradient", body)
    assert "\n" not in str(told.value)


def test_kept_answers_stay_within_their_size():
    kept = _Kept(size=10)
    kept.put("a", (200, "12345"))
    kept.put("b", (200, "12345"))
    assert kept.get("a") is not None  # asked last, so b goes first
    kept.put("c", (200, "123"))
    assert kept.get("b") is None
    assert kept.get("a") == (200, "12345")
    assert kept.used == 8


# -------------------------------------------------------------------------------------------- answers


def test_a_gradient_is_that_of_the_command_line_with_its_verdict(client):
    found = client.post("/api/gradient", json=TIED)
    assert found.status_code == 200
    body = found.json()
    assert body["verdict"] == "certified"
    assert body["shapes"] == {"W": ["m", "n"], "x": ["n", 1]}
    assert "<math" in body["page"]["result"]
    assert "def f(" in body["numpy"]
    assert client.post("/api/gradient", json=TIED).json()["result"] == body["result"]


def test_a_wrong_claim_is_refuted_with_a_counterexample(client):
    found = client.post("/api/check", json={"expr": "tr(A*X*X')", "wrt": "X", "claim": "2*A*X"}).json()
    assert found["verdict"] == "refuted"
    assert found["counterexample"]
    assert "symmetric" in found["diagnosis"]


def test_a_claimed_moment_is_judged(client):
    asked = {"expr": "x'*A*x", "where": "x ~ normal(m, S)", "claim": "tr(A*S)"}
    found = client.post("/api/expect", json=asked).json()
    assert found["verdict"] == "refuted"
    assert "mean of x is forgotten" in found["diagnosis"]


def test_the_preview_says_how_the_formula_was_read(client):
    found = client.post("/api/preview", json={"expr": "A*x"}).json()
    assert found["shape"] == "m x 1"
    assert found["variables"] == ["A", "x"]


def test_bad_input_is_one_line_and_400(client):
    found = client.post("/api/gradient", json={"expr": "norm2(A*", "wrt": "x"})
    assert found.status_code == 400
    assert "Traceback" not in found.text
    assert client.post("/api/gradient", content=b"{").status_code == 400


def test_html_in_an_input_comes_back_escaped(client):
    found = client.post("/api/check", json={"expr": "x'*x", "wrt": "x", "claim": "<script>x"}).json()
    assert "<script>" not in found.get("page", {}).get("evidence", "")


def test_a_report_is_one_page_and_latex_with_its_figures(client):
    asked = {"expr": "norm2(A*x - y)^2", "wrt": "x"}
    page = client.post("/api/report", json=asked).json()
    assert page["name"] == "report.html"
    assert page["content"].startswith("<!DOCTYPE html>")
    packed = client.post("/api/report", json={**asked, "format": "latex"}).json()
    with ZipFile(BytesIO(b64decode(packed["base64"]))) as archive:
        source = archive.read("report.tex").decode()
        figures = {name for name in archive.namelist() if name.endswith(".pdf")}
    assert figures
    assert all(name.removesuffix(".pdf") in source for name in figures)
    assert client.post("/api/report", json={**asked, "format": "doc"}).status_code == 400


def test_every_response_has_the_headers_and_no_cookie(client):
    for response in (
        client.get("/"),
        client.get("/health"),
        client.get("/nothing"),
        client.get("/static/page.js"),
    ):
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in response.headers
    assert client.get("/nothing").status_code == 404
    assert client.get("/static/../app.py").status_code == 404


def test_logs_hold_no_text_of_an_input(client, caplog):
    with caplog.at_level("INFO", logger="gradproof.web"):
        client.post("/api/preview", json={"expr": "secret'*secret"})
        client.get("/secret?expr=secret")
    assert len(caplog.records) == 2
    assert "secret" not in caplog.text


def test_the_description_names_every_question_and_its_fields():
    paths = description("0")["paths"]
    assert set(paths) == {f"/api/{name}" for name in QUESTIONS}
    for name, (allowed, _) in QUESTIONS.items():
        schema = paths[f"/api/{name}"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert set(schema["properties"]) == {*allowed, "seed"}


# --------------------------------------------------------------------------------------------- limits


def _sleep(question, megabytes):
    time.sleep(60)


def _die(question, megabytes):
    os._exit(7)


@pytest.mark.parametrize(("befalls", "seconds", "status"), [(_sleep, 1, 504), (_die, 60, 503)])
def test_a_question_that_hangs_or_ends_its_worker_is_told_and_the_next_is_answered(
    monkeypatch, befalls, seconds, status
):
    with TestClient(create_app(jobs=1, seconds=seconds)) as client:
        with monkeypatch.context() as patched:
            patched.setattr("reports.web.pool.answer", befalls)
            assert client.post("/api/preview", json={"expr": "x"}).status_code == status
        client.app.state.pool._workers._limit = 60
        assert client.post("/api/preview", json={"expr": "x"}).status_code == 200


def test_more_than_may_wait_are_sent_away_with_a_time_to_come_back():
    with TestClient(create_app(jobs=1, waiting=0)) as client:
        answer = client.post("/api/preview", json={"expr": "x"})
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "1"
