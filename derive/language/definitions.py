"""A text of several statements: definitions of names and functions, then the expression that they serve.

`K = a*X*X' + c*eye; logdet(K) + y'*inv(K)*y`, over semicolons or lines. A function f(t) = ... is unfolded where it is
applied; the tree of an argument is shared by all places at which it then stands, so that it is read once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from derive.language.clauses import (
    Clauses,
    asked_notes,
    function_asked,
    parts_here,
    relation_of,
    statement_of,
    without_head,
    without_words,
)
from derive.language.entries import entries_of
from derive.language.formula import notation_of
from derive.language.indices import index_names
from derive.language.latex_tokens import latex_tokens
from derive.language.libraries import without_libraries
from derive.language.names import kind_of
from derive.language.pratt import Parser, Vocabulary
from derive.language.prose import without_prose
from derive.language.scope import ParseError
from derive.language.shapes import Shape
from derive.language.tokens import Token, tokens
from derive.language.tree import Tree
from derive.language.unknown import unknown_names
from derive.language.unrolled import has_families, unrolled
from derive.language.words import ALSO
from derive.operations import by_name

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
    shapes: tuple[tuple[str, Shape], ...] = ()
    assumptions: frozenset[tuple[str, str]] = frozenset()
    notes: tuple[str, ...] = ()
    functions: frozenset[str] = frozenset()

    @property
    def plain(self) -> set[str]:
        """Return the names that stand by themselves somewhere, without an index."""
        trees = [self.expression, *[t for _, t, _ in self.definitions]]
        pieces = [p for t in trees for p in t.walk()]
        bound = {n.value for p in pieces if p.op in ("sum", "prod") for n in p.args[1:]}
        indices = {id(a) for p in pieces if p.op in ("sub", "index", "sum", "prod") for a in p.args[1:]}
        # S_b is a name where S does not stand by itself, nor under an index that a sum runs over.
        indices |= {
            id(p.args[0])
            for p in pieces
            if p.op == "sub" and p.args and not {a.value for a in p.args[1:] if a.op == "name"} & bound
        }
        return {p.value for p in pieces if p.op == "name" and id(p) not in indices}

    @property
    def trees(self) -> list[Tree]:
        """Return the tree of the expression, and those of the definitions."""
        return [self.expression, *[t for _, t, _ in self.definitions]]

    @property
    def has_families(self) -> bool:
        """Tell whether a sum runs over names of their own, S_1, S_2 and so on."""
        return has_families(self.trees)

    @property
    def pieces(self) -> int:
        """Return of how many pieces the text is made."""
        return sum(1 for t in (self.expression, *[d[1] for d in self.definitions]) for _ in t.walk())

    def unrolled(self, wanted: Iterable[str], vectors: Iterable[str]) -> Program | None:
        """Return the program with sums over given numbers written out, None where there are none."""
        trees = self.trees
        bases = {id(p.args[0]) for t in trees for p in t.walk() if p.op in ("sub", "index")}
        alone = {p.value for t in trees for p in t.walk() if p.op == "name" and id(p) not in bases}
        made = [unrolled(t, {*wanted, *vectors, *alone}) for t in trees]
        if not any(made):
            return None
        first, *others = [m or t for m, t in zip(made, trees, strict=True)]
        kept = tuple((n, t, i) for (n, _, i), t in zip(self.definitions, others, strict=True))
        return replace(self, expression=first, definitions=kept)

    def open_at(self, names: Iterable[str]) -> Program:
        """Return the program in which some defined names are variables: what is differentiated by is not unfolded."""
        wanted = set(names)
        kept = tuple(d for d in self.definitions if d[0] not in wanted)
        return replace(self, definitions=kept) if len(kept) < len(self.definitions) else self


def read_program(text: str, words: Vocabulary, primes: bool = False) -> Program:
    """Return the definitions and the expression of a text; `primes` tells that x' is a name. Raises ParseError with the place."""
    clauses = Clauses()
    source, text = text, without_words(without_prose(text, clauses), words.wanted, clauses)
    latex = notation_of(source) == "latex"
    found = latex_tokens(text) if latex else tokens(text)
    found = _with_distances(_labelled(found))
    if primes:
        found = _primed(found)
    glued: list[str] = []
    if not latex:
        found, glued = _unglued(found, words)
    numpy = any(t.kind == "module" or (t.kind == "op" and t.text == "@") for t in found)
    functions = frozenset(unknown_names(found, words))
    words = replace(words, latex=latex, names=set(words.names), defined=set(words.defined) | functions)
    parts = _statements(text, found, words.names)
    for part in parts:
        part.tokens = without_head(part.tokens, found, words.wanted)
    parts = [p for p in parts if p.tokens]
    if not parts:
        raise ParseError("expected an expression", text, 0)
    words.defined |= {head for part in parts if (head := _head(part.tokens))}
    main: Tree | None = None
    macros: dict[str, tuple[list[str], Tree]] = {}
    definitions: list[tuple[str, Tree, tuple[str, ...]]] = []
    for part in parts:
        if part.constraint:
            clauses.notes.append(
                'what stands after "subject to" is no part of the function: its derivative is the one given'
            )
            break
        if len(parts) > 1 and statement_of(part.tokens, part.said, text, clauses):
            continue
        tree = Parser(text, part.tokens, words).whole()
        if tree.op != "chain" or (len(parts) > 1 and relation_of(tree, clauses)):
            if tree.op == "chain":
                continue
            if main is not None and part.comma is not None:
                raise ParseError("expected an operator such as + or *, but there is ,", text, part.comma)
            if main is not None:
                raise ParseError(
                    "expected a definition such as K = A*A'; there is one expression", text, main.start
                )
            main = tree
            continue
        left, body = _of_root(*_equation(text, tree))
        if left.op in ("apply", "call"):
            name, names = _function(text, left)
            macros[name] = (names, body)
            definitions.append((name, body, ()))
            continue
        name, indices = _indexed_name(left, body)
        if left.op == "name" and left.value in words.wanted and _uses(body, name):
            said = f"{name} is defined by itself: give one of the two another name"
            raise ParseError(said, text, left.start)
        words.names.add(name)
        if any(name == n for n, _, _ in definitions):
            raise ParseError(f"{name} is defined twice: rename one of them", text, left.start)
        definitions.append((name, body, indices))
    if main is None:
        main = definitions[_served(definitions)][1]
    known = {*macros, *words.functions}
    main = without_libraries(reaching(main), text, known)
    definitions = [(n, without_libraries(reaching(t), text, known), i) for n, t, i in definitions]
    asked, main = main, function_asked(main, text, words.wanted, clauses)
    definitions = [(n, main if t is asked else t, i) for n, t, i in definitions]
    if main.op == "name" and main.value in macros:
        main = macros[main.value][1]
    if macros:
        unfold = _Unfolding(text, of_numbers(macros))
        definitions = [(n, unfold.tree(t), i) for n, t, i in definitions if n not in macros]
        main = unfold.tree(main)
    definitions = [d for d in _in_order(definitions) if d[1] is not main]
    if not words.names & words.wanted:
        columns, told = entries_of([main, *[t for _, t, _ in definitions]], words.wanted)
        clauses.shapes |= {n: (k, 1) for n, k in columns.items() if n not in clauses.shapes}
        clauses.notes += told
    sizes = sizes_of([main, *[t for _, t, _ in definitions]])
    notes = (*clauses.notes, *asked_notes(clauses, source, words.wanted))
    return Program(
        text, tuple(definitions), main, numpy, latex, frozenset(sizes), tuple(glued),
        tuple(clauses.shapes.items()), frozenset(clauses.assumptions), notes,
        functions - set(macros),
    )  # fmt: skip


