"""Twelve derivations with the judgement that each line deserves: six right, six with a slip.

A row gives, for every claim in reading order, the verdict, the index (among the claims, from 1) of the slip that it
follows from, and whether it follows from the line before.
"""

from __future__ import annotations

import pytest

from verify.proofread import proofread

RIGHT, SLIP = "right", "slip"

EXAMPLES = {
    "ridge regression": (
        r"""Let $\mathbf r=\mathbf X\mathbf w-\mathbf y$ and $J(\mathbf w)=\lVert\mathbf r\rVert_2^2+\lambda\,\mathbf w^\top\mathbf w$ with $\lambda>0$.
$$\frac{\partial J}{\partial\mathbf r}=2\mathbf r,\qquad \nabla_{\mathbf w}J=\mathbf X^\top\frac{\partial J}{\partial\mathbf r}+2\lambda\mathbf w$$
$$=2\mathbf X^\top(\mathbf X\mathbf w-\mathbf y)+2\lambda\mathbf w$$
Setting this to zero: $$\boxed{\mathbf w^*=(\mathbf X^\top\mathbf X+\lambda I)^{-1}\mathbf X^\top\mathbf y}$$
""",
        ["proved", "proved", "proved", "proved"],
    ),
    "logistic regression by indices": (
        r"""$$L=-\sum_{i=1}^m\Big[y_i\log\sigma(z_i)+(1-y_i)\log(1-\sigma(z_i))\Big],\qquad z_i=\sum_{j=1}^n X_{ij}w_j$$
$$\frac{\partial L}{\partial z_i}=-y_i(1-\sigma(z_i))+(1-y_i)\sigma(z_i)=\sigma(z_i)-y_i$$
$$\Rightarrow\ \frac{\partial L}{\partial w_j}=\sum_{i=1}^m\frac{\partial L}{\partial z_i}\frac{\partial z_i}{\partial w_j}=\sum_{i=1}^m(\sigma(z_i)-y_i)X_{ij}$$
""",
        ["proved", "proved", "proved", "proved"],
    ),
    "Gaussian likelihood by differentials": (
        r"""$\Sigma\succ0$ and $S$ symmetric, $\ell(\Sigma)=-\tfrac n2\log|\Sigma|-\tfrac12\operatorname{tr}(\Sigma^{-1}S)$. Then
\begin{align*}
d\ell&=-\tfrac n2\operatorname{tr}(\Sigma^{-1}d\Sigma)+\tfrac12\operatorname{tr}(\Sigma^{-1}(d\Sigma)\Sigma^{-1}S)\\
\frac{\partial\ell}{\partial\Sigma}&=-\frac n2\Sigma^{-1}+\frac12\Sigma^{-1}S\Sigma^{-1}
\end{align*}
so $\hat\Sigma=\frac1nS$ is the stationary point.
""",
        ["proved", "proved", "proved"],
    ),
    "one hidden layer": (
        r"""One hidden layer: $a=Wx+b,\ h=\tanh(a),\ \hat y=v^Th,\ L=\tfrac12(\hat y-t)^2$.
$$\delta:=\frac{\partial L}{\partial\hat y}=\hat y-t,\quad \frac{\partial L}{\partial v}=\delta h,\quad \frac{\partial L}{\partial h}=\delta v$$
$$\frac{\partial L}{\partial a}=\delta\,v\odot(1-h\odot h),\qquad \frac{\partial L}{\partial W}=\frac{\partial L}{\partial a}\,x^T,\qquad \frac{\partial L}{\partial b}=\frac{\partial L}{\partial a}$$
""",
        ["proved"] * 6,
    ),
    "the mean of a sample": (
        r"""$X_1,\dots,X_n$ independent, $E[X_i]=\mu$, $\operatorname{Var}(X_i)=\sigma^2$, $\bar X=\frac1n\sum_{i=1}^nX_i$.
$$\operatorname{Var}(\bar X)=\frac1{n^2}\sum_{i=1}^n\operatorname{Var}(X_i)=\frac{\sigma^2}n,\qquad E[\bar X^2]=\operatorname{Var}(\bar X)+(E[\bar X])^2=\frac{\sigma^2}n+\mu^2$$
""",
        ["certified"] * 4,
    ),
    "a variance with a sign": (
        r"""$X,Y$ independent with variance $\sigma^2$.
$$\operatorname{Var}(aX-bY)=a^2\operatorname{Var}(X)-b^2\operatorname{Var}(Y)$$
$$\Rightarrow\operatorname{Var}(X-Y)=0,\qquad \operatorname{Var}(X+Y)=2\sigma^2$$
""",
        [SLIP, 1, "certified"],
    ),
    "tanh by the logistic function": (
        r"""$$\tanh x=2\sigma(2x)-1\ \Rightarrow\ \frac{d}{dx}\tanh x=4\sigma(2x)\bigl(1-\sigma(2x)\bigr)=1-\tanh^2x$$
""",
        ["proved", "proved", "proved"],
    ),
    "a quadratic form": (
        r"""$f(x)=x^TAx-b^Tx$, $A\in\mathbb R^{n\times n}$.
$$\nabla f(x)=2Ax-b$$
$$\nabla f=0\ \Rightarrow\ x=\tfrac12A^{-1}b$$
""",
        [SLIP, 1],
    ),
    "an upstream gradient": (
        r"""$z=Wx$, $W\in\mathbb R^{m\times n}$, and $\delta=\partial L/\partial z$ is given.
$$\frac{\partial L}{\partial W}=\delta x^T,\qquad \frac{\partial L}{\partial x}=W\delta,\qquad \Big\|\frac{\partial L}{\partial x}\Big\|^2=\delta^TW^TW\delta$$
""",
        ["proved", SLIP, 2],
    ),
    "a forgotten inverse": (
        r"""$f(X)=\log\det(X^TX)-\mathrm{tr}(B^TX)$
$$\frac{\partial}{\partial X}\log\det(X^TX)=2X(X^TX)$$
$$\therefore\ \frac{\partial f}{\partial X}=2X(X^TX)-B$$
so at a stationary point $B=2X(X^TX)^{-1}$.
""",
        [SLIP, 1, "proved"],
    ),
    "softmax cross-entropy by indices": (
        r"""$p_i=\frac{e^{z_i}}{\sum_ke^{z_k}}$, $y$ one-hot, $L=-\sum_iy_i\log p_i$.
$$\frac{\partial p_i}{\partial z_j}=p_i(1-p_j)$$
$$\frac{\partial L}{\partial z_j}=-\sum_i\frac{y_i}{p_i}\frac{\partial p_i}{\partial z_j}=-(1-p_j)\sum_iy_i=p_j-1$$
""",
        [SLIP, RIGHT, 1, 1],
    ),
    "a lost factor": (
        r"""$L(w)=\frac1m\|Xw-y\|^2$ with $X\in\mathbb R^{m\times n}$.
\begin{align*}\nabla L&=2X^T(Xw-y)\\&=2(X^TXw-X^Ty)\end{align*}
$$\nabla L=0\ \Rightarrow\ X^TXw=X^Ty\ \Rightarrow\ w=(X^TX)^{-1}X^Ty$$
""",
        [SLIP, 1, "proved", "proved"],
    ),
}  # fmt: skip

