"""The words of the language: the names of its functions, and what other languages call them."""

from __future__ import annotations

from derive.operations import names

#: The names of all functions.
FUNCTIONS = frozenset(names())

#: Other names of functions of the language.
ALSO = {
    "ln": "log", "trace": "tr", "Tr": "tr", "Trace": "tr", "inverse": "inv", "norm": "norm2", "frobenius": "norm2",
    "silu": "swish", "SiLU": "swish", "expit": "sigmoid", "logistic": "sigmoid", "asin": "arcsin", "acos": "arccos",
    "atan": "arctan", "absolute": "abs", "fabs": "abs", "sgn": "sign", "ReLU": "relu", "adjugate": "adj",
    "maximum": "max", "minimum": "min", "diagonal": "diag", "leaky_relu": "leakyrelu", "leakyReLU": "leakyrelu",
    "LeakyReLU": "leakyrelu", "gammaln": "lgamma", "loggamma": "lgamma", "psi": "digamma", "determinant": "det",
    "average": "mean", "lambda_max": "eigmax", "lambda_min": "eigmin", "sigma_max": "normspec", "GELU": "gelu", "log_det": "logdet", "det_log": "logdet",
    "asinh": "arcsinh", "arsinh": "arcsinh", "acosh": "arccosh", "arcosh": "arccosh", "atanh": "arctanh",
    "artanh": "arctanh", "heaviside": "step", "Heaviside": "step", "rectifier": "relu", "lrelu": "leakyrelu",
    "hard_tanh": "hardtanh", "hard_sigmoid": "hardsigmoid", "hard_swish": "hardswish", "clipped_relu": "relu6",
    "reduce_sum": "sum", "reduce_mean": "mean", "reduce_max": "max", "reduce_min": "min", "reduce_prod": "prod",
    "reduce_logsumexp": "logsumexp", "reduce_std": "std", "reduce_variance": "var", "nansum": "sum", "nanmean": "mean",
    "amax": "max", "amin": "min", "cholesky": "chol", "matrix_exp": "expm", "matrix_inverse": "inv", "vector_norm": "norm2",
    "logabsdet": "logdet", "clamp": "clip", "clip_by_value": "clip",
    "ReLU6": "relu6", "ELU": "elu", "SELU": "selu", "log_sigmoid": "logsigmoid",
}  # fmt: skip

#: What functions of other languages are here, where there is no function of another name.
ELSEWHERE = {
    "log2": "log(...)/log(2)",
    "log10": "log(...)/log(10)",
    "eig": "eigval(A, k) and eigvec(A, k), the k-th smallest",
}

#: Calls that are operators of the language.
INFIX = {
    "dot": "dot", "inner": "dot", "outer": "outer", "matmul": "*", "mm": "*", "mv": "*", "matvec": "*",
    "hadamard": ".*", "multiply": ".*", "mul": ".*", "add": "+", "subtract": "-", "divide": "./", "power": ".^",
    "pow": ".^", "solve": "solve", "transpose": "'", "matrix_transpose": "'", "permute_dimensions": "'", "square": "square", "reciprocal": "reciprocal",
}  # fmt: skip

#: Functions of which a scalar is a poor argument: a name in them that goes by its letter as a scalar is rather no scalar.
OF_MATRICES = frozenset("tr det logdet inv pinv adj diag vec norm1 norm2 sum softmax logsumexp expm".split())
