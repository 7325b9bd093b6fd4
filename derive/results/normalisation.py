"""Layer normalisation and batch normalisation: what goes back through the mean and the variance."""

from __future__ import annotations

from derive.results.result import Result, Slip

LAYER_NORM = Result(
    name="layer-norm",
    title="Layer normalisation",
    expr="r'*((x - mean(x))/sqrt(var(x) + c))",
    wrt="x",
    kind="gradient",
    where="x: n, r: n",
    assume="positive(c)",
    story=(
        "The entries of $x$ are shifted and scaled to mean 0 and variance about 1; $c$ keeps the root from 0. $r$ is the "
        "gradient of the loss by the output, so that the gradient of $f$ is what goes back to $x$: $r$ without its mean and "
        "without its part along the output."
    ),
    source="Ba, Kiros and Hinton 2016, Layer normalization, (3)",
    claims=("(r - mean(r) - (x - mean(x))*(r'*(x - mean(x)))/(n*(var(x) + c)))/sqrt(var(x) + c)",),
    slips=(
        Slip(
            "mean and variance held fixed",
            "r/sqrt(var(x) + c)",
            "the mean and the variance depend on $x$ too: two more paths",
        ),
        Slip(
            "the path through the variance forgotten",
            "(r - mean(r))/sqrt(var(x) + c)",
            "the variance depends on $x$ too",
        ),
    ),
)

_MEAN, _VARIANCE = "mean(X, columns)", "(vector(1)*var(X, columns) + c)"

BATCH_NORM = Result(
    name="batch-norm",
    title="Batch normalisation",
    expr=f"sum(R.*((X - {_MEAN})./sqrt{_VARIANCE}))",
    wrt="X",
    kind="gradient",
    where="X: n x d, R: n x d, c: scalar",
    assume="positive(c)",
    story=(
        "The rows of $X$ are the samples of a batch, and every column is normalised over the batch. $R$ is the gradient of the "
        "loss by the output. The samples of a batch are no longer independent: each gets a part of the gradients of all."
    ),
    source="Ioffe and Szegedy 2015, Batch normalization, section 3",
    claims=(
        f"(R - mean(R, columns) - (X - {_MEAN}).*(vector(1)*mean(R.*(X - {_MEAN}), columns))./{_VARIANCE})./sqrt{_VARIANCE}",
    ),
    slips=(
        Slip(
            "mean and variance of the batch held fixed",
            f"R./sqrt{_VARIANCE}",
            "they are computed from $X$, and the gradient goes back through both",
        ),
    ),
)
