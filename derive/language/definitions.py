"""A text of several statements: definitions of names and functions, then the expression that they serve.

`K = a*X*X' + c*eye; logdet(K) + y'*inv(K)*y`, over semicolons or lines. A function f(t) = ... is unfolded where it is
applied; the tree of an argument is shared by all places at which it then stands, so that it is read once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from derive.language.formula import notation_of, outside
from derive.language.indices import index_names
from derive.language.latex_tokens import latex_tokens
from derive.language.pratt import Parser, Vocabulary
from derive.language.scope import ParseError
from derive.language.tokens import Token, tokens
from derive.language.tree import Tree

#: How many pieces the functions of a text may unfold to.
MAX_PIECES = 20_000


@dataclass(frozen=True)
class Program:
    """What a text says: definitions in order, and the expression; whether it is NumPy's notation or LaTeX."""

    text: str
    definitions: tuple[tuple[str, Tree, tuple[str, ...]], ...]
    expression: Tree
    numpy: bool = False
    latex: bool = False
    sizes: frozenset[str] = frozenset()
    glued: tuple[str, ...] = ()

    @property
    def plain(self) -> set[str]:
        """Return the names that stand by themselves somewhere, without an index."""
        trees = [self.expression, *[t for _, t, _ in self.definitions]]
        pieces = [p for t in trees for p in t.walk()]
        indices = {id(a) for p in pieces if p.op in ("sub", "index", "sum", "prod") for a in p.args[1:]}
        return {p.value for p in pieces if p.op == "name" and id(p) not in indices}

    @property
    def pieces(self) -> int:
        """Return of how many pieces the text is made."""
        return sum(1 for t in (self.expression, *[d[1] for d in self.definitions]) for _ in t.walk())

    def open_at(self, names: Iterable[str]) -> Program:
        """Return the program in which some defined names are variables: what is differentiated by is not unfolded."""
        wanted = set(names)
        kept = tuple(d for d in self.definitions if d[0] not in wanted)
        return replace(self, definitions=kept) if len(kept) < len(self.definitions) else self


def read_program(text: str, words: Vocabulary) -> Program:
    """Return the definitions and the expression of a text. Raises ParseError with the place."""
    latex = notation_of(text) == "latex"
    found = latex_tokens(text) if latex else tokens(text)
    if latex:
        found = list(outside(found, parted=True))
    glued: list[str] = []
    if not latex:
        found, glued = _unglued(found, words)
    numpy = any(t.kind == "module" or (t.kind == "op" and t.text == "@") for t in found)
    words = replace(words, latex=latex, names=set(words.names), defined=set(words.defined))
    parts = list(_statements(text, found))
    if not parts:
        raise ParseError("expected an expression", text, 0)
    trees = []
    macros: dict[str, tuple[list[str], Tree]] = {}
    definitions: list[tuple[str, Tree, tuple[str, ...]]] = []
    for place, part in enumerate(parts):
        if head := _head(part):
            words.defined.add(head)
        tree = Parser(text, part, words).whole()
        last = place == len(parts) - 1
        if tree.op != "chain":
            if not last:
                raise ParseError(
                    "expected a definition such as K = A*A'; the expression comes last", text, tree.start
                )
            trees.append(tree)
            continue
        left, body = _equation(text, tree)
        if left.op in ("apply", "call"):
            name, names = _function(text, left)
            if last:
                definitions.append((name, body, ()))
                trees.append(body)
            macros[name] = (names, body)
        else:
            name, indices = _indexed_name(left, body)
            words.names.add(name)
            if any(name == n for n, _, _ in definitions):
                raise ParseError(f"{name} is defined twice: rename one of them", text, left.start)
            if last:
                trees.append(body)
            else:
                definitions.append((name, body, indices))
    if macros:
        unfold = _Unfolding(text, macros)
        definitions = [(n, unfold.tree(t), i) for n, t, i in definitions if n not in macros]
        trees = [unfold.tree(t) for t in trees]
    sizes = sizes_of([trees[-1], *[t for _, t, _ in definitions]])
    return Program(text, tuple(definitions), trees[-1], numpy, latex, frozenset(sizes), tuple(glued))


_GLUED = re.compile(r"[A-Z]{1,2}[a-z]")


def _unglued(found: list[Token], words: Vocabulary) -> tuple[list[Token], list[str]]:
    """Return the tokens with Ax as the product A x, where one of the letters is a name by itself, and such words."""
    names = {t.text for t in found if t.kind == "name"} | words.names | words.wanted
    defined = {t.text for t, after in zip(found, found[1:], strict=False) if after.text in ("=", ":=", "(")}
    glued = [
        n for n in dict.fromkeys(t.text for t in found if t.kind == "name")
        if _GLUED.fullmatch(n) and n not in words.functions | words.names | words.wanted | defined and names & set(n)
    ]  # fmt: skip
    out: list[Token] = []
    for t in found:
        if t.kind == "name" and t.text in glued:
            out += [
                Token("name", c, t.start + i, t.start + i + 1, t.gap and not i) for i, c in enumerate(t.text)
            ]
        else:
            out.append(t)
    return out, glued


def sizes_of(trees: Iterable[Tree]) -> set[str]:
    """Return the names at which sums end, which are sizes: n of a sum from 1 to n."""
    bounds = (
        upper
        for tree in trees
        for piece in tree.walk()
        if piece.op in ("sum", "prod") and isinstance(piece.value, dict)
        for _, upper in piece.value["bounds"].values()
    )
    return {upper.value for upper in bounds if upper is not None and upper.op == "name"}


