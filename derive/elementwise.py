"""Real functions of one variable, which act on every entry of a matrix.

A function that SymPy lacks says what it is by a `definition` in terms of simpler ones, and how it is spelt in
LaTeX and NumPy. What its derivative is stands in the rule table.
"""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar

from sympy import (
    Abs,
    Dummy,
    Expr,
    Function,
    HadamardPower,
    Lambda,
    S,
    acos,
    asin,
    atan,
    cos,
    cosh,
    erf,
    exp,
    log,
    sign,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
)
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.matexpr import MatrixExpr

#: The one bound variable of every elementwise function, so that equal functions are equal objects.
ENTRY = Dummy("t", real=True)


class _RealFunction(Function):
    """A real function of one real variable."""

    nargs = 1
    is_real = True

    @classmethod
    def eval(cls, x: Expr) -> Expr | None:
        """Keep the function as it is written."""
        return None

    def _numpycode(self, printer: Any) -> str:
        """Return the function's own spelling, for SymPy's printer."""
        template: str = type(self).numpy  # type: ignore[attr-defined]
        return "(" + template.format(f"({printer._print(self.args[0])})").replace("np.", "numpy.") + ")"


class sigmoid(_RealFunction):
    """The logistic function 1/(1 + exp(-x))."""

    tex: ClassVar[str] = r"\sigma\left(<0>\right)"
    numpy: ClassVar[str] = "scipy.special.expit({0})"

    def definition(self) -> Expr:
        """Return the function in terms of exp."""
        return 1 / (1 + exp(-self.args[0]))


class swish(_RealFunction):
    """x·sigmoid(x) (Ramachandran, Zoph and Le 2017; also SiLU)."""

    numpy: ClassVar[str] = "{0}*scipy.special.expit({0})"

    def definition(self) -> Expr:
        """Return the function in terms of exp."""
        x = self.args[0]
        return x / (1 + exp(-x))


class softplus(_RealFunction):
    """log(1 + exp(x)) (Dugas et al. 2001)."""

    numpy: ClassVar[str] = "np.logaddexp(0, {0})"

    def definition(self) -> Expr:
        """Return the function in terms of exp and log."""
        return log(1 + exp(self.args[0]))


class relu(_RealFunction):
    """max(x, 0)."""

    numpy: ClassVar[str] = "np.maximum({0}, 0)"

    def definition(self) -> Expr:
        """Return the function in terms of the absolute value."""
        x = self.args[0]
        return (x + elementwise(Abs, x)) / 2


class gelu(_RealFunction):
    """x·Φ(x), with Φ the distribution function of the normal distribution (Hendrycks and Gimpel 2016)."""

    numpy: ClassVar[str] = "({0}/2*(1 + scipy.special.erf({0}/np.sqrt(2))))"

    def definition(self) -> Expr:
        """Return the function in terms of erf."""
        x = self.args[0]
        return x / 2 * (1 + elementwise(erf, x / sqrt(2)))


#: Name in the text language -> scalar function of one variable that acts on every entry.
ELEMENTWISE: dict[str, Any] = {
    "exp": exp,
    "log": log,
    "sqrt": sqrt,
    "sin": sin,
    "cos": cos,
    "tan": tan,
    "tanh": tanh,
    "sinh": sinh,
    "cosh": cosh,
    "arcsin": asin,
    "arccos": acos,
    "arctan": atan,
    "erf": erf,
    "abs": Abs,
    "sign": sign,
    "relu": relu,
    "sigmoid": sigmoid,
    "swish": swish,
    "softplus": softplus,
    "gelu": gelu,
}


_SAFE = frozenset({exp, log, sqrt})


@cache
def _entrywise(f: Any) -> Lambda:
    return Lambda(ENTRY, f(ENTRY, evaluate=False))


def elementwise(f: Any, x: Expr) -> Expr:
    """Return f applied to every entry of the matrix x, or to the scalar x.

    Of a scalar that is made of matrices, SymPy is asked nothing but exp and log: its other functions take what they do
    not see to be real, such as a trace, apart into real and imaginary parts, and some (`Abs`) turn the signs of the
    sums inside, those of matrices too, which fails.
    """
    if not getattr(x, "is_Matrix", False):
        return f(x) if f in _SAFE or not x.has(MatrixExpr) else f(x, evaluate=False)
    if f is sqrt:
        return HadamardPower(x, S.Half)
    return ElementwiseApplyFunction(_entrywise(f), x)


def scalar_function(x: ElementwiseApplyFunction) -> Any:
    """Return the function class f of f applied elementwise, or None where it is not a single function."""
    inner = x.function.expr
    if isinstance(inner, Function) and inner.args == x.function.variables:
        return inner.func
    return None
