"""Answers as a textbook prints them: with names for what repeats, and no longer than they have to be."""

from __future__ import annotations

import pytest

import derive
from derive.language.text import to_text

PAIRWISE = "diag(X*X')*vector(1)' + vector(1)*diag(X*X')' - 2*X*X'"


def _shown(kind: str, expr: str, wrt: str, **given: str) -> tuple[str, dict[str, str]]:
    d = getattr(derive, kind)(expr, wrt, **given)
    return to_text(d.short), {n: to_text(e) for n, e in d.where}


@pytest.mark.parametrize(
    ("kind", "expr", "wrt", "given", "short", "where"),
    [
        # the Hessian of a function of softmax: diag(s) - s p' - p s' (Boyd and Vandenberghe 2004, section 3.1.5)
        ("hessian", "h'*softmax(z)", "z", {}, "diag(s) - s*p' - p*s'",
         {"p": "softmax(z)", "s": "p.*(h - h'*p*vector(1))"}),
        # a graph Laplacian: (D - W) X with the row sums on the diagonal
        ("gradient", f"sum(({PAIRWISE} - D).^2)", "X", {"assume": "symmetric(D)"}, "8*(diag(K*vector(1)) - K)*X",
         {"s": "diag(X*X')", "K": "s*vector(1)' + vector(1)*s' - 2*X*X' - D"}),
        ("gradient", f"1/2*sum(({PAIRWISE} - M).^2)", "X", {}, "2*(diag((K + K')*vector(1)) - K - K')*X",
         {"s": "diag(X*X')", "K": "s*vector(1)' + vector(1)*s' - 2*X*X' - M"}),
        # standardisation
        ("jacobian", "(x - mean(x))/std(x)", "x", {}, "sqrt(n)*(eye - r*r'/norm2(r)^2 - matrix(1)/n)/norm2(r)",
         {"r": "x - sum(x)*vector(1)/n"}),
        # matrix fractions
        ("gradient", "tr(X*inv(X'*X + c*eye)*X')", "X", {}, "2*c*X*inv(X'*X + c*eye)^2", {}),
        ("gradient", "logdet(eye + X'*X/s^2)", "X", {"where": "s: scalar"}, "2*X*inv(s^2*eye + X'*X)", {}),
        ("gradient", "norm2((eye - A)*inv(eye + A)*X - Y)^2", "A", {},
         "4*inv(eye + A)'*(Y - (eye - A)*inv(eye + A)*X)*X'*inv(eye + A)'", {}),
        # conjugate sums, signs in front of sums, a number out of a linear function
        ("jacobian", "log((vector(1) + x)./(vector(1) - x))", "x", {}, "2*diag(vector(1)./(vector(1) - x.^2))", {}),
        ("gradient", "tr(inv(X'*X)*M)", "X", {}, "-pinv(X)'*(M + M')*inv(X'*X)", {}),
        ("gradient", "norm2(skew(w)*x - y)^2", "w", {}, "2*unskew((skew(w)*x - y)*x')", {}),
        # entries have no names of their own
        ("gradient", "norm2([cos(c), -sin(c); sin(c), cos(c)]*x - y)^2", "c", {},
         "2*(x[1]*r[2] - r[1]*x[2])*cos(c) - 2*(r[1]*x[1] + r[2]*x[2])*sin(c)",
         {"r": "[cos(c), -sin(c); sin(c), cos(c)]*x - y"}),
    ],
)  # fmt: skip
def test_textbook_form(kind, expr, wrt, given, short, where):
    assert _shown(kind, expr, wrt, **given) == (short, where)


def test_three_steps_of_an_lstm_are_printed_with_names():
    """A result of 200,000 characters, written out, is one of fewer than 6,000 with its definitions."""
    lines = []
    for k in (1, 2, 3):
        lines += [
            f"i_{k} = sigmoid(A*x_{k} + B*h_{k - 1})",
            f"f_{k} = sigmoid(C*x_{k} + D*h_{k - 1})",
            f"o_{k} = sigmoid(E*x_{k} + F*h_{k - 1})",
            f"g_{k} = tanh(G*x_{k} + H*h_{k - 1})",
            f"c_{k} = f_{k}.*c_{k - 1} + i_{k}.*g_{k}",
            f"h_{k} = o_{k}.*tanh(c_{k})",
        ]
    where = "c_0: n, h_0: n, x_1: m, x_2: m, x_3: m"
    short, named = _shown("gradient", "; ".join([*lines, "norm2(h_3 - y)^2"]), "H", where=where)
    assert len(short) + sum(len(n) + len(e) for n, e in named.items()) < 2000
