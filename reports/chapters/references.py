"""The sources that reports cite, and where a text names one of them."""

from __future__ import annotations

import re
from typing import NamedTuple

from reports.document import Bibliography, Source, ref


class _Entry(NamedTuple):
    author: str
    year: str
    text: str


_ENTRIES = (
    _Entry("Ba", "2016", "J. L. Ba, J. R. Kiros, G. E. Hinton: Layer normalization. arXiv:1607.06450, 2016."),
    _Entry("Baldi", "1989", "P. Baldi, K. Hornik: Neural networks and principal component analysis: learning from "
           "examples without local minima. Neural Networks 2, 1989."),
    _Entry("Bishop", "2006", "C. M. Bishop: Pattern recognition and machine learning. Springer, 2006."),
    _Entry("Bridle", "1990", "J. S. Bridle: Probabilistic interpretation of feedforward classification network outputs, "
           "with relationships to statistical pattern recognition. Neurocomputing, Springer, 1990."),
    _Entry("Cho", "2009", "Y. Cho, L. K. Saul: Kernel methods for deep learning. NIPS, 2009."),
    _Entry("Cybenko", "1989", "G. Cybenko: Approximation by superpositions of a sigmoidal function. Mathematics of Control, "
           "Signals and Systems 2, 1989."),
    _Entry("Glorot", "2010", "X. Glorot, Y. Bengio: Understanding the difficulty of training deep feedforward neural "
           "networks. AISTATS, 2010."),
    _Entry("Goodman", "1960", "L. A. Goodman: On the exact variance of products. Journal of the American Statistical "
           "Association 55, 1960."),
    _Entry("He", "2015", "K. He, X. Zhang, S. Ren, J. Sun: Delving deep into rectifiers. ICCV, 2015."),
    _Entry("Ioffe", "2015", "S. Ioffe, C. Szegedy: Batch normalization: accelerating deep network training by reducing "
           "internal covariate shift. ICML, 2015."),
    _Entry("Johansson", "2017", "F. Johansson: Arb: efficient arbitrary-precision midpoint-radius interval arithmetic. IEEE "
           "Transactions on Computers 66, 2017."),
    _Entry("Kullback", "1951", "S. Kullback, R. A. Leibler: On information and sufficiency. Annals of Mathematical "
           "Statistics 22, 1951."),
    _Entry("Lawrence", "2005", "N. Lawrence: Probabilistic non-linear principal component analysis with Gaussian process "
           "latent variable models. Journal of Machine Learning Research 6, 2005."),
    _Entry("Lillicrap", "2016", "T. P. Lillicrap, D. Cownden, D. B. Tweed, C. J. Akerman: Random synaptic feedback weights "
           "support error backpropagation for deep learning. Nature Communications 7, 2016."),
    _Entry("Petersen", "2012", "K. B. Petersen, M. S. Pedersen: The matrix cookbook. Technical University of Denmark, "
           "version of 15 November 2012."),
    _Entry("Poole", "2016", "B. Poole, S. Lahiri, M. Raghu, J. Sohl-Dickstein, S. Ganguli: Exponential expressivity in deep "
           "neural networks through transient chaos. NIPS, 2016."),
    _Entry("Ramachandran", "2017", "P. Ramachandran, B. Zoph, Q. V. Le: Searching for activation functions. "
           "arXiv:1710.05941, 2017."),
    _Entry("Schoenholz", "2017", "S. S. Schoenholz, J. Gilmer, S. Ganguli, J. Sohl-Dickstein: Deep information propagation. "
           "ICLR, 2017."),
    _Entry("Schwartz", "1980", "J. T. Schwartz: Fast probabilistic algorithms for verification of polynomial identities. "
           "Journal of the ACM 27, 1980."),
    _Entry("Vaswani", "2017", "A. Vaswani et al.: Attention is all you need. NIPS, 2017."),
    _Entry("Williams", "1998", "C. K. I. Williams: Computation with infinite neural networks. Neural Computation 10, 1998."),
    _Entry("Zippel", "1979", "R. Zippel: Probabilistic algorithms for sparse polynomials. EUROSAM, 1979."),
)  # fmt: skip
#: The name of each source by its first author and year.
_KEYS = {(e.author, e.year): f"{e.author.lower()}{e.year}" for e in _ENTRIES}
_NAMED = re.compile(
    rf"\b({'|'.join(sorted({e.author for e in _ENTRIES}))})\b(?:[^;.]|al\.)*?\b((?:19|20)\d\d)\b"
)


def cite(*keys: str) -> str:
    """Return the numbers of sources as running text, for keys such as he2015."""
    return ", ".join(ref(f"@{key}", "") for key in keys)


def cited(text: str) -> str:
    """Return running text with the number of each source after the year by which the text names it."""

    def number(match: re.Match[str]) -> str:
        key = _KEYS.get((match[1], match[2]))
        return f"{match[0]}\N{NO-BREAK SPACE}{cite(key)}" if key else match[0]

    return _NAMED.sub(number, text)


def bibliography() -> Bibliography:
    """Return the list of all sources; a report keeps those that it cites."""
    return Bibliography([Source(_KEYS[e.author, e.year], e.text) for e in _ENTRIES])
