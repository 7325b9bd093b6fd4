"""The catalogue of results: one file a result, listed here by hand in the order of the report."""

from derive.results.autoencoder import AUTOENCODER
from derive.results.gplvm import GPLVM
from derive.results.result import IndexLine, Result, Slip
from derive.results.softmax_jacobian import SOFTMAX_JACOBIAN
from derive.results.swish_network import SWISH_NETWORK

#: The derivatives. The moments of random layers are in `derive.moments.catalogue`.
RESULTS: tuple[Result, ...] = (SOFTMAX_JACOBIAN, AUTOENCODER, GPLVM, SWISH_NETWORK)

__all__ = ["RESULTS", "IndexLine", "Result", "Slip"]