def _indexed_name(left: Tree, body: Tree) -> tuple[str, tuple[str, ...]]:
    """Return the name that z_i = ... defines, and its indices: z and i where i is an index of the body, else z_i."""
    if left.op not in ("sub", "index"):
        return left.value, ()
    indices = index_names(left)
    within = {n for piece in body.walk() for n in index_names(piece)}
    if len(indices) == len(left.args) - 1 and (left.op == "index" or set(indices) <= within):
        return left.args[0].value, tuple(indices)
    return left.value, ()


def _statements(text: str, found: list[Token]) -> Iterable[list[Token]]:
    """Yield the tokens of every statement: parted by semicolons, and by lines where definitions stand on them."""
    end = found[-1]
    lines = any(t.text in ("=", ":=") and t.kind == "op" for t in found)
    depth = 0
    current: list[Token] = []
    for i, t in enumerate(found[:-1]):
        if t.kind == "op":
            depth += (t.text in ("(", "[", "{", "||<", "|<")) - (t.text in (")", "]", "}", "||>", "|>"))
        if depth <= 0 and t.text in (";", "\\\\", "quad") and t.kind in ("op", "sep"):
            if current:
                yield [*current, Token("end", "", t.start, t.start)]
            current = []
            continue
        if t.kind in ("prose",) or (t.kind == "sep" and t.text == "." and i == len(found) - 2):
            continue
        if (
            lines
            and depth <= 0
            and current
            and "\n" in text[current[-1].end : t.start]
            and _complete(current[-1], t)
        ):
            yield [*current, Token("end", "", current[-1].end, current[-1].end)]
            current = []
        current.append(t)
    if current:
        yield [*current, end]


_OPERATORS = frozenset("+ - * / .* ./ ^ .^ ** = := @ , ( [ { ≈".split())


def _complete(before: Token, after: Token) -> bool:
    """Tell whether a line break stands between two statements, not inside one."""
    return not (before.kind == "op" and before.text in _OPERATORS) and not (
        after.kind == "op" and after.text in _OPERATORS - {"-", "(", "[", "{"}
    )


def _head(part: list[Token]) -> str:
    """Return f where a statement begins f(t) = or f(s, t) =."""
    if len(part) < 5 or part[0].kind not in ("name", "func") or part[1].text != "(":
        return ""
    place = 2
    while (
        part[place].kind == "name" or part[place].text in (",", "_", "{", "}") or part[place].kind == "number"
    ):
        place += 1
    closes = part[place].text == ")" and place + 1 < len(part) and part[place + 1].text in ("=", ":=")
    return part[0].text if closes and place > 2 else ""


def _equation(text: str, tree: Tree) -> tuple[Tree, Tree]:
    if len(tree.args) != 2 or tree.value[0] not in ("=", ":="):
        place = tree.args[1].start if len(tree.args) == 2 else tree.args[2].start
        raise ParseError("give one expression, not an equation: what stands on one side of it", text, place)
    left, body = tree.args
    if left.op == "call" and all(a.op in ("name", "sub") for a in left.args) and left.args:
        return left, body
    if left.op == "apply" and all(a.op in ("name", "sub") for a in left.args):
        return left, body
    if left.op not in ("name", "sub", "index"):
        at = text.find("=", left.end)
        message = "this is not an expression but an equation: definitions begin with a name, such as K = A*A'"
        raise ParseError(message, text, at if at >= 0 else tree.start)
    return left, body


def _function(text: str, left: Tree) -> tuple[str, list[str]]:
    if left.op == "call":
        return left.value, [a.value for a in left.args]
    return left.args[0].value, [a.value for a in left.args[1:]]


class _Unfolding:
    """Puts the bodies of functions where they are applied."""

    def __init__(self, text: str, macros: dict[str, tuple[list[str], Tree]]) -> None:
        self.text, self.macros = text, macros
        self.pieces = 0
        self.open: list[str] = []

    def tree(self, tree: Tree, given: dict[str, Tree] | None = None) -> Tree:
        """Return a tree with functions unfolded and parameters replaced."""
        self.pieces += 1
        if self.pieces > MAX_PIECES:
            raise ParseError(
                "the functions of this text unfold to more than can be read", self.text, tree.start
            )
        given = given or {}
        if tree.op in ("name", "sub") and tree.value in given:
            return given[tree.value]
        name = tree.value if tree.op == "call" else tree.args[0].value if tree.op == "apply" else None
        if name in self.macros and isinstance(name, str):
            arguments = tree.args if tree.op == "call" else tree.args[1:]
            names, body = self.macros[name]
            if name in self.open:
                raise ParseError(f"{name} is defined by itself", self.text, tree.start)
            if len(names) != len(arguments):
                message = f"{name} takes {len(names)} argument{'s' * (len(names) > 1)}, not {len(arguments)}"
                raise ParseError(message, self.text, tree.start)
            inner = {n: self.tree(a, given) for n, a in zip(names, arguments, strict=True)}
            self.open.append(name)
            found = self.tree(body, inner)
            self.open.pop()
            return found
        if not tree.args:
            return tree
        args = [self.tree(a, given) for a in tree.args]
        if all(a is b for a, b in zip(args, tree.args, strict=True)):
            return tree
        return replace(tree, args=args, extra=dict(tree.extra))
