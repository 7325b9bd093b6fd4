"""Linear and logistic regression, and softmax with cross-entropy: gradients and Hessians."""

from __future__ import annotations

from derive.results.result import Result, Slip

LINEAR_REGRESSION = Result(
    name="linear-regression",
    title="Linear regression: the gradient",
    expr="1/2*norm2(X*w - y)^2",
    wrt="w",
    kind="gradient",
    where="X: n x d, w: d, y: n",
    story=(
        "The rows of $X$ are samples, $w$ are weights, $y$ are targets. Where the gradient is zero stand the normal equations "
        "$X^{\\top} X w = X^{\\top} y$."
    ),
    source="Bishop 2006, Pattern Recognition and Machine Learning, section 3.1.1",
    claims=("X'*(X*w - y)", "X'*X*w - X'*y"),
    slips=(
        Slip(
            "the half forgotten", "2*X'*(X*w - y)", "the square gives a $2$, and the half in front cancels it"
        ),
    ),
)

LINEAR_HESSIAN = Result(
    name="linear-regression-hessian",
    title="Linear regression: the Hessian",
    expr="1/2*norm2(X*w - y)^2",
    wrt="w",
    kind="hessian",
    where="X: n x d, w: d, y: n",
    story="It does not depend on $w$, and it is positive semidefinite: the loss is a convex quadratic.",
    source="Bishop 2006, Pattern Recognition and Machine Learning, section 4.3.3",
    claims=("X'*X",),
    slips=(Slip("a Hessian by the wrong side", "2*X'*X", "the half in front of the square is left out"),),
)

_LOGISTIC = "sum(softplus(X*w)) - y'*X*w"

LOGISTIC_REGRESSION = Result(
    name="logistic-regression",
    title="Logistic regression: the gradient",
    expr=_LOGISTIC,
    wrt="w",
    kind="gradient",
    where="X: n x d, w: d, y: n",
    story=(
        "The rows of $X$ are samples with labels $y_i$ in $\\{0, 1\\}$. The loss is $-\\sum_i \\log p_i$, where $p_i$ is the "
        "probability $\\sigma(x_i^{\\top} w)$ of label 1, or its complement, as one formula: $\\log(1 + e^t) - y t$ with "
        "$t = x_i^{\\top} w$. The gradient has the form of linear regression, prediction minus target."
    ),
    source="Bishop 2006, Pattern Recognition and Machine Learning, (4.96)",
    claims=("X'*(sigmoid(X*w) - y)",),
    slips=(
        Slip(
            "the derivative of the logistic function left in",
            "X'*((sigmoid(X*w) - y).*sigmoid(X*w).*(vector(1) - sigmoid(X*w)))",
            "that is the gradient of half the squared error; with the logarithm the factor $\\sigma (1 - \\sigma)$ cancels",
        ),
    ),
)

LOGISTIC_HESSIAN = Result(
    name="logistic-regression-hessian",
    title="Logistic regression: the Hessian",
    expr=_LOGISTIC,
    wrt="w",
    kind="hessian",
    where="X: n x d, w: d, y: n",
    story=(
        "Newton's method with it is iteratively reweighted least squares: the weights $\\sigma (1 - \\sigma)$ are positive, "
        "and so the loss is convex."
    ),
    source="Bishop 2006, Pattern Recognition and Machine Learning, (4.97)",
    claims=("X'*diag(sigmoid(X*w).*(vector(1) - sigmoid(X*w)))*X",),
    slips=(
        Slip(
            "the weights forgotten",
            "X'*X",
            "it is the Hessian of linear regression; a quarter of it bounds this one from above",
        ),
    ),
)

_SCORES = "(W*x + b)"

CROSS_ENTROPY = Result(
    name="softmax-cross-entropy",
    title="Softmax with cross-entropy",
    expr=f"logsumexp{_SCORES} - y'*{_SCORES}",
    wrt="W",
    kind="gradient",
    where="W: k x n, x: n, b: k, y: k",
    story=(
        "For targets $y$ that sum to one, $-\\sum_i y_i \\log \\operatorname{softmax}(z)_i$ with the scores $z = W x + b$ is "
        "$\\operatorname{logsumexp}(z) - y^{\\top} z$. By the scores its gradient is prediction minus target."
    ),
    source="Bridle 1990, Probabilistic interpretation of feedforward classification network outputs",
    claims=(f"(softmax{_SCORES} - y)*x'",),
    slips=(
        Slip(
            "the Jacobian of softmax applied once more",
            f"((diag(softmax{_SCORES}) - softmax{_SCORES}*softmax{_SCORES}')*(softmax{_SCORES} - y))*x'",
            "that is the gradient of half the squared error of the probabilities; the logarithm has cancelled the Jacobian",
        ),
        Slip("target minus prediction", f"(y - softmax{_SCORES})*x'", "the sign is that of ascent"),
    ),
)
