"""The record of an operation: everything that is said of it, in one entry.

The entries stand in `derive.operations`, a file a family. With y = op(x_0, x_1, ...), all of them `M` expressions
under NumPy's operators, an entry's two derivatives are

    pull(g, y, x, i)    the adjoint that x_i receives when y has the adjoint g; in the shape of x_i
    push(d, y, x, i)    the tangent that y receives when x_i has the tangent d; in the shape of y

which are adjoint to each other: ⟨g, push(d)⟩ = ⟨pull(g), d⟩. Sums over paths, broadcasting and tidying live elsewhere.
Where `push` is the word "linear", the tangent takes the argument's place. An operation with a definition needs neither:
its derivative is the definition's.

What is left out has an honest default: the value, the normal form and the derivative are those of the definition; a
function without one is opaque to the normal form, and what cannot evaluate it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sympy import Expr

from derive.expression.signature import Signature, signature

Rule = Callable[[Any, Any, Sequence[Any], int], Any]
Build = Callable[..., Expr]


@dataclass(frozen=True)
class Operation:
    """One operation: its name in the field, its SymPy class, and what is said of it.

    head        its class in SymPy; a word makes a class of that name, and is its name in the text language
    pull, push  its derivatives, see above
    example     a text from which the tests make problems
    source      where the derivative is from
    holds       where it exists, with {y} for the expression and {x} for its first argument
    when        which expressions of the class the entry is for, where there are several entries
    arguments   what it is differentiated by, of an expression
    text        its name in the text language, if it is a function there
    shape       its signature (`derive.expression.signature`); "" for what the grammar itself knows
    definition  the function in terms of others: of SymPy scalars for a function of entries, else of `M`
    kernel      the name under which the arithmetics of `verify` compute it; Arb's, for a function of entries
    spellings   templates by target ("latex", "numpy", "jax", "torch", "octave"), with {0} and {1} for the arguments
    build       how the text language builds it of matrices, where that is not the class itself
    scalar      what it is of a 1 x 1 matrix, that is, of a scalar
    tidy        how the simplifier builds it, where that is not the class itself
    symmetric   "always", "argument" where its first argument is, "arguments" where all that are matrices are
    diagonal    where nothing stands off the diagonal: "always", "argument", "arguments" of all, "any" of one of them
    positive    every entry: "always", "argument", or "posdef" where its argument is positive definite
    nonnegative "always" where no entry is below zero
    homogeneous (k, sign): f(c x) is c^k f(x) for c > 0, and f(-x) is sign f(x), 0 where it is neither; f(1) = 1
    mend        what to write for another number of arguments
    axis        "rows" for the function of every row of a matrix, whose name is text(S, rows)
    asks        assumptions that are made of a bare variable that it is applied to
    spreads     its arguments that are scalars are spread over the shape of the others
    kind        the word by which those know it who look at the operation and not at the class: `kind`
    """

    name: str
    head: Any
    pull: Any  # a Rule; None for the definition's
    push: Any  # a Rule, or "linear"; None for the definition's
    example: str
    source: str
    holds: str = ""
    when: Callable[[Expr], bool] | None = None
    arguments: Callable[[Expr], tuple[Expr, ...]] = lambda y: y.args
    text: str = ""
    shape: str = ""
    definition: Callable[..., Any] | None = None
    kernel: str = ""
    spellings: Mapping[str, Any] = field(default_factory=dict)
    build: Build | None = None
    scalar: Build | None = None
    tidy: Build | None = None
    symmetric: str = ""
    diagonal: str = ""
    positive: str = ""
    nonnegative: str = ""
    homogeneous: tuple[int, int] | None = None
    mend: str = ""
    axis: str = ""
    asks: tuple[str, ...] = ()
    spreads: bool = False
    entrywise: bool = False
    kind: str = ""

    linear: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        if self.push == "linear":
            object.__setattr__(self, "linear", self.signature.arity == 1 if self.shape else False)
            object.__setattr__(self, "push", self._linear)
        if not self.kind:
            object.__setattr__(self, "kind", "function" if self.entrywise else self.name)

    def _linear(self, d: Any, y: Any, x: Sequence[Any], i: int) -> Any:
        args = [*x[:i], d, *x[i + 1 :]]
        rest = y.e.args[len(args) :]
        return type(d)((self.tidy or self.head)(*[a.e for a in args], *rest))

    @property
    def word(self) -> str:
        """Return the name under which `by_name` finds it."""
        return f"{self.text} {self.axis}" if self.axis else self.text

    @property
    def signature(self) -> Signature:
        """Return the shapes of the arguments and of the value."""
        return signature(self.shape)

    @property
    def arity(self) -> int:
        """Return the number of arguments in the text language, the least one where more may follow."""
        return self.signature.arity

    @property
    def more(self) -> bool:
        """Tell whether more arguments may follow."""
        return self.signature.more

    def spelling(self, target: str) -> Any:
        """Return the template by which a target writes the function, None where it has none.

        A template is a text with {0}, {1} for the arguments, or a function of their number that returns one. What
        JAX has is NumPy's under another name.
        """
        found = self.spellings.get(target)
        if found is None and target == "jax" and isinstance(numpy := self.spellings.get("numpy"), str):
            return numpy.replace("np.", "jnp.").replace("scipy.", "jax.scipy.")
        return found


_BY_HEAD: dict[Any, list[Operation]] = {}
_BY_TEXT: dict[str, Operation] = {}
_NEAREST: dict[Any, Operation | None] = {}
_KINDS: dict[Any, str] = {}


def register(entries: Iterable[Operation]) -> None:
    """Make operations known."""
    for entry in entries:
        _BY_HEAD.setdefault(entry.head, []).append(entry)
        if entry.text and entry.word in _BY_TEXT:  # one name for several, as diag: the shapes tell which
            _BY_TEXT[entry.word] = replace(entry, shape=f"{_BY_TEXT[entry.word].shape} | {entry.shape}")
        elif entry.text:
            _BY_TEXT[entry.word] = entry
    _NEAREST.clear()
    _KINDS.clear()


def of_head(head: Any) -> list[Operation]:
    """Return the entries of a SymPy class."""
    return _BY_HEAD.get(head, [])


def record(head: Any) -> Operation | None:
    """Return the entry that says what a SymPy class is: of several, the last, which has no further conditions."""
    entries = _BY_HEAD.get(head)
    return entries[-1] if entries else None


def known_as(head: Any) -> Operation | None:
    """Return the entry of a SymPy class, or of the nearest class above it that has one."""
    if head not in _NEAREST:
        _NEAREST[head] = next((entry for base in head.__mro__ if (entry := record(base)) is not None), None)
    return _NEAREST[head]


def kind(e: Any) -> str:
    """Return the word for an expression's outermost operation; "" for what has no entry.

    It is the entry's name, but for a few that SymPy has twice, for scalars and for matrices, and that most of those who
    look at them treat alike: a "sum", a "function" of a scalar. Tables of what to do are kept under these words.
    """
    head = type(e)
    if head not in _KINDS:
        entry = known_as(head)
        _KINDS[head] = entry.kind if entry is not None else ""
    return _KINDS[head]


def by_name(word: str) -> Operation | None:
    """Return the function that the text language calls by a name, None where there is none.

    That of every row goes by the name and "rows", that of two arguments or more, where the name has one of a single
    argument too, by the name and "2".
    """
    return _BY_TEXT.get(word)


def names() -> Iterator[str]:
    """Yield the names of all functions of the text language."""
    return (word for word in _BY_TEXT if " " not in word)


def entry_functions() -> dict[Any, Operation]:
    """Return the functions that act on every entry, by their SymPy class."""
    return {entry.head: entry for entry in _BY_TEXT.values() if entry.entrywise}
