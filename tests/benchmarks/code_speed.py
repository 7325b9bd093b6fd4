"""How fast printed code runs, in one process and one thread: `python -m tests.benchmarks.code_speed [PAGE]`.

Every loss gives its value and gradient. Printed code and the hand-written take turns, and the ratio is of the least
processor times, so that what else runs on the machine counts for neither. JAX (compiled; its time without compilation) and PyTorch
differentiate the same loss by themselves, and CasADi some of them, where they are installed. It takes five minutes, and says a line
a loss. With a page, the tables are written between its marks; what the page says of them is worked out from the figures.
"""

from __future__ import annotations

# ruff: noqa: E402 - threads are set before anything that makes some is imported
import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import importlib.util
import platform
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import scipy
import scipy.linalg

import derive
from derive.code import Output, compiled, source
from derive.expression.facts import assuming
from tests.benchmarks.by_hand import CASES, gplvm
from tests.benchmarks.second_by_hand import HESSIANS, PROCESS, normal
from verify.files import write

BEGIN, END = (
    "<!-- figures: python -m tests.benchmarks.code_speed docs/figures.md -->",
    "<!-- end of figures -->",
)


def derived(line, kind="gradient", **form):
    """Return the derivation of a line of losses."""
    text, wrt, where, assume = (part.strip() for part in line.split("|"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(derive, kind)(text, wrt, where=where, assume=assume or None, **form)


def named(d, hand, values):
    """Return the arguments by name; a name of a size that the loss uses as a number is one."""
    code = hand.__code__
    found = dict(zip(code.co_varnames[: code.co_argcount], values, strict=True))
    if "d" in d.symbols() and "d" not in found:
        found["d"] = found["Y"].shape[1]
    return found


def in_turns(ways, seconds=0.6, least=5, most=10_000):
    """Return the least processor time of each way, taken in turns."""
    best = [float("inf")] * len(ways)
    end, runs = time.perf_counter() + seconds, 0
    while runs < least or (time.perf_counter() < end and runs < most):
        for k, way in enumerate(ways):
            start = time.process_time()
            way()
            best[k] = min(best[k], time.process_time() - start)
        runs += 1
    return best


def beside(case, seconds=0.6):
    """Return the seconds of printed code and of the hand-written, and hold their values to each other."""
    line, hand, arrays = case
    d = derived(line)
    values = arrays()
    arguments = named(d, hand, values)
    f = d.function(value=True)
    mine, other = (lambda: f(**arguments)), (lambda: hand(*values))
    (v, g), (w, h) = mine(), other()
    assert np.allclose(v, w, rtol=1e-7), line
    assert np.allclose(np.reshape(g, np.shape(h)), h, rtol=1e-6, atol=1e-8 * np.abs(h).max()), line
    return in_turns([mine, other], seconds)


# --------------------------------------------------------------------------------- automatic differentiation


def loss(d, target):
    """Return the loss alone as a function of a target's arrays, stable and in the cheapest order as ours is."""
    with assuming(d.problem.assumptions):
        symbols = {n: s for n, s in d.symbols().items() if s in d.problem.expr.free_symbols}
        return compiled(source([Output((d.problem.expr,))], symbols, target), target)


def jax_gradient(d, arguments):
    """Return what JAX computes, compiled, of value and gradient; the arguments are on its side already."""
    import jax

    jax.config.update("jax_enable_x64", True)
    f, wrt = loss(d, "jax"), d.problem.wrt[0].name
    rest = {n: jax.numpy.asarray(v) for n, v in arguments.items() if n != wrt}
    x = jax.numpy.asarray(arguments[wrt])
    run = jax.jit(jax.value_and_grad(lambda x, rest: f(**{wrt: x}, **rest)))
    return lambda: jax.block_until_ready(run(x, rest))


def torch_gradient(d, arguments):
    """Return what PyTorch computes of value and gradient."""
    import torch

    torch.set_num_threads(1)
    f, wrt = loss(d, "torch"), d.problem.wrt[0].name
    given = {n: torch.as_tensor(np.asarray(v, float)) for n, v in arguments.items()}
    given[wrt].requires_grad_()

    def run():
        value = f(**given)
        return value.detach(), torch.autograd.grad(value, given[wrt])[0]

    return run


OTHERS = {"jax": jax_gradient, "torch": torch_gradient}


def against(case, seconds=0.6):
    """Return the seconds of printed code, of the hand-written, and of what is installed besides."""
    line, hand, arrays = case
    d = derived(line)
    values = arrays()
    arguments = named(d, hand, values)
    f = d.function(value=True)
    mine = lambda: f(**arguments)
    pair = in_turns([mine, lambda: hand(*values)], seconds)
    wanted = np.asarray(mine()[1])
    made = {}
    for name, make in OTHERS.items():
        if importlib.util.find_spec(name) is None:
            continue
        made[name] = make(d, arguments)
        found = np.asarray(made[name]()[1]).reshape(wanted.shape)
        if len(wanted) == wanted.size // len(wanted):
            found = (
                found + found.T + wanted - wanted.T
            ) / 2  # of a symmetric matrix, one triangle may be read
        assert np.allclose(found, wanted, rtol=1e-5, atol=1e-7 * np.abs(wanted).max()), line
    times = dict(zip(made, in_turns(list(made.values()), seconds), strict=True))
    return [*pair, *(times.get(name, float("nan")) for name in OTHERS)]


# ------------------------------------------------------------------------------------------ second derivatives


def dense_hessian(d, arguments):
    """Return what jax.hessian computes, compiled."""
    import jax

    jax.config.update("jax_enable_x64", True)
    f, wrt = loss(d, "jax"), d.problem.wrt[0].name
    rest = {n: jax.numpy.asarray(v) for n, v in arguments.items() if n not in (wrt, "d" + wrt)}
    x = jax.numpy.asarray(arguments[wrt])
    run = jax.jit(jax.hessian(lambda x, rest: f(**{wrt: x}, **rest)))
    return lambda: jax.block_until_ready(run(x, rest))


def hessian(row, seconds=1.0):
    """Return the seconds of a printed Hessian, of one by hand where there is one, and of jax.hessian's."""
    _, line, form, hand, arrays = row
    d = derived(line, "hessian", form=form)
    arguments = arrays()
    f = d.function()
    mine = lambda: f(**arguments)
    found = np.asarray(mine())
    ways = [mine]
    if hand is not None:
        ways.append(lambda: hand(**arguments))
        assert np.allclose(found, ways[1](), rtol=1e-8, atol=1e-10 * np.abs(found).max()), line
    ours = [*in_turns(ways, seconds), float("nan")][:2]
    if importlib.util.find_spec("jax") is None:
        return [*ours, float("nan")]
    other = dense_hessian(d, arguments)
    wanted = np.asarray(other())
    n, shape = int(np.sqrt(wanted.size)), wanted.shape[: wanted.ndim // 2]
    order = [*reversed(range(len(shape))), *(len(shape) + k for k in reversed(range(len(shape))))]
    matrix = wanted.transpose(order).reshape(n, n)  # by vec: column by column
    if form == "product":
        direction = arguments["d" + d.problem.wrt[0].name]
        matrix = (matrix @ direction.T.reshape(-1)).reshape(direction.shape[::-1]).T
    assert np.allclose(found.reshape(matrix.shape), matrix, rtol=1e-6, atol=1e-8 * np.abs(matrix).max()), line
    return [*ours, *in_turns([other], seconds, least=3)]


def large_gplvm(seconds=2.0):
    """Return the seconds of the GP-LVM gradient at N = 1000, Q = 5, D = 12: printed, by hand, dense autodiff."""
    line = next(c[0] for c in CASES if c[1] is gplvm)
    d = derived(line)
    values = (normal(1000, 5), normal(1000, 12), 0.7, 0.5)
    arguments = named(d, gplvm, values)
    f = d.function(value=True)
    pair = in_turns([lambda: f(**arguments), lambda: gplvm(*values)], seconds)
    if importlib.util.find_spec("jax") is None:
        return [*pair, float("nan")]
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def dense(x, y, a, b):
        c = jnp.linalg.cholesky(a * x @ x.T + b * jnp.eye(len(x)))
        half = jax.scipy.linalg.solve_triangular(c, y, lower=True)
        return y.shape[1] * 2 * jnp.log(jnp.diagonal(c)).sum() + (half**2).sum()

    run = jax.jit(jax.value_and_grad(dense))
    given = tuple(map(jnp.asarray, values))
    other = lambda: jax.block_until_ready(run(*given))
    assert np.allclose(f(**arguments)[1], other()[1], rtol=1e-6, atol=1e-6)
    return [*pair, *in_turns([other], seconds, least=5)]


def casadi_losses(ca):
    """Return losses of CASES in CasADi's words, by the names of their hand-written functions."""
    sigmoid = lambda z: 1 / (1 + ca.exp(-z))
    return {
        "least_squares": lambda A, x, y: ca.sumsqr(A @ x - y),
        "logistic": lambda X, w, y: ca.sum1(ca.log1p(ca.exp(-y * (X @ w)))),
        "network": lambda W, s, V, t, x, y: ca.sumsqr(V @ ca.tanh(W @ x + s) + t - y) / 2,
        "rayleigh": lambda A, x: ca.dot(x, A @ x) / ca.dot(x, x),
        "huber_like": lambda A, x, y, c: ca.sum1(ca.sqrt((A @ x - y) ** 2 + c**2)),
        "trace_quadratic": lambda X, A: ca.dot(X, A @ X),
        "bilinear_net": lambda A, B, X, Y: ca.sumsqr((A @ X) * (B @ X) - Y),
        "gru_gate": lambda U, x, W, y: ca.sumsqr(sigmoid(U @ x) * ca.tanh(W @ x) - y),
    }


def beside_casadi(seconds=0.6):
    """Return (loss, seconds of printed code, seconds of CasADi's reverse mode) of some losses."""
    import casadi as ca

    rows = []
    for line, hand, arrays in CASES:
        if (made := casadi_losses(ca).get(hand.__name__)) is None:
            continue
        d, values = derived(line), arrays()
        names = hand.__code__.co_varnames[: len(values)]
        symbols = {n: ca.MX.sym(n, *np.atleast_2d(np.transpose(v)).T.shape) for n, v in zip(names, values, strict=True)}  # fmt: skip
        value = made(*symbols.values())
        run = ca.Function(
            "f", list(symbols.values()), [value, ca.gradient(value, symbols[d.problem.wrt[0].name])]
        )
        given = [ca.DM(v) for v in values]
        f, arguments = d.function(value=True), named(d, hand, values)
        mine, other = (lambda f=f, a=arguments: f(**a)), (lambda run=run, given=given: run(*given))
        found, wanted = np.asarray(other()[1]), np.asarray(mine()[1])
        assert np.allclose(
            found.reshape(wanted.shape), wanted, rtol=1e-6, atol=1e-8 * np.abs(wanted).max()
        ), line
        rows.append((line.split("|")[0].strip(), *in_turns([mine], seconds), *in_turns([other], seconds)))
    return rows


# ------------------------------------------------------------------------------------------------------ tables


def ms(seconds):
    return f"{1e3 * seconds:.3g}"


def said(line):
    """Return a line, printed as it is made."""
    print(line, flush=True)
    return line


def shown(text):
    """Return a formula for a cell of a table."""
    return f"`{text.split('|')[0].strip()}`"


def tables(seconds=0.6):
    """Yield the lines of the tables as Markdown."""
    yield from of_gradients(seconds)
    yield from of_second_derivatives()
    if importlib.util.find_spec("casadi") is not None:
        yield from ("", "| loss and gradient | printed | CasADi | CasADi / printed |", "|---|--:|--:|--:|")
        for text, mine, other in beside_casadi(seconds):
            yield said(f"| `{text}` | {ms(mine)} | {ms(other)} | {other / mine:.1f} |")
    words = [f"NumPy {np.__version__}", f"SciPy {scipy.__version__}"]
    for name in (*OTHERS, "casadi"):
        if importlib.util.find_spec(name) is not None:
            words.append(f"{name} {importlib.import_module(name).__version__}")
    yield ""
    yield f"On {platform.machine()}, one core, Python {platform.python_version()}, {', '.join(words)}; processor time counts."


def of_gradients(seconds):
    """Yield the table of losses with their gradients."""
    rows = []
    for k, case in enumerate(CASES, 1):
        rows.append((case[0], *against(case, seconds)))
        times = "  ".join(ms(t) for t in rows[-1][1:])
        said(f"{k}/{len(CASES)}  {rows[-1][1] / rows[-1][2]:5.2f} by hand  {times}  {shown(case[0])}")
    hand = [r[1] / r[2] for r in rows]
    slower = sum(h > 1.2 for h in hand)
    text = (
        f"{len(rows)} losses with their gradients, least processor times in ms, one thread. Beside code written by hand the "
        f"printed code takes {np.median(hand):.2f} times as long in the median ({max(hand):.2f} at worst, {slower} above 1.2)"
    )
    for k, name in ((3, "JAX, compiled,"), (4, "PyTorch")):
        if not np.isnan(others := np.array([r[k] / r[1] for r in rows])).any():
            text += f"; {name} takes {np.median(others):.1f} times as long as the printed code in the median ({others.min():.1f} to {others.max():.0f})"
    yield said(text + ".")
    yield from (
        "",
        "| loss | printed | by hand | JAX | PyTorch | printed / by hand |",
        "|---|--:|--:|--:|--:|--:|",
    )
    for line, *times in sorted(rows, key=lambda r: r[1] / r[2]):
        yield f"| {shown(line)} | {' | '.join(ms(t) for t in times)} | {times[0] / times[1]:.2f} |"


def of_second_derivatives():
    """Yield the figures of low rank, and the tables of Hessians and of their products with a direction."""
    mine, other, dense = large_gplvm()
    yield ""
    yield said(
        f"GP-LVM, value and gradient at N = 1000, Q = 5, D = 12: printed {ms(mine)} ms, Woodbury's form by hand {ms(other)} ms "
        f"(printed / by hand {mine / other:.2f}), JAX through the dense Cholesky factor {ms(dense)} ms ({dense / mine:.0f} times the printed code)."
    )
    head = (
        "",
        "| {} | size | printed | by hand | jax.hessian | printed / by hand | jax.hessian / printed |",
        "|---|--:|--:|--:|--:|--:|--:|",
    )
    yield from (line.format("Hessian") for line in head)
    bound = []
    for row in HESSIANS:
        times = hessian(row)
        yield said(_row(row, times))
        if times[2] / times[0] < 10:
            bound.append((row[0], times))
    if bound:
        yield ""
        yield said(
            "Ten times faster than jax.hessian is out of reach for code that forms the matrix of "
            + " and of ".join(
                f"{name} (by hand {t[2] / t[1]:.1f} times, printed {t[2] / t[0]:.1f} times)"
                for name, t in bound
            )
            + ": such code cannot take less than the product X'X of 400 x 200, or than writing 1200 x 1200 numbers, which take "
            f"{' and '.join(map(ms, floors()))} ms by themselves on this core. Applied to a direction, no matrix is formed:"
        )
    yield from (line.format("Hessian-vector product") for line in head)
    for name, line, _, _, arrays in HESSIANS:
        wrt = line.split("|")[1].strip()
        found = lambda arrays=arrays, wrt=wrt: (lambda a: {**a, f"d{wrt}": normal(*a[wrt].shape)})(arrays())
        row = (name, line, "product", None, found)
        yield said(_row(row, hessian(row)))
    yield said(_row(PROCESS, hessian(PROCESS)))


def floors():
    """Return the seconds of what code that forms the Hessians cannot do without: X'X, and one pass that writes the matrix."""
    x, h = normal(400, 200), normal(1200, 1200)
    return in_turns([lambda: x.T @ x, lambda: 2.0 * h], 1.0)


def _row(row, times):
    mine, hand, other = times
    size = row[4]()[row[1].split("|")[1].strip()].size
    beside = ("", "") if np.isnan(hand) else (ms(hand), f"{mine / hand:.2f}")
    return f"| {row[0]}: {shown(row[1])} | {size} | {ms(mine)} | {beside[0]} | {ms(other)} | {beside[1]} | {other / mine:.0f} |"


if __name__ == "__main__":
    page = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    text = page.read_text(encoding="utf-8") if page else ""
    if page and not (BEGIN in text and END in text):
        sys.exit(f"{page} has no marks for the figures: expected {BEGIN}")
    made = "\n".join(tables())
    if page:
        head, _, rest = text.partition(BEGIN)
        write(page, f"{head}{BEGIN}\n\n{made}\n\n{END}{rest.partition(END)[2]}")
    else:
        print(made)
