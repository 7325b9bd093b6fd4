"""Examples of every command, as its help shows them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape

EXAMPLES: dict[str, tuple[str, ...]] = {
    "gradient": (
        'gradproof gradient "1/2*norm2(W\'*W*x - x)^2" --wrt W',
        'gradproof gradient "logdet(K) + y\'*inv(K)*y" --wrt K --assume "posdef(K)" --format latex',
        'gradproof gradient "norm2(A*x - b)^2" --wrt "x, b" --format jax --value',
    ),
    "jacobian": ('gradproof jacobian "softmax(A*x)" --wrt x',),
    "hessian": (
        'gradproof hessian "logsumexp(A*x)" --wrt x --where "A: m x n"',
        'gradproof hessian "tr(X\'*A*X)" --wrt X --form kronecker',
    ),
    "differential": ('gradproof differential "inv(X)" --wrt X',),
    "check": (
        'gradproof check "tr(A*X*X\')" --wrt X --claim "2*A*X"',
        'gradproof check "tr(A*X*X\')" --wrt X --claim "2*A*X" --assume "symmetric(A)"',
    ),
    "equal": ('gradproof equal "inv(A + B)" "inv(A) + inv(B)"',),
    "expect": (
        'gradproof expect "x\'*A*x" --where "x ~ normal(m, S)"',
        'gradproof expect "x\'*A*x" --where "x ~ normal(m, S)" --claim "m\'*A*m"',
    ),
    "variance": ('gradproof variance "a\'*x" --where "x ~ normal(m, S), a: n"',),
    "covariance": ('gradproof covariance "A*x" "B*x" --where "cov(x) = S, A: m x n, B: k x n"',),
    "list": ("gradproof list", "gradproof list --operations"),
    "verify": ("gradproof verify", "gradproof verify mc-61 softmax --all"),
    "report": (
        "gradproof report",
        'gradproof report "norm2(A*x - b)^2 + c*norm1(x)" --wrt x --out mine',
        "gradproof report losses.txt homework.md --format html",
    ),
    "initialisation": ('gradproof initialisation relu tanh "x*sigmoid(x)"',),
    "calibrate": ("gradproof calibrate --repetitions 200",),
    "depth": ("gradproof depth tanh --sigma-w 5/3 --depth 20 --networks 0",),
    "fit": ("gradproof fit zigzag", "gradproof fit points.csv --method all"),
    "train": ("gradproof train --data mnist --epochs 5",),
    "proofread": ("gradproof proofread homework.md", "cat homework.tex | gradproof proofread -"),
    "grade": ("gradproof grade key.md submissions/*.md --out graded",),
    "serve": ("gradproof serve --port 8000",),
}


def epilog(lines: Sequence[str]) -> str:
    """Return examples as they stand under the help of a command."""
    # Rich reads brackets as markup, and single new lines as blanks.
    return "\n\n".join([f"Example{'s' * (len(lines) > 1)}:", *map(escape, lines)])
