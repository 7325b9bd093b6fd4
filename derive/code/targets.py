"""The languages of printed code: how each spells the operations of a plan.

A spelling is a template of its arguments {0}, {1}, ..., of the parameters {p} and {q}, of the sizes {rows} and {columns}
of the value, and of the type {dtype} of the arguments given. What a language lacks has none and is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Target:
    """A language: its name, what it imports, its operators, and a spelling for every operation."""

    name: str
    words: str
    imports: Mapping[str, str]
    operations: Mapping[str, str]
    calls: Mapping[str, str]
    functions: Mapping[str, str] = field(default_factory=dict)
    plus: str = " + "
    minus: str = " - "
    times: str = "*"
    over: str = "/"
    raised: str = "**"
    matmul: str = " @ "
    transposed: str = "{0}.T"
    size: str = "{0}.shape[{axis}]"
    base: int = 0
    fuses: bool = True
    in_place: bool = False
    end: str = ""
    closed: str = ""
    comment: str = "#"
    prefix: str = ""
    note: str = ""
    typed: str = ""


_SHARED_CALLS = {
    name: f"{{np}}.{name}({{0}})"
    for name in ("exp", "log", "log1p", "expm1", "sin", "cos", "tan", "sinh", "cosh", "tanh", "abs", "sign")
}


def _calls(np: str, **own: str) -> dict[str, str]:
    return {name: text.replace("{np}", np) for name, text in _SHARED_CALLS.items()} | own


_NUMPY_OPERATIONS = {
    "constant": "np.{p}",
    "eye": "np.eye({rows}, dtype=dtype)",
    "ones": "np.ones(({rows}, {columns}), dtype=dtype)",
    "zeros": "np.zeros(({rows}, {columns}), dtype=dtype)",
    "sqrt": "np.sqrt({0})",
    "nonzero": "({0} or 1)",
    "nonzero entries": "np.where({0} == 0, 1, {0})",
    "positive": "({0} > 0)",
    "as number": "{0}.astype(dtype)",
    "sum": "{0}.sum()",
    "sum 0": "{0}.sum(axis=0, keepdims=True)",
    "sum 1": "{0}.sum(axis=1, keepdims=True)",
    "max": "{0}.max(initial=-np.inf)",
    "max 0": "{0}.max(axis=0, keepdims=True, initial=-np.inf)",
    "max 1": "{0}.max(axis=1, keepdims=True, initial=-np.inf)",
    "inner": "np.vdot({0}, {1})",
    "norm": "dtype(scipy.linalg.norm({0}.ravel('K'), check_finite=False))",
    "larger": "np.maximum({0}, {1})",
    "signdet": "np.sign(np.linalg.slogdet({0})[0])",
    "lu signdet": "np.prod(np.sign(np.diagonal({0}[0])))*(-1)**int(np.count_nonzero({0}[1] != np.arange(len({0}[1]))))",
    "rowinner": 'np.einsum("ij,ij->i", {0}, {1})[:, None]',
    "trace": "np.trace({0})",
    "diagonal": "np.diagonal({0})[:, None]",
    "diagflat": "np.diagflat({0})",
    "kron": "np.kron({0}, np.ascontiguousarray({1}))",
    "others": (
        "np.hstack([np.ones_like({0}[:, :1]), {0}[:, :-1]]).cumprod(axis=1)"
        "*np.hstack([np.ones_like({0}[:, :1]), {0}[:, :0:-1]]).cumprod(axis=1)[:, ::-1]"
    ),
    "partial inner": 'np.einsum("ikjl,kl->ij", {0}.reshape({rows}, {1}.shape[0], {columns}, {1}.shape[1]), {1})',
    "partial weighted": 'np.einsum("ikjl,ij->kl", {0}.reshape({1}.shape[0], {rows}, {1}.shape[1], {columns}), {1})',
    "reshape": "{0}.T.reshape({columns}, {rows}).T",
    "spread": "np.broadcast_to({0}, ({rows}, {columns}))",
    "item": "{0}[0, 0]",
    "det": "np.linalg.det({0})",
    "matpower": "np.linalg.matrix_power({0}, {p})",
    "solve": "np.linalg.solve({0}, {1})",
    "inverse": "np.linalg.inv({0})",
    "logdet": "np.linalg.slogdet({0})[1]",
    "cholesky": "scipy.linalg.cho_factor({0}, lower=True, check_finite=False)",
    "cholesky solve": "scipy.linalg.cho_solve({0}, {1}, check_finite=False)",
    "cholesky inverse": "scipy.linalg.cho_solve({0}, np.eye({rows}, dtype=dtype), check_finite=False)",
    "cholesky logdet": "2*np.log(np.diagonal({0}[0])).sum()",
    "lu": "scipy.linalg.lu_factor({0}, check_finite=False)",
    "lu solve": "scipy.linalg.lu_solve({0}, {1}, check_finite=False)",
    "lu solve transposed": "scipy.linalg.lu_solve({0}, {1}, trans=1, check_finite=False)",
    "lu inverse": "scipy.linalg.lu_solve({0}, np.eye({rows}, dtype=dtype), check_finite=False)",
    "lu logdet": "np.log(np.abs(np.diagonal({0}[0]))).sum()",
    "shift": "{0} + {1}*np.eye({rows}, dtype=dtype)",
    "fresh": "np.array({0})",
    "full": "np.full(({rows}, {columns}), {0}, dtype=dtype)",
    "number": "dtype({0})",
    "count": "dtype({0})",
    "flatten": "{0}.ravel()",
}

NUMPY = Target(
    name="numpy",
    words="NumPy",
    imports={
        "np": "import numpy as np",
        "scipy.linalg": "import scipy.linalg",
        "scipy.special": "import scipy.special",
    },
    operations=_NUMPY_OPERATIONS,
    calls=_calls(
        "np",
        arcsin="np.arcsin({0})",
        arccos="np.arccos({0})",
        arctan="np.arctan({0})",
        erf="scipy.special.erf({0})",
        relu="np.maximum({0}, 0)",
        sigmoid="scipy.special.expit({0})",
        softplus="np.logaddexp(0, {0})",
        log_ndtr="scipy.special.log_ndtr({0})",
    ),
    functions={
        "columns of eye 3": "np.eye({2}, {1}, -{0}, dtype=dtype)",
        "above 1": "np.triu(np.ones(({0}, {0}), dtype=dtype), 1)",
        "commutation 2": "np.eye({0}*{1}, dtype=dtype).reshape({1}, {0}, {0}*{1}).transpose(1, 0, 2).reshape({0}*{1}, {0}*{1})",
    },
    prefix="np.",
    in_place=True,
    typed=".astype(dtype, copy=False)",
)

_JAX_OPERATIONS = {
    k: v.replace("np.", "jnp.").replace("jnp.linalg.matrix_power", "jnp.linalg.matrix_power").replace("scipy.", "jax.scipy.")
    for k, v in _NUMPY_OPERATIONS.items()
} | {
    "norm": "jnp.linalg.norm({0})",
    "nonzero": "jnp.where({0} == 0, 1, {0})",
    "lu signdet": "jnp.prod(jnp.sign(jnp.diagonal({0}[0])))*(-1.0)**jnp.count_nonzero({0}[1] != jnp.arange(len({0}[1])))",
    "cholesky": "jax.scipy.linalg.cho_factor({0}, lower=True)",
    "cholesky solve": "jax.scipy.linalg.cho_solve({0}, {1})",
    "cholesky inverse": "jax.scipy.linalg.cho_solve({0}, jnp.eye({rows}, dtype=dtype))",
    "lu": "jax.scipy.linalg.lu_factor({0})",
    "lu solve": "jax.scipy.linalg.lu_solve({0}, {1})",
    "lu solve transposed": "jax.scipy.linalg.lu_solve({0}, {1}, trans=1)",
    "lu inverse": "jax.scipy.linalg.lu_solve({0}, jnp.eye({rows}, dtype=dtype))",
    "kron": "jnp.kron({0}, {1})",
    "diagflat": "jnp.diagflat({0})",
    "fresh": "{0}",
    "number": "jnp.asarray({0}, dtype)",
    "count": "max({0}, 1)",
}  # fmt: skip

JAX = Target(
    name="jax",
    words="JAX",
    imports={"jnp": "import jax.numpy as jnp", "jax.scipy.linalg": "import jax.scipy.linalg", "jax.scipy.special": "import jax.scipy.special", "jax.nn": "import jax.nn"},
    operations=_JAX_OPERATIONS,
    calls=_calls(
        "jnp",
        arcsin="jnp.arcsin({0})",
        arccos="jnp.arccos({0})",
        arctan="jnp.arctan({0})",
        erf="jax.scipy.special.erf({0})",
        relu="jnp.maximum({0}, 0)",
        sigmoid="jax.nn.sigmoid({0})",
        softplus="jnp.logaddexp(0, {0})",
        log_ndtr="jax.scipy.special.log_ndtr({0})",
    ),
    functions={
        "expm 1": "jax.scipy.linalg.expm({0})",
        "sqrtm 1": "jax.scipy.linalg.sqrtm({0}).real",
        "pinv 1": "jnp.linalg.pinv({0})",
        "toeplitz 1": "(lambda x, i: jnp.zeros(2*len(x), dtype).at[i].add(x)[i])({0}, jnp.arange(len({0}))[:, None] - jnp.arange(len({0})) + len({0}))",
        "columns of eye 3": "jnp.eye({2}, {1}, -{0}, dtype=dtype)",
        "above 1": "jnp.triu(jnp.ones(({0}, {0}), dtype=dtype), 1)",
        "commutation 2": "jnp.eye({0}*{1}, dtype=dtype).reshape({1}, {0}, {0}*{1}).transpose(1, 0, 2).reshape({0}*{1}, {0}*{1})",
        "eigval 2": "jnp.linalg.eigvalsh({0})[{1} - 1]",
        "dexpm 2": "jax.scipy.linalg.expm_frechet({0}, {1}, compute_expm=False)",
    },
    prefix="jnp.",
    typed=".astype(dtype)",
    note="float32 unless jax_enable_x64 is set",
)  # fmt: skip

TORCH = Target(
    name="torch",
    words="PyTorch",
    imports={"torch": "import torch", "math": "import math"},
    operations={
        "constant": "math.{p}",
        "eye": "torch.eye({rows}, dtype=dtype, device=device)",
        "ones": "torch.ones(({rows}, {columns}), dtype=dtype, device=device)",
        "zeros": "torch.zeros(({rows}, {columns}), dtype=dtype, device=device)",
        "sqrt": "torch.sqrt({0})",
        "nonzero": "torch.where({0} == 0, 1, {0})",
        "nonzero entries": "torch.where({0} == 0, 1, {0})",
        "positive": "({0} > 0)",
        "as number": "{0}.to(dtype)",
        "sum": "{0}.sum()",
        "sum 0": "{0}.sum(0, keepdim=True)",
        "sum 1": "{0}.sum(1, keepdim=True)",
        "inner": "({0}*{1}).sum()",
        "norm": "torch.linalg.norm({0})",
        "max": "({0}.max() if {0}.numel() else -math.inf)",
        "max 0": "({0}.amax(0, keepdim=True) if {0}.numel() else {0}.sum(0, keepdim=True))",
        "max 1": "({0}.amax(1, keepdim=True) if {0}.numel() else {0}.sum(1, keepdim=True))",
        "larger": "torch.maximum({0}, {1})",
        "signdet": "torch.linalg.slogdet({0})[0]",
        "lu signdet": "torch.diagonal({0}[0]).sign().prod()*(-1)**({0}[1] != torch.arange(1, len({0}[1]) + 1)).sum()",
        "rowinner": "({0}*{1}).sum(1, keepdim=True)",
        "trace": "torch.trace({0})",
        "diagonal": "torch.diagonal({0})[:, None]",
        "diagflat": "torch.diagflat({0})",
        "others": (
            "torch.hstack([torch.ones_like({0}[:, :1]), {0}[:, :-1]]).cumprod(1)"
            "*torch.hstack([torch.ones_like({0}[:, :1]), {0}.flip(1)[:, :-1]]).cumprod(1).flip(1)"
        ),
        "partial inner": 'torch.einsum("ikjl,kl->ij", {0}.reshape({rows}, {1}.shape[0], {columns}, {1}.shape[1]), {1})',
        "partial weighted": 'torch.einsum("ikjl,ij->kl", {0}.reshape({1}.shape[0], {rows}, {1}.shape[1], {columns}), {1})',
        "kron": "({0}[:, None, :, None]*{1}[None, :, None, :]).reshape({rows}, {columns})",
        "reshape": "{0}.T.reshape({columns}, {rows}).T",
        "spread": "{0}.expand({rows}, {columns})",
        "item": "{0}[0, 0]",
        "det": "torch.linalg.det({0})",
        "matpower": "torch.linalg.matrix_power({0}, {p})",
        "solve": "torch.linalg.solve({0}, {1})",
        "inverse": "torch.linalg.inv({0})",
        "logdet": "torch.linalg.slogdet({0})[1]",
        "cholesky": "torch.linalg.cholesky({0})",
        "cholesky solve": "torch.cholesky_solve({1}, {0})",
        "cholesky inverse": "torch.cholesky_inverse({0})",
        "cholesky logdet": "2*torch.log(torch.diagonal({0})).sum()",
        "lu": "torch.linalg.lu_factor({0})",
        "lu solve": "torch.linalg.lu_solve(*{0}, {1})",
        "lu solve transposed": "torch.linalg.lu_solve(*{0}, {1}, adjoint=True)",
        "lu inverse": "torch.linalg.lu_solve(*{0}, torch.eye({rows}, dtype=dtype, device=device))",
        "lu logdet": "torch.log(torch.abs(torch.diagonal({0}[0]))).sum()",
        "shift": "{0} + {1}*torch.eye({rows}, dtype=dtype, device=device)",
        "fresh": "{0}.clone()",
        "full": "torch.full(({rows}, {columns}), {0}, dtype=dtype, device=device)",
        "number": "torch.as_tensor({0}, dtype=dtype, device=device)",
        "count": "max({0}, 1)",
        "flatten": "{0}.flatten()",
        "softmax": "torch.softmax({0}, {p})",
        "logsumexp": "torch.logsumexp({0}.flatten(), 0)",
        "logsumexp 0": "torch.logsumexp({0}, 0, keepdim=True)",
        "logsumexp 1": "torch.logsumexp({0}, 1, keepdim=True)",
    },
    calls=_calls(
        "torch",
        arcsin="torch.arcsin({0})",
        arccos="torch.arccos({0})",
        arctan="torch.arctan({0})",
        erf="torch.erf({0})",
        relu="torch.relu({0})",
        sigmoid="torch.sigmoid({0})",
        softplus="torch.logaddexp({0}, torch.zeros_like({0}))",
        log_ndtr="torch.special.log_ndtr({0})",
    ),
    functions={
        "expm 1": "torch.linalg.matrix_exp({0})",
        "pinv 1": "torch.linalg.pinv({0})",
        "columns of eye 3": "torch.eye({2}, dtype=dtype, device=device)[:, {0}:{0} + {1}]",
        "above 1": "torch.triu(torch.ones(({0}, {0}), dtype=dtype, device=device), 1)",
        "commutation 2": "torch.eye({0}*{1}, dtype=dtype, device=device).reshape({1}, {0}, {0}*{1}).transpose(0, 1).reshape({0}*{1}, {0}*{1})",
        "eigval 2": "torch.linalg.eigvalsh({0})[{1} - 1]",
        "eigvec 2": "(lambda v: v*torch.sign(v[(v.abs() > 0.9*v.abs().max()).nonzero()[0, 0]]))(torch.linalg.eigh({0})[1][:, [{1} - 1]])",
        "eigvecs 1": "(lambda v: v*torch.sign(v[torch.argmax((v.abs() > 0.9*v.abs().amax(0))*torch.arange(len(v), 0, -1, device=device)[:, None], 0), torch.arange(len(v))]))(torch.linalg.eigh({0})[1])",
        "dexpm 2": "torch.linalg.matrix_exp((lambda x, e: torch.cat([torch.cat([x, e], 1), torch.cat([torch.zeros_like(x), x], 1)]))({0}, {1}))[:len({0}), len({0}):]",
        "skew 1": "(lambda w, o: torch.stack([torch.stack([o, -w[2], w[1]]), torch.stack([w[2], o, -w[0]]), torch.stack([-w[1], w[0], o])]))({0}.flatten(), {0}.new_zeros(()))",
        "unskew 1": "(lambda a: torch.stack([a[2, 1] - a[1, 2], a[0, 2] - a[2, 0], a[1, 0] - a[0, 1]])[:, None])({0})",
    },
    prefix="torch.",
    typed=".to(device, dtype)",
)  # fmt: skip

OCTAVE = Target(
    name="octave",
    words="Octave",
    imports={},
    operations={
        "constant": "{p}",
        "eye": "eye({rows}, type)",
        "ones": "ones({rows}, {columns}, type)",
        "zeros": "zeros({rows}, {columns}, type)",
        "sqrt": "sqrt({0})",
        "nonzero": "({0} + ({0} == 0))",
        "nonzero entries": "({0} + ({0} == 0))",
        "positive": "({0} > 0)",
        "as number": "cast({0}, type)",
        "sum": "sum({0}(:))",
        "sum 0": "sum({0}, 1)",
        "sum 1": "sum({0}, 2)",
        "max": "max([{0}(:); -Inf])",
        "max 0": "max({0}, [], 1)",
        "max 1": "max({0}, [], 2)",
        "inner": "sum(sum({0}.*{1}))",
        "norm": "norm({0}(:))",
        "larger": "max({0}, {1})",
        "signdet": "sign(det({0}))",
        "rowinner": "sum({0}.*{1}, 2)",
        "trace": "trace({0})",
        "diagonal": "diag({0})",
        "diagflat": "diag({0})",
        "kron": "kron({0}, {1})",
        "others": (
            "cumprod([ones(size({0}(:, 1:min(1, end))), type), {0}(:, 1:end - 1)], 2)"
            ".*fliplr(cumprod([ones(size({0}(:, 1:min(1, end))), type), fliplr({0}(:, 2:end))], 2))"
        ),
        "partial inner": "reshape(sum(sum(permute(reshape({0}, rows({1}), {rows}, columns({1}), {columns}), [1, 3, 2, 4]).*{1}, 1), 2), {rows}, {columns})",
        "partial weighted": "reshape(sum(sum(permute(reshape({0}, {rows}, rows({1}), {columns}, columns({1})), [2, 4, 1, 3]).*{1}, 1), 2), {rows}, {columns})",
        "reshape": "reshape({0}, {rows}, {columns})",
        "spread": "repmat({0}, {tile})",
        "item": "{0}",
        "det": "det({0})",
        "matpower": "{0}^{p}",
        "solve": "({0} \\ {1})",
        "inverse": "inv({0})",
        "logdet": 'sum(log(abs(diag(lu({0}, "vector")))))',
        "cholesky": 'chol({0}, "lower")',
        "cholesky solve": "({0}' \\ ({0} \\ {1}))",
        "cholesky inverse": "({0}' \\ ({0} \\ eye({rows}, type)))",
        "cholesky logdet": "2*sum(log(diag({0})))",
        "shift": "({0} + diag({1}))",
        "shift number": "({0} + {1}*eye({rows}, type))",
        "fresh": "{0}",
        "full": "{0}*ones({rows}, {columns}, type)",
        "number": "{0}",
        "flatten": "{0}",
    },
    calls={
        name: f"{name}({{0}})"
        for name in ("exp", "log", "log1p", "expm1", "sin", "cos", "tan", "sinh", "cosh", "tanh", "abs", "sign", "erf")
    }
    | {
        "arcsin": "asin({0})",
        "arccos": "acos({0})",
        "arctan": "atan({0})",
        "relu": "max({0}, 0)",
        "log_ndtr": "merge({0} < 0, log(erfcx(-{0}/sqrt(2))/2) - {0}.^2/2, log1p(-erfc({0}/sqrt(2))/2))",
        "sigmoid": "(1./(1 + exp(-{0})))",
        "softplus": "(max({0}, 0) + log1p(exp(-abs({0}))))",
    },
    functions={
        "expm 1": "expm({0})",
        "dexpm 2": "expm([{0}, {1}; zeros(size({0})), {0}])(1:rows({0}), rows({0}) + 1:end)",
        "pinv 1": "pinv({0})",
        "eigval 2": "sort(eig(({0} + {0}')/2))({1})",
        "eigvals 1": "sort(eig(({0} + {0}')/2))",
        "eigvec 2": "(@(v) v*sign(v(find(abs(v) > 0.9*max(abs(v)), 1))))(nthargout(1, 2, @eig, ({0} + {0}')/2)(:, {1}))",
        "eigvecs 1": "(@(v) v.*sign(sum(v.*(cumsum(abs(v) > 0.9*max(abs(v))) == 1 & abs(v) > 0.9*max(abs(v))))))(nthargout(1, 2, @eig, ({0} + {0}')/2))",
        "skew 1": "(@(w) [0, -w(3), w(2); w(3), 0, -w(1); -w(2), w(1), 0])({0})",
        "unskew 1": "(@(a) [a(3, 2) - a(2, 3); a(1, 3) - a(3, 1); a(2, 1) - a(1, 2)])({0})",
        "columns of eye 3": "eye({2}, type)(:, {0} + 1:{0} + {1})",
        "above 1": "triu(ones({0}, {0}, type), 1)",
        "commutation 2": "eye({0}*{1}, type)(reshape(reshape(1:{0}*{1}, {0}, {1})', 1, []), :)",
    },
    times=".*",
    over="./",
    raised=".^",
    matmul="*",
    transposed="{0}'",
    size="size({0}, {axis})",
    base=1,
    fuses=False,
    end=";",
    closed="end",
    comment="%",
)  # fmt: skip

JULIA = Target(
    name="julia",
    words="Julia",
    imports={},
    operations={
        "constant": "MathConstants.{p}",
        "eye": "Matrix{{T}}(I, {rows}, {columns})",
        "ones": "ones(T, {rows}, {columns})",
        "zeros": "zeros(T, {rows}, {columns})",
        "sqrt": "sqrt.({0})",
        "nonzero": "({0} + ({0} == 0))",
        "nonzero entries": "({0} .+ ({0} .== 0))",
        "positive": "({0} .> 0)",
        "as number": "T.({0})",
        "sum": "sum({0})",
        "sum 0": "sum({0}, dims=1)",
        "sum 1": "sum({0}, dims=2)",
        "max": "maximum({0}; init=-T(Inf))",
        "max 0": "maximum({0}, dims=1; init=-T(Inf))",
        "max 1": "maximum({0}, dims=2; init=-T(Inf))",
        "inner": "dot({0}, {1})",
        "norm": "norm({0})",
        "larger": "max.({0}, {1})",
        "rowinner": "sum({0} .* {1}, dims=2)",
        "trace": "tr({0})",
        "diagonal": "reshape(diag({0}), :, 1)",
        "diagflat": "Matrix(Diagonal(vec({0})))",
        "kron": "kron({0}, {1})",
        "others": (
            "cumprod(hcat(ones(T, size({0}, 1), min(1, size({0}, 2))), {0}[:, 1:end - 1]), dims=2)"
            " .* reverse(cumprod(hcat(ones(T, size({0}, 1), min(1, size({0}, 2))), reverse({0}[:, 2:end], dims=2)), dims=2), dims=2)"
        ),
        "partial inner": "reshape(sum(permutedims(reshape({0}, size({1}, 1), {rows}, size({1}, 2), {columns}), (1, 3, 2, 4)) .* {1}, dims=(1, 2)), {rows}, {columns})",
        "partial weighted": "reshape(sum(permutedims(reshape({0}, {rows}, size({1}, 1), {columns}, size({1}, 2)), (2, 4, 1, 3)) .* {1}, dims=(1, 2)), {rows}, {columns})",
        "reshape": "reshape({0}, {rows}, {columns})",
        "spread": "repeat({0}, {tile})",
        "item": "only({0})",
        "det": "det({0})",
        "matpower": "({0}^{p})",
        "solve": "({0} \\ {1})",
        "inverse": "inv({0})",
        "logdet": "logabsdet({0})[1]",
        "signdet": "logabsdet({0})[2]",
        "cholesky": "cholesky(Symmetric({0}, :L))",
        "cholesky solve": "({0} \\ {1})",
        "cholesky inverse": "inv({0})",
        "cholesky logdet": "logdet({0})",
        "lu": "lu({0})",
        "lu solve": "({0} \\ {1})",
        "lu solve transposed": "({0}' \\ {1})",
        "lu inverse": "inv({0})",
        "lu logdet": "logabsdet({0})[1]",
        "lu signdet": "logabsdet({0})[2]",
        "shift": "({0} + Diagonal(vec({1} .* ones(T, {rows}))))",
        "full": "fill(T({0}), {rows}, {columns})",
        "number": "T({0})",
        "flatten": "vec({0})",
    },
    calls={
        name: f"{name}.({{0}})"
        for name in ("exp", "log", "log1p", "expm1", "sin", "cos", "tan", "sinh", "cosh", "tanh", "abs", "sign")
    }
    | {
        "arcsin": "asin.({0})",
        "arccos": "acos.({0})",
        "arctan": "atan.({0})",
        "arcsinh": "asinh.({0})",
        "arccosh": "acosh.({0})",
        "arctanh": "atanh.({0})",
        "relu": "max.({0}, 0)",
        "sigmoid": "(1 ./ (1 .+ exp.(-{0})))",
        "softplus": "(max.({0}, 0) .+ log1p.(exp.(-abs.({0}))))",
    },
    functions={
        "expm 1": "exp({0})",
        "sqrtm 1": "sqrt({0})",
        "logm 1": "log({0})",
        "pinv 1": "pinv({0})",
        "lower 1": "tril(ones(T, {0}, {0}))",
        "above 1": "triu(ones(T, {0}, {0}), 1)",
        "columns of eye 3": "Matrix{{T}}(I, {2}, {2})[:, {0} + 1:{0} + {1}]",
        "eigval 2": "eigvals(Symmetric({0}, :L))[{1}]",
        "prod 1": "prod({0})",
        "prod rows 1": "prod({0}, dims=2)",
        "max 1": "maximum({0})",
        "max rows 1": "maximum({0}, dims=2)",
        "argmax 1": "T.({0} .== maximum({0}))",
        "argmax rows 1": "T.({0} .== maximum({0}, dims=2))",
    },
    plus=" .+ ",
    minus=" .- ",
    times=" .* ",
    over=" ./ ",
    raised=" .^ ",
    matmul=" * ",
    transposed="{0}'",
    size="size({0}, {axis})",
    base=1,
    closed="end",
    note="not run by the project's tests",
)  # fmt: skip

TARGETS: dict[str, Target] = {t.name: t for t in (NUMPY, JAX, TORCH, OCTAVE, JULIA)}