def reaching(tree: Tree) -> Tree:
    """Return a tree in which a sum over i takes in the terms after it that depend on i, as Σ_i y_i log p_i + (1 - y_i) log(1 - p_i)."""
    for piece in list(tree.walk()):
        if piece.op != "+":
            continue
        for place, a in enumerate(piece.args):
            inner = a
            while (
                inner.op in ("neg", "*") and not inner.bracketed and inner.args[-1].op in ("neg", "*", "sum")
            ):
                inner = inner.args[-1]
            if inner.op != "sum" or inner.bracketed or not inner.extra.get("big"):
                continue
            names = {n.value for n in inner.args[1:]}
            last = max(
                (k for k in range(place + 1, len(piece.args)) if _free(piece.args[k]) & names), default=0
            )
            if last:
                terms = [inner.args[0], *piece.args[place + 1 : last + 1]]
                inner.args[0] = Tree(
                    "+", terms, terms[0].start, terms[-1].end, ["+", *piece.value[place + 1 : last + 1]]
                )
                inner.end = a.end = terms[-1].end
                inner.extra["reaches"] = True
                piece.args[place + 1 : last + 1] = []
                piece.value[place + 1 : last + 1] = []
                break
    return tree


def _free(tree: Tree) -> set[str]:
    """Return the names of indices in a tree that no sum in it runs over."""
    found = {n for p in tree.walk() for n in index_names(p)}
    return found - {n.value for p in tree.walk() if p.op in ("sum", "prod") for n in p.args[1:]}


