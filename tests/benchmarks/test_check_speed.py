"""How long a check takes: by method, by size, for right and for wrong claims, and beside the derivation."""

import statistics
import time
import warnings
from random import Random

from derive.results.cookbook import cookbook
from verify import check_claim, derived
from verify.arithmetics.balls import Balls
from verify.arithmetics.exact import RATIONALS, prime_field
from verify.arithmetics.floats import COMPLEX, FLOAT
from verify.claims import read, symbolic_evidence
from verify.methods.exact import Place, ball_evidence, draw_weights, field_evidence
from verify.methods.float_methods import METHODS, float_evidence
from verify.study import Study
from verify.suite.steps import check_steps

GPLVM = "-D/2*logdet(alpha*X*X' + 1/beta*eye) - 1/2*tr(inv(alpha*X*X' + 1/beta*eye)*Y*Y')"
K = "inv(alpha*X*X' + 1/beta*eye)"
SCALARS = "D: scalar, alpha: scalar, beta: scalar"
CLAIMS = {
    "autoencoder": ("1/2*norm2(W'*W*x - x)^2", "W", "W*(W'*W*x - x)*x' + W*x*(W'*W*x - x)'", None),
    "GP-LVM": (GPLVM, "X", f"alpha*({K}*Y*Y' - D*eye)*{K}*X", SCALARS),
    "softmax regression": ("logsumexp(A*x) - y'*A*x", "x", "A'*(softmax(A*x) - y)", None),
    "two layers": (
        "sum(tanh(V*relu(W*x)))", "W", "((V'*(vector(1) - tanh(V*relu(W*x)).^2)).*sign(relu(W*x)))*x'", None,
    ),
}  # fmt: skip


def seconds(f, *arguments, **options):
    start = time.perf_counter()
    result = f(*arguments, **options)
    return time.perf_counter() - start, result


def show(capsys, lines):
    with capsys.disabled():
        print("\n" + "\n".join(lines))


def test_by_method(benchmark, capsys):
    """Every equation of the Matrix Cookbook by every method, and the quick check beside the derivation."""
    items = list(cookbook())

    def all_methods():
        taken = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for item in items:
                problem, statement, claim = read(
                    item.expr, item.wrt, item.result, item.kind, item.where, item.assume
                )
                derivation = seconds(item.derive)
                methods = {
                    "the derivation": item.derive,
                    "normal form": lambda a=(Study(problem, statement), claim): symbolic_evidence(*a),
                    "prime field": lambda a=(statement, claim): field_evidence(*a),
                    "real balls": lambda a=(statement, claim): ball_evidence(*a),
                    "the quick check": lambda d=derivation[1]: derived.checked(d),
                    "every line": lambda d=derivation[1]: check_steps(d),
                    **{m: lambda a=(statement, claim, m): float_evidence(*a) for m in METHODS},
                }
                for name, method in methods.items():
                    taken.setdefault(name, []).append(seconds(method)[0])
        return taken

    taken = benchmark.pedantic(all_methods, rounds=1)
    medians = {name: statistics.median(times) for name, times in taken.items()}
    show(capsys, [f"{name:<20} median {1e3 * m:7.2f} ms   slowest {1e3 * max(taken[name]):7.0f} ms"
                  for name, m in sorted(medians.items(), key=lambda pair: pair[1])])  # fmt: skip
    benchmark.extra_info.update(medians)
    assert medians["the quick check"] < 2 * medians["the derivation"] + 5e-3


def test_by_size(benchmark, capsys):
    """One directional derivative of the GP-LVM likelihood and of the claim, at growing sizes."""
    _, statement, claim = read(GPLVM, "X", CLAIMS["GP-LVM"][2], where=SCALARS)
    arithmetics = [FLOAT, COMPLEX, prime_field(), RATIONALS, Balls(256)]
    names = ["float64", "complex128", "prime field", "rationals", "balls of 256 bits"]

    def both(n, arithmetic):
        sizes = dict.fromkeys(statement.space.sizes, n)
        place = Place(
            sizes, statement.space.draw(sizes, Random(n)), False, draw_weights(statement, sizes, Random(n), 9)
        )
        values = place.values(statement.space, arithmetic)
        with arithmetic.context():
            statement.true_side(values, sizes, arithmetic, *place.weights)
            statement.claimed_side(claim, values, sizes, arithmetic, *place.weights)

    def table():
        return {
            name: [seconds(both, n, a)[0] for n in (2, 4, 8, 16)]
            for name, a in zip(names, arithmetics, strict=True)
        }

    both(2, FLOAT)  # what is laid out once
    taken = benchmark.pedantic(table, rounds=1)
    show(capsys, [f"{'':<20}" + "".join(f"   n = {n:<4}" for n in (2, 4, 8, 16)),
                  *[f"{name:<20}" + "".join(f"{1e3 * t:7.2f} ms" for t in times)
                    for name, times in taken.items()]])  # fmt: skip
    benchmark.extra_info.update(taken)
    field = taken["prime field"]
    assert field[3] < 8**3 * field[0]  # no worse than the cube of the size


#: Seconds that the answer to a claim may take after start-up: 0.3, and 1 for the GP-LVM.
BARS = {name: 1.0 if name == "GP-LVM" else 0.3 for name in CLAIMS}


def test_claims(benchmark, capsys):
    """A right claim, and the same claim doubled: refuted, reduced and diagnosed. Each twice, the faster counts."""
    check_claim("tr(X)", "X", "eye")  # what is imported once

    def best(expr, wrt, claim, where):
        return min(
            (seconds(check_claim, expr, wrt, claim, where=where) for _ in range(2)), key=lambda t: t[0]
        )

    def all_claims():
        out = {}
        for name, (expr, wrt, claim, where) in CLAIMS.items():
            right, verdict = best(expr, wrt, claim, where)
            assert verdict
            wrong, verdict = best(expr, wrt, f"2*({claim})", where)
            assert verdict.verdict == "refuted"
            out[name] = (right, wrong)
        return out

    taken = benchmark.pedantic(all_claims, rounds=1)
    show(
        capsys,
        [f"{name:<20} right {1e3 * r:6.0f} ms   wrong {1e3 * w:6.0f} ms" for name, (r, w) in taken.items()],
    )
    benchmark.extra_info.update(taken)
    assert all(max(taken[name]) < bar for name, bar in BARS.items())
