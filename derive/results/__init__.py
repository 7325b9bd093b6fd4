"""The catalogue of results: one file a subject, listed here by hand in the order of the report."""

from derive.results.attention import ATTENTION
from derive.results.autoencoder import AUTOENCODER
from derive.results.divergence import KL_COVARIANCE, KL_SECOND
from derive.results.gplvm import GPLVM
from derive.results.normalisation import BATCH_NORM, LAYER_NORM
from derive.results.regression import (
    CROSS_ENTROPY,
    LINEAR_HESSIAN,
    LINEAR_REGRESSION,
    LOGISTIC_HESSIAN,
    LOGISTIC_REGRESSION,
)
from derive.results.result import IndexLine, Result, Slip
from derive.results.softmax_jacobian import SOFTMAX_JACOBIAN
from derive.results.swish_network import SWISH_NETWORK

#: The derivatives. The moments of random layers are in `derive.moments.catalogue`.
RESULTS: tuple[Result, ...] = (
    SOFTMAX_JACOBIAN,
    AUTOENCODER,
    GPLVM,
    SWISH_NETWORK,
    LINEAR_REGRESSION,
    LINEAR_HESSIAN,
    LOGISTIC_REGRESSION,
    LOGISTIC_HESSIAN,
    CROSS_ENTROPY,
    LAYER_NORM,
    BATCH_NORM,
    ATTENTION,
    KL_COVARIANCE,
    KL_SECOND,
)

__all__ = ["RESULTS", "IndexLine", "Result", "Slip"]
