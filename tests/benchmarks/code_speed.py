"""How fast printed code runs, in one process and one thread: `python -m tests.benchmarks.code_speed [PAGE]`.

Every loss gives its value and gradient. Printed code and the hand-written take turns, and the ratio is of the least
processor times, so that what else runs on the machine counts for neither. JAX (compiled; its time without compilation) and PyTorch differentiate the same
loss by themselves, and CasADi some of them, where they are installed. With a page, the tables are written between its marks.
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


def in_turns(ways, seconds=0.6, least=5, most=1000):
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

RNG = np.random.default_rng(1)
normal = lambda *shape: RNG.standard_normal(shape)


def dense_hessian(d, arguments):
    """Return what jax.hessian computes, compiled."""
    import jax

    jax.config.update("jax_enable_x64", True)
    f, wrt = loss(d, "jax"), d.problem.wrt[0].name
    rest = {n: jax.numpy.asarray(v) for n, v in arguments.items() if n not in (wrt, "d" + wrt)}
    x = jax.numpy.asarray(arguments[wrt])
    run = jax.jit(jax.hessian(lambda x, rest: f(**{wrt: x}, **rest)))
    return lambda: jax.block_until_ready(run(x, rest))


#: Name, loss, form of the Hessian, arrays.
HESSIANS = [
    ("logistic regression", "sum(log(vector(1) + exp(-y.*(X*w)))) | w | X: m x n, w: n, y: m |", "operator",
     lambda: {"X": normal(400, 200), "w": normal(200) / 20, "y": np.sign(normal(400))}),
    ("matrix factorisation", "norm2(T - U*V')^2 | U | T: m x n, U: m x k, V: n x k |", "kronecker",
     lambda: {"T": normal(120, 120), "U": normal(120, 5), "V": normal(120, 5)}),
    ("two-layer network", "norm2(V*tanh(W*x) - y)^2 | W | W: h x n, V: k x h, x: n, y: k |", "kronecker",
     lambda: {"W": normal(40, 30) / 6, "V": normal(10, 40), "x": normal(30), "y": normal(10)}),
    ("Gaussian process, Hessian-vector product", "d*logdet(a*X*X' + b*eye) + tr(inv(a*X*X' + b*eye)*Y*Y') | X | X: m x n, Y: m x k, a: scalar, b: scalar, d: scalar | positive(a), positive(b)", "product",
     lambda: {"X": normal(200, 5), "Y": normal(200, 12), "a": 0.7, "b": 0.5, "d": 12.0, "dX": normal(200, 5)}),
]  # fmt: skip


def hessian(row, seconds=1.0):
    """Return the seconds of a printed Hessian and of jax.hessian's."""
    _, line, form, arrays = row
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        d = derived(line, "hessian", form=form)
    arguments = arrays()
    f = d.function()
    mine, other = (lambda: f(**arguments)), dense_hessian(d, arguments)
    found, wanted = np.asarray(mine()), np.asarray(other())
    n, shape = int(np.sqrt(wanted.size)), wanted.shape[: wanted.ndim // 2]
    order = [*reversed(range(len(shape))), *(len(shape) + k for k in reversed(range(len(shape))))]
    matrix = wanted.transpose(order).reshape(n, n)  # by vec: column by column
    if form == "product":
        direction = arguments["d" + d.problem.wrt[0].name]
        matrix = (matrix @ direction.T.reshape(-1)).reshape(direction.shape[::-1]).T
    assert np.allclose(found.reshape(matrix.shape), matrix, rtol=1e-6, atol=1e-8 * np.abs(matrix).max()), line
    return in_turns([mine], seconds) + in_turns([other], seconds, least=2)


def floors():
    """Return the seconds of what no code that forms the Hessians can do without: X'X, and one pass that writes the matrix."""
    x, h = normal(400, 200), normal(1200, 1200)
    return in_turns([lambda: x.T @ x, lambda: 2.0 * h], 1.0)


def gplvm_floor():
    """Return the seconds of the matrix products alone that the GP-LVM gradient needs at N = 1000, Q = 5, D = 12."""
    x, y, small, wide = normal(1000, 5), normal(1000, 12), normal(5, 5), normal(12, 5)
    solve = lambda: scipy.linalg.cho_solve((np.eye(5), True), x.T @ y, check_finite=False)
    return in_turns([lambda: (x.T @ x, solve(), x @ small, y @ wide, np.vdot(y, y))], 1.0)[0]


def large_gplvm(seconds=2.0):
    """Return the seconds of the GP-LVM gradient at N = 1000, Q = 5, D = 12: printed, by hand, dense autodiff."""
    line = next(c[0] for c in CASES if c[1] is gplvm)
    d = derived(line)
    values = (normal(1000, 5), normal(1000, 12), 0.7, 0.5)
    arguments = named(d, gplvm, values)
    f = d.function(value=True)

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
    pair = in_turns([lambda: f(**arguments), lambda: gplvm(*values)], seconds)
    return [*pair, *in_turns([other], seconds, least=3)]


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


def tables(seconds=0.6):
    """Return the tables as Markdown."""
    rows = []
    for case in CASES:
        rows.append((case[0].split("|")[0].strip(), *against(case, seconds)))
        print(
            f"{rows[-1][1] / rows[-1][2]:6.2f}  {'  '.join(ms(t) for t in rows[-1][1:])}  {rows[-1][0]}",
            flush=True,
        )
    ratio = lambda k: [r[k] / r[1] for r in rows]
    hand, jax, torch = ([1 / x for x in ratio(2)], ratio(3), ratio(4))
    out = [
        f"{len(rows)} losses with their gradients, least processor times in ms, one thread. Beside code written by hand the printed code "
        f"takes {np.median(hand):.2f} times as long in the median ({max(hand):.2f} at worst, {sum(h > 1.2 for h in hand)} above 1.2); JAX, compiled, takes "
        f"{np.median(jax):.1f} times as long as the printed code in the median ({min(jax):.1f} to {max(jax):.0f}), PyTorch "
        f"{np.median(torch):.1f} times ({min(torch):.1f} to {max(torch):.0f}).",
        "",
        "| loss | printed | by hand | JAX | PyTorch | printed / by hand |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for text, *times in sorted(rows, key=lambda r: r[1] / r[2]):
        cells = " | ".join(ms(t) for t in times)
        out.append(f"| `{text.replace('|', chr(92) + '|')}` | {cells} | {times[0] / times[1]:.2f} |")
    mine, other, dense = large_gplvm()
    out += [
        "",
        f"GP-LVM, value and gradient at N = 1000, Q = 5, D = 12: printed {ms(mine)} ms, Woodbury's form by hand {ms(other)} ms, "
        f"JAX through the dense Cholesky factor {ms(dense)} ms ({dense / mine:.0f} times the printed code).",
        "",
        "| second derivatives | size | printed | jax.hessian | ratio |",
        "|---|--:|--:|--:|--:|",
    ]
    for row in HESSIANS:
        mine, other = hessian(row)
        size = row[3]()[row[1].split("|")[1].strip()].size
        out.append(
            f"| {row[0]}: `{row[1].split('|')[0].strip()}` | {size} | {ms(mine)} | {ms(other)} | {other / mine:.0f} |"
        )
        print(out[-1], flush=True)
    product, pass_ = floors()
    out += [
        "",
        f"The bar of ten is out of reach where it is not met, for any code that forms these matrices: the product X'X (m n^2 = 16 million "
        f"operations, half of it computed) takes {ms(product)} ms by itself on this core, and one pass that writes a matrix of 1200 x 1200 "
        f"{ms(pass_)} ms. The GP-LVM gradient's products alone (five of them, 0.4 million operations) take {ms(gplvm_floor())} ms. Applied to a "
        "direction (`--form product`) no Hessian is formed:",
        "",
        "| Hessian-vector product | size | printed | jax.hessian | ratio |",
        "|---|--:|--:|--:|--:|",
    ]
    for name, line, _, arrays in HESSIANS[:3]:
        wrt = line.split("|")[1].strip()
        found = lambda arrays=arrays, wrt=wrt: (lambda a: {**a, f"d{wrt}": normal(*a[wrt].shape)})(arrays())
        mine, other = hessian((name, line, "product", found))
        out.append(f"| {name} | {arrays()[wrt].size} | {ms(mine)} | {ms(other)} | {other / mine:.0f} |")
        print(out[-1], flush=True)
    if importlib.util.find_spec("casadi") is not None:
        rows = beside_casadi(seconds)
        out += ["", "| loss and gradient | printed | CasADi | ratio |", "|---|--:|--:|--:|"]
        out += [f"| `{text}` | {ms(mine)} | {ms(other)} | {other / mine:.1f} |" for text, mine, other in rows]
    words = [f"NumPy {np.__version__}", f"SciPy {scipy.__version__}"]
    for name in (*OTHERS, "casadi"):
        if importlib.util.find_spec(name) is not None:
            words.append(f"{name} {importlib.import_module(name).__version__}")
    out += ["", f"On {platform.machine()}, one core, Python {platform.python_version()}, {', '.join(words)}; the machine was shared, and processor time counts."]  # fmt: skip
    return "\n".join(out)


if __name__ == "__main__":
    made = tables()
    if len(sys.argv) > 1:
        page = Path(sys.argv[1])
        text = page.read_text(encoding="utf-8")
        head, _, rest = text.partition(BEGIN)
        page.write_text(f"{head}{BEGIN}\n\n{made}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    else:
        print(made)
