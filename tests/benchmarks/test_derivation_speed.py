"""How long a derivation takes: the Matrix Cookbook, side by side with SymPy's own diff, and as expressions grow."""

import math
import statistics
import time
import warnings

import numpy as np
import pytest
import sympy

from derive import gradient
from derive.results.cookbook import cookbook
from tests.derive.points import SIZES, declarations, draw, gap
from tests.derive.sympy_values import number_of
from tests.derive.test_catalogue import reference

SYMBOLS = {n: sympy.Symbol(n, integer=True, positive=True) for n in "mnk"}


def seconds(f, clock=time.perf_counter):
    """Return what f takes, in seconds, and what it gives."""
    start = clock()
    result = f()
    return clock() - start, result


def show(capsys, lines):
    with capsys.disabled():
        print("\n" + "\n".join(lines))


def test_the_whole_cookbook(benchmark, capsys):
    """Parsing, derivation and simplification of every item, each for the first time in the process, in processor time."""
    gradient("norm2(A*x)^2", "x")  # what is imported once

    def all_items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return {item.id: seconds(item.derive, time.process_time)[0] for item in cookbook()}

    taken = benchmark.pedantic(all_items, rounds=1)
    median, (slowest, most) = statistics.median(taken.values()), max(taken.items(), key=lambda pair: pair[1])
    slow = sorted(taken.items(), key=lambda pair: -pair[1])[:5]
    show(capsys, [f"{len(taken)} items, median {1e3 * median:.2f} ms, slowest {slowest} {1e3 * most:.0f} ms",
                  *[f"  {name:<10} {1e3 * t:7.1f} ms" for name, t in slow]])  # fmt: skip
    benchmark.extra_info.update(median=median, slowest=most)
    assert median < 6e-3
    assert most < 0.2


def test_side_by_side_with_sympys_diff(benchmark, capsys):
    """The items that SymPy's own diff gets right; for both, from SymPy's expression to the result."""
    scope = {n: getattr(sympy, n) for n in sympy.__all__} | SYMBOLS

    def compare():
        pairs, wrong = {}, 0
        for item in cookbook():
            if not item.sympy or item.kind != "gradient":
                continue
            shapes = declarations(item.where)
            symbols = {
                n: sympy.Symbol(n) if s == (1, 1) else sympy.MatrixSymbol(n, *[SYMBOLS.get(d, d) for d in s])
                for n, s in shapes.items()
            }
            for source in item.sympy:
                expr = eval(source, scope | symbols)
                x = symbols[item.wrt]
                theirs, result = seconds(lambda e=expr, x=x: diff_of(e, x))
                if not right(item, shapes, result):
                    wrong += 1
                    continue
                ours, _ = seconds(lambda e=expr, x=x, item=item: gradient(e, x, assume=item.assume))
                pairs[f"{item.id} {source}"] = (ours, theirs)
                break
        return pairs, wrong

    pairs, wrong = benchmark.pedantic(compare, rounds=1)
    ratio = statistics.median(ours / theirs for ours, theirs in pairs.values())
    show(capsys, [
        f"SymPy {sympy.__version__} is right on {len(pairs)} gradients ({wrong} expressions wrong or not answered); "
        f"ours/SymPy's time: median {ratio:.2f}",
        f"  ours   median {1e3 * statistics.median(o for o, _ in pairs.values()):7.2f} ms",
        f"  SymPy  median {1e3 * statistics.median(t for _, t in pairs.values()):7.2f} ms",
    ])  # fmt: skip
    benchmark.extra_info["ratio"] = ratio
    assert len(pairs) > 40
    assert ratio <= 1


def diff_of(expr, x):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return expr.diff(x)
    except Exception:  # SymPy raises many kinds where it has no answer
        return None


def right(item, shapes, result):
    values = draw(shapes, item.assume, np.random.default_rng(3))
    try:
        return result is not None and gap(number_of(result, values | SIZES), reference(item, values)) < 1e-8
    except Exception:  # an array of four axes, an unevaluated derivative
        return False


def network(layers):
    inner = "x"
    for i in range(1, layers + 1):
        inner = f"tanh(W{i}*{inner})"
    return f"1/2*norm2({inner} - y)^2", "W1"


def alternating(factors):
    return f"tr({'*'.join('X' if i % 2 else f'A{i}' for i in range(factors))})", "X"


def chain(factors):
    return f"tr({'*'.join(f'A{i}' for i in range(factors))})", "A1"


def power(factors):
    return f"tr({'*'.join(['X'] * factors)})", "X"


@pytest.mark.parametrize("build", [network, alternating, chain, power], ids=lambda f: f.__name__)
def test_growth(benchmark, capsys, build):
    """Time against length up to 50: no worse than about the square."""
    lengths = (10, 20, 30, 40, 50)

    def measure():
        gradient(*build(5))
        return {n: min(seconds(lambda n=n: gradient(*build(n)))[0] for _ in range(3)) for n in lengths}

    taken = benchmark.pedantic(measure, rounds=1)
    order = math.log(taken[50] / taken[20]) / math.log(50 / 20)
    row = "".join(f"{1e3 * t:9.1f}" for t in taken.values())
    show(capsys, [f"{build.__name__:<12}" + "".join(f"{'L = ' + str(n):>9}" for n in lengths) + "    order 20..50",
                  f"{'ms':<12}{row}{order:17.2f}"])  # fmt: skip
    benchmark.extra_info["order"] = order
    assert order < 2.5
    assert taken[50] < 1