def _uses(tree: Tree, name: str) -> bool:
    """Tell whether a name, an entry of it or an application of it stands in a tree."""
    return any(p.value == name or (p.args and p.args[0].value == name) for p in tree.walk()
               if p.op in ("name", "sub", "index", "apply", "call"))  # fmt: skip


def _served(definitions: list[tuple[str, Tree, tuple[str, ...]]]) -> int:
    """Return the place of the definition that all others serve: the last one, unless another one uses that."""
    free = [k for k, (name, _, _) in enumerate(definitions)
            if not any(_uses(t, name) for j, (_, t, _) in enumerate(definitions) if j != k)]  # fmt: skip
    return free[-1] if free else len(definitions) - 1


def _in_order(
    definitions: list[tuple[str, Tree, tuple[str, ...]]],
) -> list[tuple[str, Tree, tuple[str, ...]]]:
    """Return definitions in an order in which each one uses earlier ones only, as they are written where it can be."""
    waiting, out = list(definitions), []
    while waiting:
        ready = next(
            (d for d in waiting if not any(_uses(d[1], n) for n, _, _ in waiting if n != d[0])), waiting[0]
        )
        waiting.remove(ready)
        out.append(ready)
    return out


def _labelled(found: list[Token]) -> list[Token]:
    """Return the tokens with a^{L} as a name, a_L, where the text defines such a one: a^{L} = ..."""
    labels = {
        t.text for i, t in enumerate(found)
        if t.kind == "name" and i > 2 and i + 2 < len(found) and found[i - 1].text == "{" and found[i - 2].text == "^"
        and found[i - 3].kind == "name" and found[i + 1].text == "}" and found[i + 2].text in ("=", ":=")
        and (i == 3 or found[i - 4].kind == "sep" or found[i - 4].text == ",")
    } - {"T", "top", "H"}  # fmt: skip
    out: list[Token] = []
    place = 0
    while place < len(found):
        t = found[place]
        around = [a.text for a in found[place + 1 : place + 5]]
        if (
            t.kind == "name"
            and len(around) > 3
            and around[:2] == ["^", "{"]
            and around[3] == "}"
            and around[2] in labels
        ):
            out.append(t._replace(text=f"{t.text}_{around[2]}", end=found[place + 4].end))
            place += 5
        else:
            out.append(t)
            place += 1
    return out


def _with_distances(found: list[Token]) -> list[Token]:
    """Return the tokens with d as a name where the text defines a function d(x, y) = ..., a distance."""
    for i, t in enumerate(found):
        if (
            t.kind == "d"
            and found[i + 1].text == "("
            and (i == 0 or found[i - 1].kind in ("sep", "prose") or found[i - 1].text == ",")
        ):
            if _head([t._replace(kind="name"), *found[i + 1 :]]):
                return [a._replace(kind="name") if a.kind == "d" else a for a in found]
    return found


def _primed(found: list[Token]) -> list[Token]:
    """Return the tokens with x' as a name of its own, xprime."""
    out: list[Token] = []
    for t in found:
        if t.text in ("'", "prime") and t.kind == "op" and not t.gap and out and out[-1].kind == "name":
            last = out.pop()
            out.append(last._replace(text=f"{last.text}prime", end=t.end))
        else:
            out.append(t)
    return out


_GLUED = re.compile(r"[A-Z]{1,2}[a-z]|[A-Z]{2,5}")