UPHELD = {"proved", "certified", "agrees"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_line_is_judged_as_it_deserves(name):
    text, expected = EXAMPLES[name]
    found = proofread(text)
    claims = found.claims
    assert len(claims) == len(expected)
    for claim, due in zip(claims, expected, strict=True):
        if due == SLIP:
            assert (claim.verdict, claim.cause, claim.from_line_before) == ("refuted", None, False), claim
            assert claim.diagnosis
        elif isinstance(due, int):
            assert (claim.verdict, claim.from_line_before) == ("refuted", True), claim
            assert claim.cause == claims[due - 1].index
        elif due == RIGHT:
            assert claim.verdict in UPHELD, claim
        else:
            assert claim.verdict == due, claim
    first = next((c.index for c, due in zip(claims, expected, strict=True) if due == SLIP), None)
    assert found.first_wrong == first
    assert found.exit_code == (0 if first is None else 1)


def test_the_diagnoses_name_the_slip():
    def said(name):
        found = proofread(EXAMPLES[name][0])
        return found.statements[found.first_wrong].diagnosis

    assert said("a quadratic form") == "right only if A is symmetric"
    assert said("an upstream gradient").endswith("right with W'")
    assert "inverse was forgotten" in said("a forgotten inverse")
    assert "delta_ij is missing" in said("softmax cross-entropy by indices")
    assert "the factor 1/m is lost" in said("a lost factor")


def test_a_line_that_is_right_all_the_same_is_said_not_to_follow():
    claims = proofread(EXAMPLES["a forgotten inverse"][0]).claims
    assert (claims[2].verdict, claims[2].from_line_before) == ("proved", False)


def test_what_the_document_assumes_makes_the_slip_right():
    text = EXAMPLES["a quadratic form"][0].replace(r"$A\in\mathbb R^{n\times n}$", "$A$ symmetric")
    assert [c.verdict for c in proofread(text).claims] == ["proved", "proved"]
    assert proofread(EXAMPLES["a quadratic form"][0], assume="symmetric(A)").first_wrong is None


def test_one_document_gives_the_same_bytes():
    text = EXAMPLES["a quadratic form"][0]
    first, second = (proofread(text).to_dict() for _ in range(2))
    for found in (first, second):
        for statement in found["statements"]:
            for evidence in statement["evidence"]:
                evidence.pop("seconds", None)
    assert first == second


def test_a_line_that_cannot_be_read_costs_nothing_else():
    text = "$f(x)=x^Tx$\n$$\\nabla f(x)=\\Xi\\!\\left[\\right) x$$\n$$\\nabla f(x)=2x$$\n"
    claims = proofread(text).claims
    assert claims[0].verdict == "unread"
    assert claims[0].not_understood
    assert claims[1].verdict == "proved"
