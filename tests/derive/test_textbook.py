"""Results are as short as the forms in which textbooks and papers print them.

`data/textbook.jsonl` holds problems of statistics and machine learning with such a form. A form's operations are
counted by a reader that shares nothing with the package.
"""

import json
import warnings
from pathlib import Path

import pytest

import derive
from tests.derive.outside import operations
from verify import check_claim

ITEMS = [
    json.loads(line) for line in (Path(__file__).parent / "data/textbook.jsonl").read_text().splitlines()
]


def named(item):
    return {k: item.get(k) for k in ("where", "assume")}


def result(item):
    form = {"form": item["form"]} if "form" in item else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(derive, item["kind"])(item["expr"], item["wrt"], **named(item), **form).to_text()


def test_results_are_as_short_as_in_textbooks():
    counted = [(item, operations(result(item)), operations(item["textbook"])) for item in ITEMS]
    longer = [item["expr"] for item, ours, theirs in counted if ours > theirs]
    assert len(longer) <= 0.05 * len(ITEMS), longer
    assert [item["expr"] for item, ours, theirs in counted if ours > 2 * theirs] == []


@pytest.mark.parametrize(
    "item", ITEMS[::6], ids=lambda item: f"{item['kind']} {item['expr']} by {item['wrt']}"
)
def test_the_forms_of_textbooks_hold(item):
    assert check_claim(item["expr"], item["wrt"], item["textbook"], item["kind"], **named(item))


@pytest.mark.parametrize(
    ("expr", "wrt", "expected"),
    [
        # each by one law of derive.simplify.identities or derive.simplify.factor
        ("sum(log(cosh(A*x - y)))", "x", "A'*tanh(A*x - y)"),
        ("sum(log(cos(x)))", "x", "-tan(x)"),
        ("1/2*norm2(relu(W*x))^2", "W", "relu(W*x)*x'"),
        ("sum(abs(x).*x)", "x", "2*abs(x)"),
        ("sum(exp(2*log(x)))", "x", "2*x"),
        ("log(1 + exp(a))", "a", "sigmoid(a)"),
        ("-y'*log(sigmoid(X*w)) - (vector(1) - y)'*log(vector(1) - sigmoid(X*w))", "w", "X'*(sigmoid(X*w) - y)"),
        ("y'*log(softmax(x))", "x", "y - sum(y)*softmax(x)"),
        ("sum(log(x./(vector(1) - x)))", "x", "vector(1)./(x.*(vector(1) - x))"),
        ("-sum(x.*log(x) + (vector(1) - x).*log(vector(1) - x))", "x", "log((vector(1) - x)./x)"),
        ("norm2(x/norm2(x) - y)^2", "x", "2*(x'*y*x/norm2(x)^2 - y)/norm2(x)"),
        ("logdet(A + a*B)", "a", "tr(inv(A + a*B)*B)"),
        ("vec(X)'*kron(A, B)*vec(X)", "A", "X'*B*X"),
        ("logdet(expm(X))", "X", "eye"),
        ("y'*X*pinv(X)*y", "X", "2*(eye - X*pinv(X))*y*y'*pinv(X)'"),
        # sums in which a factor does not cancel came back to themselves for ever
        ("sum(x./(x./y))", "x", "0*vector(1)"),
        ("y'*(softmax(x)./(softmax(x)./y))", "x", "0*vector(1)"),
    ],
)  # fmt: skip
def test_a_law_shortens(expr, wrt, expected):
    item = {"kind": "gradient", "expr": expr, "wrt": wrt}
    assert operations(result(item)) <= operations(expected)
    assert check_claim(expr, wrt, expected)


def test_a_hessian_by_a_column_without_a_matrix_is_a_map_of_directions():
    d = derive.hessian("tr(expm(x*y'))", "x")
    assert d.is_map
    assert check_claim("tr(expm(x*y'))", "x", d.to_text(), kind="hessian")
    assert not check_claim("tr(expm(x*y'))", "x", f"2*{d.to_text()}", kind="hessian")


@pytest.mark.parametrize("claim", ["(A + A')*dx", "A + A'"])
def test_a_hessian_by_a_column_may_be_claimed_as_a_matrix_or_as_its_product_with_a_direction(claim):
    assert check_claim("x'*A*x", "x", claim, kind="hessian").verdict == "proved"


def test_functions_nested_in_traces_take_no_exponential_time():
    text = "tanh(" * 25 + "x'*y" + ")" * 25
    assert derive.parse(text).symbols.keys() == {"x", "y"}
