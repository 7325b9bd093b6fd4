"""The matrix of a linear map, read off an expression that is linear in a direction.

For every operation that is linear in the part that holds the direction, the matrix L with
vec(expression) = L·vec(direction) follows from the matrix of the part (Magnus and Neudecker 2019, chapter 2):
vec(A E B) = (B' ⊗ A) vec(E), vec(E') = K vec(E), vec(V ⊙ E) = diag(vec V) vec(E), and so on. For columns all of
them fall back to plain products.
"""

from __future__ import annotations

from sympy import Expr, Identity, Integer, Mul, S

from derive.errors import InputError
from derive.expression import algebra
from derive.expression.algebra import add, diag, dot, kron, ones, shape, t, vec
from derive.expression.algebra.blocks import terms
from derive.expression.functions import Selection
from derive.expression.operation import kind, record
from derive.language.text import to_text


class NoMatrixError(InputError):
    """A linear map that has no matrix in the text language."""


def read_map(expr: Expr, direction: Expr) -> Expr:
    """Return L with vec(expr) = L·vec(direction), for an expression that is linear in the direction.

    Raises InputError where the map has no matrix in this language.
    """
    return _Reader(direction).matrix(expr)


class _Reader:
    def __init__(self, direction: Expr) -> None:
        self.direction = direction
        self.size = Mul(*shape(direction))
        self.known: dict[Expr, Expr] = {}

    def holds(self, e: Expr) -> bool:
        return e.has(self.direction)

    def matrix(self, e: Expr) -> Expr:
        if e not in self.known:
            self.known[e] = self._matrix(e)
        return self.known[e]

    def _matrix(self, e: Expr) -> Expr:
        size, word = Mul(*shape(e)), kind(e)
        if e == self.direction:
            return Identity(self.size)
        if not self.holds(e):
            return algebra.zero((size, self.size))
        if word == "sum":
            return add(*[self.matrix(a) for a in e.args])
        if word in ("product", "matrix product"):
            return self._product(list(e.args))
        if word == "blocks":
            return self.matrix(terms(e))
        if word == "transpose":
            return dot(algebra.commutation(*shape(e.arg)), self.matrix(e.arg))
        if word == "elementwise product":
            inner = self._only(e.args)
            others = algebra.hadamard(*[a for a in e.args if a is not inner])
            if kind(inner) == "sum" and any(kind(algebra.split(a)[1][0]) == "ones" for a in inner.args):
                return add(*[self.matrix(algebra.hadamard(others, a)) for a in inner.args])  # u ⊙ c 1 = c u
            return dot(diag(vec(others)), self.matrix(inner))
        if word == "trace":
            return self._trace(e)
        if word == "sum of the entries":
            return dot(ones((S.One, Mul(*shape(e.arg)))), self.matrix(e.arg))
        if word in ("vec", "reshape"):
            return self.matrix(e.arg)
        if word == "diagonal matrix":
            n = e.shape[0]
            return dot(diag(vec(Identity(n))), kron(ones((n, S.One)), Identity(n)), self.matrix(e.args[0]))
        if word == "diagonal":
            n = e.shape[0]
            if kind(e.arg) == "matrix product":
                return self._diagonal(list(e.arg.args))
            picked = dot(kron(ones((S.One, n)), Identity(n)), diag(vec(Identity(n))))
            return dot(picked, self.matrix(e.arg))
        if word == "Kronecker product" and len(e.args) == 2:
            return self._kron(*e.args)
        if _is_skew(e):  # column k of skew(e) is -skew(e_k) e
            units = [Selection(Integer(k), S.One, Integer(3)) for k in range(3)]
            return dot(add(*[kron(u, dot(-1, type(e)(u))) for u in units]), self.matrix(e.args[0]))
        raise NoMatrixError(
            f"the map {to_text(e)[:80]} of {self.direction.name} has no matrix in the text language: take the "
            'differential, or the Hessian with form="operator"'
        )

    def _only(self, parts: tuple[Expr, ...] | list[Expr]) -> Expr:
        inner = [a for a in parts if self.holds(a)]
        if len(inner) != 1:
            raise InputError("the expression is not linear in the direction")
        return inner[0]

    def _product(self, parts: list[Expr]) -> Expr:
        inner = self._only(parts)
        i = parts.index(inner)
        scalars = [a for a in parts if not algebra.is_matrix(a) and a is not inner]
        if not algebra.is_matrix(inner):
            rest = (
                dot(*[a for a in parts if algebra.is_matrix(a)]) if len(parts) > len(scalars) + 1 else S.One
            )
            return dot(*scalars, vec(rest), self.matrix(inner))
        left = [a for a in parts[:i] if algebra.is_matrix(a)]
        right = parts[i + 1 :]
        before = dot(*left) if left else Identity(inner.shape[0])
        after = dot(*right) if right else Identity(inner.shape[1])
        if kind(inner) == "diagonal matrix" and shape(after)[1] == 1:  # A diag(e) b = A diag(b) e
            return dot(*scalars, before, diag(after), self.matrix(inner.args[0]))
        if kind(inner) == "diagonal matrix" and shape(before)[0] == 1:
            return dot(*scalars, t(after), diag(t(before)), self.matrix(inner.args[0]))
        if _is_skew(inner) and shape(after)[1] == 1:  # A skew(e) b = -A skew(b) e
            return dot(-1, *scalars, before, type(inner)(after), self.matrix(inner.args[0]))
        if 1 in shape(before) or 1 in shape(after):
            spread = self._spread(before, inner, after)
            if spread is not None:
                return dot(*scalars, spread)
        return dot(*scalars, self._sandwich(before, after), self.matrix(inner))

    def _spread(self, before: Expr, inner: Expr, after: Expr) -> Expr | None:
        """Return the matrix of before·inner·after with the outer factors taken inside, or None where none fits.

        Between a row or a column, what is inside turns into rows and columns, which need no Kronecker products.
        """
        if kind(inner) == "sum":
            return add(*[self.matrix(dot(before, a, after)) for a in inner.args])
        if kind(inner) == "transpose" and 1 in (shape(before)[0], shape(after)[1]):
            return self.matrix(dot(t(after), inner.arg, t(before)))
        return None

    def _diagonal(self, parts: list[Expr]) -> Expr:
        """Return the matrix of diag(A E B), the sums of the rows of A E ⊙ B'; of A E it is that of E' A'."""
        inner = self._only(parts)
        if not algebra.is_matrix(inner):
            rest = algebra.diag(dot(*[a for a in parts if a is not inner]))
            return dot(rest, self.matrix(inner))
        i = parts.index(inner)
        scalars = [a for a in parts if not algebra.is_matrix(a)]
        left, right = [a for a in parts[:i] if algebra.is_matrix(a)], parts[i + 1 :]
        if not right or (left and kind(inner) == "transpose"):
            left, inner, right = [t(a) for a in reversed(right)], t(inner), [t(a) for a in reversed(left)]
        weights = t(dot(*right)) if right else Identity(inner.shape[1])
        rows, columns = weights.shape
        spread = dot(kron(ones((S.One, columns)), Identity(rows)), diag(vec(weights)))
        before = dot(*left) if left else Identity(rows)
        return dot(*scalars, spread, kron(Identity(columns), before), self.matrix(inner))

    @staticmethod
    def _sandwich(before: Expr, after: Expr) -> Expr:
        """Return the matrix of E -> A E B."""
        if shape(after) == (1, 1):
            return dot(after, before)
        if shape(before) == (1, 1):
            return dot(before, t(after))
        return kron(t(after), before)

    def _trace(self, e: Expr) -> Expr:
        coefficient, factors = algebra.split(e.arg)
        inner = self._only(list(factors))
        i = factors.index(inner)
        around = dot(coefficient, *factors[i + 1 :], *factors[:i], Identity(inner.shape[0]))
        return dot(t(vec(t(around))), self.matrix(inner))

    def _kron(self, a: Expr, b: Expr) -> Expr:
        """vec(A ⊗ B) = (I ⊗ K ⊗ I)(vec A ⊗ vec B) (Magnus and Neudecker 2019, theorem 3.10)."""
        (m, n), (p, q) = shape(a), shape(b)
        mixed = kron(Identity(n), kron(algebra.commutation(q, m), Identity(p)))
        if self.holds(a):
            return dot(mixed, kron(Identity(m * n), vec(b)), self.matrix(a))
        return dot(mixed, kron(vec(a), Identity(p * q)), self.matrix(b))


def _is_skew(e: Expr) -> bool:
    entry = record(type(e))
    return entry is not None and entry.text == "skew"
