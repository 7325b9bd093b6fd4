"""How NumPy and SciPy spell the operations of a plan."""

from derive.code.targets.target import Target, calls_of

OPERATIONS = {
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
    "kron column": "np.multiply.outer({0}.ravel(), {1}).reshape({rows}, {columns})",
    "kron": "np.kron({0}, np.ascontiguousarray({1}))",
    "others": (
        "np.hstack([np.ones_like({0}[:, :1]), {0}[:, :-1]]).cumprod(axis=1)"
        "*np.hstack([np.ones_like({0}[:, :1]), {0}[:, :0:-1]]).cumprod(axis=1)[:, ::-1]"
    ),
    "partial inner": 'np.einsum("ikjl,kl->ij", {0}.reshape({rows}, {1}.shape[0], {columns}, {1}.shape[1]), {1})',
    "partial weighted": 'np.einsum("ikjl,ij->kl", {0}.reshape({1}.shape[0], {rows}, {1}.shape[1], {columns}), {1})',
    "part 0": "{0}[{1}:{2}]",
    "part 1": "{0}[:, {1}:{2}]",
    "put 0": "np.pad({0}, (({1}, {2}), (0, 0)))",
    "put 1": "np.pad({0}, ((0, 0), ({1}, {2})))",
    "cumsum 0": "{0}.cumsum(axis=0)",
    "cumsum 1": "{0}.cumsum(axis=1)",
    "cumsum 0 backward": "{0}[::-1].cumsum(axis=0)[::-1]",
    "cumsum 1 backward": "{0}[:, ::-1].cumsum(axis=1)[:, ::-1]",
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

#: SciPy's own functions look at their arguments for longer than small matrices take.
CHOLESKY = """\
potrf, potrs = scipy.linalg.get_lapack_funcs(("potrf", "potrs"), dtype=dtype)

def cholesky(matrix):
    factor, minor = potrf(matrix, lower=True, clean=False)
    if minor:
        raise np.linalg.LinAlgError(f"the leading minor of order {minor} is not positive definite")
    return factor

def solve(factor, right):
    return potrs(factor, right, lower=True)[0] if right.size else right"""

NUMPY = Target(
    name="numpy",
    words="NumPy",
    imports={
        "np": "import numpy as np",
        "scipy.linalg": "import scipy.linalg",
        "scipy.special": "import scipy.special",
    },
    operations=OPERATIONS,
    calls=calls_of(
        "np",
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
    own={
        "cholesky": "cholesky({0})",
        "cholesky solve": "solve({0}, {1})",
        "cholesky inverse": "solve({0}, np.eye({rows}, dtype=dtype))",
        "cholesky logdet": "2*np.log(np.diagonal({0})).sum()",
    },
    helpers=CHOLESKY,
)