def _unglued(found: list[Token], words: Vocabulary) -> tuple[list[Token], list[str]]:
    """Return the tokens with Ax as the product A x, where one of the letters is a name by itself, and such words."""
    names = {t.text for t in found if t.kind == "name"} | words.names | words.wanted
    defined = {t.text for t, after in zip(found, found[1:], strict=False) if after.text in ("=", ":=", "(")}
    glued = [
        n for n in dict.fromkeys(t.text for t in found if t.kind == "name")
        if (_GLUED.fullmatch(n) or (n.islower() and 1 < len(n) < 4 and set(n) & words.wanted and set(n) <= names))
        and n not in words.functions | words.names | words.wanted | defined
        and (names & set(n) if not n.isupper() else words.wanted & set(n) or set(n) <= names)
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


def sizes_of(trees: Sequence[Tree]) -> set[str]:
    """Return the names at which sums end, which are sizes: n of a sum from 1 to n."""
    bounds = (
        upper
        for tree in trees
        for piece in tree.walk()
        if piece.op in ("sum", "prod") and isinstance(piece.value, dict)
        for _, upper in piece.value["bounds"].values()
    )
    found = {upper.value for upper in bounds if upper is not None and upper.op == "name"}
    for piece in (p for tree in trees for p in tree.walk()):  # the identity I_n, n ones 1_n
        if (
            piece.op == "sub"
            and piece.args[0].value in ("I", "1_vector", "0_vector")
            and len(piece.args) == 2
        ):
            found |= {piece.args[1].value} if piece.args[1].op == "name" else set()
        elif piece.op == "name" and (hit := re.fullmatch(r"I_([A-Za-z])", str(piece.value))):
            found.add(hit[1])
    return found


def _indexed_name(left: Tree, body: Tree) -> tuple[str, tuple[str, ...]]:
    """Return the name that z_i = ... defines, and its indices: z and i where i is an index of the body, else z_i."""
    if left.op not in ("sub", "index"):
        return left.value, ()
    indices = index_names(left)
    within = {n for piece in body.walk() for n in index_names(piece)}
    if len(indices) == len(left.args) - 1 and (left.op == "index" or set(indices) <= within):
        return left.args[0].value, tuple(indices)
    return left.value, ()


@dataclass
class _Part:
    """The tokens of a statement, the words after it, and what parts it from the one before."""

    tokens: list[Token]
    said: str = ""
    comma: int | None = None
    constraint: bool = False


_SUBJECT = re.compile(r"\b(?:subject|such that|s\.?\s?t\.?)\b|^\s*s\.t\.")


def _statements(text: str, found: list[Token], names: set[str]) -> list[_Part]:
    """Return the statements of a text: parted by semicolons, commas and words, and by lines where definitions stand on them."""
    end = found[-1]
    lines = any(t.text in ("=", ":=") and t.kind == "op" for t in found)
    parts: list[_Part] = []
    depth = environments = 0
    current = _Part([])

    def close(place: int, **next_one: Any) -> None:
        nonlocal current
        if current.tokens:
            current.tokens.append(Token("end", "", place, place))
            parts.append(current)
            current = _Part([], **next_one)
        elif next_one.get("constraint"):
            current.constraint = True

    for i, t in enumerate(found[:-1]):
        environments += (t.kind == "begin") - (t.kind == "finish")
        if environments:
            current.tokens.append(t)
            continue
        if t.kind == "op":
            depth += (t.text in ("(", "[", "{", "||<", "|<")) - (t.text in (")", "]", "}", "||>", "|>"))
        if t.kind == "amp" or (t.kind == "sep" and t.text == "." and i == len(found) - 2):
            continue
        stops = t.kind == "sep" and t.text == "." and found[i + 1].kind == "prose"
        if depth <= 0 and (stops or (t.text in (";", "\\\\", "quad") and t.kind in ("op", "sep"))):
            close(t.start)
            continue
        if depth <= 0 and parts_here(found, i, names):
            word = t.text if t.kind in ("prose", "name") else ""
            if word and t.kind == "prose" and current.tokens:
                current.said = word
            close(t.start, comma=None if word else t.start, constraint=_SUBJECT.search(word) is not None)
            continue
        if current.constraint and not current.tokens and t.text in ("to", "that"):
            continue
        if (
            lines
            and depth <= 0
            and current.tokens
            and "\n" in text[current.tokens[-1].end : t.start]
            and _complete(current.tokens[-1], t)
        ):
            close(current.tokens[-1].end)
        current.tokens.append(t)
    if current.tokens:
        current.tokens.append(end)
        parts.append(current)
    return parts


_OPERATORS = frozenset("+ - * / .* ./ ^ .^ ** = := @ , ( [ { ≈".split())


def _complete(before: Token, after: Token) -> bool:
    """Tell whether a line break stands between two statements, not inside one."""
    return not (before.kind == "op" and before.text in _OPERATORS) and not (
        after.kind == "op" and after.text in _OPERATORS - {"-", "(", "[", "{"}
    )


def _head(part: list[Token]) -> str:
    """Return f where a statement begins f(t) =, f(s, t) = or f_a(t) =."""
    if len(part) < 5 or part[0].kind not in ("name", "func"):
        return ""
    name, place = part[0].text, 1
    if part[1].text == "_":
        place = 2
        while part[place].kind in ("name", "number") or part[place].text in ("{", "}", ","):
            name += f"_{part[place].text}" if part[place].kind in ("name", "number") and place == 2 else ""
            if part[place].kind in ("name", "number") and part[2].text == "{":
                name += f"_{part[place].text}" if "_" not in name else part[place].text
            place += 1
            if part[2].text != "{":
                break
    if place >= len(part) or part[place].text != "(":
        return ""
    first = place = place + 1
    while (
        part[place].kind == "name" or part[place].text in (",", "_", "{", "}") or part[place].kind == "number"
    ):
        place += 1
    closes = part[place].text == ")" and place + 1 < len(part) and part[place + 1].text in ("=", ":=")
    return name if closes and place > first else ""


def _equation(text: str, tree: Tree) -> tuple[Tree, Tree]:
    if len(tree.args) != 2 or tree.value[0] not in ("=", ":="):
        place = tree.args[1].start if len(tree.args) == 2 else tree.args[2].start
        raise ParseError("give one expression, not an equation: what stands on one side of it", text, place)
    left, body = tree.args
    if left.op == "call" and all(a.op in ("name", "sub") for a in left.args) and left.args:
        return left, body
    if left.op == "apply" and all(a.op in ("name", "sub") for a in left.args):
        return left, body
    if left.op == "^" and left.args[0].op in ("name", "sub") and left.args[1].value == 2:
        return left, body
    if left.op not in ("name", "sub", "index"):
        at = text.find("=", left.end)
        message = "this is not an expression but an equation: definitions begin with a name, such as K = A*A'"
        raise ParseError(message, text, at if at >= 0 else tree.start)
    return left, body


def _of_root(left: Tree, body: Tree) -> tuple[Tree, Tree]:
    """Return the definition sigma = sqrt(v) that sigma^2 = v is, another one as it is."""
    if left.op != "^":
        return left, body
    root = Tree("call", [body], body.start, body.end, "sqrt", extra={"at": body.start})
    root.extra["note"] = f"{left.args[0].value} is read as the positive root of what its square is"
    return left.args[0], root


def _function(text: str, left: Tree) -> tuple[str, list[str]]:
    if left.op == "call":
        return left.value, [a.value for a in left.args]
    return left.args[0].value, [a.value for a in left.args[1:]]


_ENTRYWISE = {"^": ".^"}
_SIGNS = {"": ".*", "*": ".*", "/": "./"}


def of_numbers(macros: dict[str, tuple[list[str], Tree]]) -> dict[str, tuple[list[str], Tree]]:
    """Return functions with those of numbers, f(t) = t^2/(1 + t), as functions of entries: f(x) = x.^2./(1 + x)."""
    found = set(macros)
    while True:
        kept = {n for n in found if _is_of_numbers(*macros[n], found)}
        if kept == found:
            break
        found = kept
    return {n: (names, _by_entries(body) if n in found else body) for n, (names, body) in macros.items()}


def _is_of_numbers(names: list[str], body: Tree, of_numbers: set[str]) -> bool:
    """Tell whether a function's body is made of its parameters, numbers and functions of entries."""
    if any(kind_of(n) == "matrix" for n in names):
        return False
    heads = {id(p.args[0]) for p in body.walk() if p.op == "apply"}
    for piece in body.walk():
        if piece.op in ("name", "sub") and id(piece) not in heads:
            if piece.value not in names and kind_of(str(piece.value)) != "scalar" and piece.value != "pi":
                return False
        elif piece.op in ("call", "apply"):
            word = piece.value if piece.op == "call" else piece.args[0].value
            entry = by_name(ALSO.get(word, word)) if isinstance(word, str) else None
            if word not in of_numbers and not (entry and (entry.entrywise or entry.spreads)):
                return False
        elif piece.op not in ("name", "sub", "number", "+", "*", "neg", "^", ".^", "bars"):
            return False
    return True


def _by_entries(tree: Tree) -> Tree:
    args = [_by_entries(a) for a in tree.args]
    value = [_SIGNS.get(s, s) for s in tree.value] if tree.op == "*" else tree.value
    return replace(tree, op=_ENTRYWISE.get(tree.op, tree.op), args=args, value=value, extra=dict(tree.extra))


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
