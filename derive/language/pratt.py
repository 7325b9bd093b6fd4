"""Tokens to trees: one Pratt parser for plain text and for LaTeX.

Binding powers, loosest first: relations, sums, products (juxtaposition among them), signs, powers, postfixes. What a
sign means that has several meanings is asked of a vocabulary: whether f(x) is an application, whether d, e, E, I, T
are names, which letters are indices.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sympy import Rational

from derive.language.scope import ParseError
from derive.language.tokens import RELATIONS, Token
from derive.language.tree import Tree

CHAIN, SUM, PRODUCT, UNARY, POWER, POSTFIX = 0, 10, 20, 30, 40, 50
#: How deep brackets may be nested, and how deep operands.
MAX_DEPTH, MAX_OPERANDS = 150, 280

_TRANSPOSES = frozenset({"T", "top", "intercal", "dagger", "H"})
_CLOSING = {"(": ")", "[": "]", "{": "}", "||<": "||>", "|<": "|>", "floor<": "floor>"}
_PRODUCTS = frozenset({"*", "/", ".*", "./", "@", "kron"})
#: Heads that are functions where nothing else is known of them and their argument is a plain name.
_APPLIED = re.compile(r"(?:f|g|h|F|G|L|J|ell|phi|psi|varphi|calL|l|p|q|u|r|E)(?:_\w+)?")
#: Subscripts that are words, not indices.
_LABELS = frozenset(
    "in out min max new old tr test ref true pred fan total eff obs opt est MLE ML MAP OLS".split()
)


@dataclass
class Vocabulary:
    """What names mean before shapes are known.

    `functions` are the functions of the language, `defined` those of the document, `names` its variables, `indices`
    letters that are indices wherever they are subscripts; `latex` tells the notation, `document` that derivatives are
    written dL/dW in plain text, too.
    """

    functions: frozenset[str] = frozenset()
    defined: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    indices: set[str] = field(default_factory=set)
    latex: bool = False
    document: bool = False

    def is_function(self, name: str) -> bool:
        """Tell whether a name before a bracket is that of a function."""
        return name in self.defined or (
            name not in self.names and (name in self.functions or name == "sigma")
        )


class Parser:
    """Reads tokens into a tree."""

    def __init__(self, text: str, found: list[Token], vocabulary: Vocabulary) -> None:
        self.text, self.tokens, self.words = text, found, vocabulary
        self.at = 0
        self.depth = 0
        self.operands = 0
        self.bars: list[str] = []
        self.bound: list[str] = []
        self.in_row = 0

    # ------------------------------------------------------------------------------------ tokens

    @property
    def next(self) -> Token:
        """Return the token that comes next."""
        return self.tokens[self.at]

    def peek(self, ahead: int = 1) -> Token:
        """Return a token further on."""
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)]

    def take(self) -> Token:
        """Return the next token and go on."""
        token = self.tokens[self.at]
        if token.kind != "end":
            self.at += 1
        return token

    def sees(self, *texts: str) -> bool:
        """Tell whether the next token is one of some operators."""
        return self.next.kind == "op" and self.next.text in texts

    def end(self) -> int:
        """Return where the last token taken ends."""
        return self.tokens[self.at - 1].end if self.at else 0

    def error(self, message: str, position: int) -> ParseError:
        """Return the error at a place."""
        return ParseError(message, self.text, position)

    def unexpected(self, expected: str) -> ParseError:
        """Return the error for the token that comes next."""
        token = self.next
        if token.kind == "end":
            return self.error(f"expected {expected}, but the text ends", token.start)
        return self.error(
            f"expected {expected}, but there is {self.text[token.start : token.end]}", token.start
        )

    def due(self, closing: str, opened: Token) -> None:
        """Take a closing bracket, or say which bracket is never closed."""
        if self.next.kind == "op" and self.next.text == closing:
            self.take()
            return
        if self.next.kind == "end":
            raise self.error("this bracket is never closed", opened.start)
        if self.sees("=", ":="):
            raise self.error("an equation does not stand inside brackets", self.next.start)
        raise self.unexpected(f"an operator such as + or *, or {closing}")

    # ------------------------------------------------------------------------------------ expressions

    def whole(self) -> Tree:
        """Return the tree of all tokens: an expression, or a chain of relations."""
        tree = self.chain()
        if self.next.kind != "end":
            if self.sees(")", "]", "}", "||>", "|>"):
                raise self.error("this bracket was never opened", self.next.start)
            raise self.unexpected("an operator such as + or *")
        return tree

    def chain(self) -> Tree:
        """Return an expression, or a chain a = b ≈ c; it may begin with its relation."""
        start = self.next.start
        first = Tree("empty", [], start, start) if self.relation() else self.expression(SUM)
        sides, signs = [first], []
        while sign := self.relation():
            self.take()
            signs.append(sign)
            if sign == "∈":
                sides.append(self.domain())
            else:
                sides.append(self.expression(SUM))
        return first if not signs else Tree("chain", sides, start, self.end(), signs)

    def relation(self) -> str:
        """Return the relation that comes next, or nothing."""
        token = self.next
        return token.text if token.kind in ("op", "relation") and token.text in RELATIONS else ""

    def domain(self) -> Tree:
        """Return what follows ∈: R^{m x n} as a tuple of sizes under its name, else an expression."""
        start = self.next
        if start.kind == "name" and start.text in ("R", "RR", "reals"):
            self.take()
            if not self.sees("^"):
                return Tree("domain", [], start.start, self.end(), "R")
            self.take()
            braced = self.sees("{", "(")
            opened = self.take() if braced else None
            sizes = [self.expression(POWER)]
            while self.sees("*", "×", ",") or (self.next.kind == "name" and self.next.text == "x" and braced):
                self.take()
                sizes.append(self.expression(POWER))
            if opened is not None:
                self.due(_CLOSING[opened.text], opened)
            return Tree("domain", sizes, start.start, self.end(), "R")
        return self.expression(SUM)

    def expression(self, level: int) -> Tree:
        """Return the longest expression whose operators all bind tighter than a level, or as tight."""
        self.operands += 1
        if self.operands > MAX_OPERANDS:
            raise self._too_deep(self.next.start)
        token = self.next
        handler = _PREFIX.get(token.text if token.kind == "op" else token.kind)
        if handler is None:
            if token.kind == "op" and token.text in (")", "]", "}"):
                if not self.depth:
                    raise self.error("this bracket was never opened", token.start)
            raise self.unexpected("a number, a name or a bracket")
        self.take()
        left = handler(self, token)
        posts = 0
        own: Tree | None = None  # the sum or product that this loop is making
        while True:
            token = self.next
            kind, sign = token.kind, token.text
            if kind == "op":
                if sign == "'" or (sign == "[" and self._indexes(left, token)):
                    posts += 1
                    if posts + self.operands > MAX_DEPTH:
                        raise self._too_deep(token.start)
                    left = self._postfix(left)
                    continue
                if sign in ("^", ".^", "**") and level <= POWER:
                    posts += 1
                    if posts + self.operands > MAX_OPERANDS:
                        raise self._too_deep(token.start)
                    left = self._power(left)
                    own = None
                    continue
                if sign == "_" and self.words.latex:
                    left = self._subscript(left)
                    continue
                if sign in ("+", "-"):
                    if level > SUM or (self.in_row and self._new_entry(token)):
                        break
                    self.take()
                    right = self.expression(PRODUCT)
                    if own is left and left.op == "+":
                        left.args.append(right)
                        left.value.append(sign)
                        left.end = right.end
                    else:
                        left = own = Tree("+", [left, right], left.start, right.end, ["+", sign])
                    continue
                if sign in _PRODUCTS:
                    if level > PRODUCT:
                        break
                    self.take()
                    left = own = self._times(left, own, sign, self.expression(UNARY))
                    continue
                if sign in ("||", "|") and self.bars and self.bars[-1] == sign:
                    break
            elif kind == "super":
                left = self._super(left)
                continue
            elif kind == "method":
                left = self._method(left)
                continue
            if level <= PRODUCT and self._begins_factor(token, left):
                left = own = self._times(left, own, "", self.expression(UNARY))
                continue
            break
        self.operands -= 1
        return left

    def _too_deep(self, position: int) -> ParseError:
        return self.error(
            f"nested more than {MAX_DEPTH} deep: name parts of it or write it flatter", position
        )

    def _times(self, left: Tree, own: Tree | None, sign: str, right: Tree) -> Tree:
        if sign == "kron":
            return Tree("call", [left, right], left.start, right.end, "kron")
        if own is left and left.op == "*":
            left.args.append(right)
            left.value.append(sign)
            left.end = right.end
            return left
        return Tree("*", [left, right], left.start, right.end, [sign])

    def _new_entry(self, token: Token) -> bool:
        after = self.peek()
        return token.gap and not after.gap and self.tokens[self.at - 1].kind == "number" == after.kind

    def _begins_factor(self, token: Token, left: Tree) -> bool:
        """Tell whether a token begins a factor that is multiplied by juxtaposition."""
        if self.in_row and token.gap:
            return False
        kind = token.kind
        if kind == "number":
            return self.words.latex and left.op != "number"
        if kind in ("name", "func", "root", "sum", "product", "frac", "sqrt", "nabla", "partial", "begin", "module",
                    "integral", "d", "differential", "indicator", "expect"):  # fmt: skip
            return kind != "d" or not self.words.document or True
        if kind != "op":
            return False
        if token.text in ("(", "||<", "|<"):
            return True
        if token.text in ("[", "{"):
            return self.words.latex
        return token.text in ("||", "|")

    # ------------------------------------------------------------------------------------ postfixes

    def _indexes(self, left: Tree, token: Token) -> bool:
        return not token.gap and not self.words.latex and left.op != "number"

    def _postfix(self, left: Tree) -> Tree:
        token = self.take()
        if token.text == "'":
            if left.op == "number" and not left.bracketed:
                raise self.error(
                    "a number has no transpose: write (X^2)' for the transpose of a power", token.start
                )
            if left.op == "name" and (self.words.is_function(left.value) or left.value in self.words.defined):
                return self._applied(Tree("prime", [left], left.start, token.end))
            if (
                left.op in ("name", "prime")
                and self.words.latex
                and self.sees("(")
                and self._is_applied(left)
            ):
                return self._applied(Tree("prime", [left], left.start, token.end))
            return Tree("'", [left], left.start, token.end)
        return self._index(left, token)

    def _applied(self, head: Tree) -> Tree:
        """Return a head with its arguments, if a bracket follows."""
        while self.sees("'"):
            head = Tree("prime", [head], head.start, self.take().end)
        if not self.sees("("):
            return head
        args = self._arguments()
        return Tree("apply", [head, *args], head.start, self.end())

    def _is_applied(self, head: Tree) -> bool:
        """Tell whether f in f(x), of which nothing is known, is a function: f, g, L ... of plain names."""
        while head.op == "prime":
            head = head.args[0]
        if head.value in self.words.defined:
            return True
        if head.value in self.words.names or not _APPLIED.fullmatch(str(head.value)):
            return False
        place, last = self.at + 1, None
        while self.tokens[place].kind in ("name", "number") or self.tokens[place].text in (
            ",",
            "_",
            ";",
            "{",
            "}",
        ):
            if last is not None and last.kind == "name" == self.tokens[place].kind:
                return False
            last = self.tokens[place]
            place += 1
        return last is not None and self.tokens[place].text == ")"

    def _index(self, left: Tree, opened: Token) -> Tree:
        self._open(opened)
        parts = [self._slice()]
        while self.sees(",") or (self.next.kind == "sep" and self.next.text == ","):
            self.take()
            parts.append(self._slice())
        self.due("]", opened)
        self.depth -= 1
        if left.op == "call" and left.value == "slogdet":
            return Tree("call", left.args, left.start, self.end(), "logdet")
        return Tree("index", [left, *parts], left.start, self.end())

    def _slice(self) -> Tree:
        start = self.next.start
        first = Tree("empty", [], start, start) if self.sees(":") else self.expression(SUM)
        if not self.sees(":"):
            return first
        self.take()
        at = self.next.start
        last = Tree("empty", [], at, at) if self.sees("]", ",") else self.expression(SUM)
        return Tree("slice", [first, last], start, self.end())

    def _super(self, left: Tree) -> Tree:
        token = self.take()
        spelt = token.text
        if spelt.endswith(("T", "H")) and spelt not in ("T", "H") and spelt != "-T":
            left = self._raised(left, spelt[:-1], token)
            spelt = "T"
        return self._raised(left, spelt, token)

    def _raised(self, left: Tree, spelt: str, token: Token) -> Tree:
        if spelt in ("T", "H"):
            return Tree("'", [left], left.start, token.end)
        if spelt in ("-T", "-H"):
            inverse = self._raised(left, "-1", token)
            return Tree("'", [inverse], left.start, token.end)
        digits = re.fullmatch(r"(-?)([0-9]+|n)", spelt)
        if digits is None:
            raise self.error(f"this exponent is not read: write ^{spelt}", token.start)
        number = (
            Tree("name", [], token.start, token.end, "n")
            if digits[2] == "n"
            else Tree("number", [], token.start, token.end, Rational(int(digits[2])))
        )
        if digits[1]:
            number = Tree("neg", [number], token.start, token.end)
        return Tree("^", [left, number], left.start, token.end)

    def _method(self, left: Tree) -> Tree:
        token = self.take()
        name = token.text[1:]
        args = self._arguments()
        return self._named_call(name, [left, *args], left.start, token.start)

    def _power(self, left: Tree) -> Tree:
        sign = self.take()
        if self.words.latex and sign.text == "^":
            return self._latex_power(left, sign)
        op = ".^" if sign.text == ".^" else "^"
        if (
            op == "^" and self.next.kind == "name" and self.next.text in ("T", "top")
            and "T" not in self.words.names and not (self.peek().text == "(" and not self.peek().gap)
        ):  # fmt: skip
            return Tree("'", [left], left.start, self.take().end)
        if sign.text == "^" and self.sees("(") and self.peek().text == "-" and self.peek(2).text == "T" and (
            self.peek(3).text == ")" and "T" not in self.words.names
        ):  # fmt: skip
            for _ in range(4):
                last = self.take()
            return self._raised(left, "-T", last)
        exponent = self.expression(UNARY)
        return Tree(op, [left, exponent], left.start, exponent.end, "**" if sign.text == "**" else None)

    # ------------------------------------------------------------------------------------ LaTeX's postfixes

    def _latex_power(self, left: Tree, sign: Token) -> Tree:
        inside, end = self._group_tokens()
        spelt = [t.text for t in inside]
        joined = "".join(spelt)
        if joined in _TRANSPOSES:
            return Tree("'", [left], left.start, end)
        if len(spelt) > 1 and spelt[0] == "-" and spelt[1] in _TRANSPOSES and len(spelt) == 2:
            return self._raised(left, "-T", sign._replace(end=end))
        if joined in ("'", "''", "prime"):
            return Tree("'", [left], left.start, end)
        if joined == "+":
            return Tree("call", [left], left.start, end, "pinv")
        if joined in ("*", "star", "ast") and left.op in ("name", "sub"):
            return Tree("name", [], left.start, end, f"{left.value}star", bold=left.bold)
        if spelt[:1] == ["("] and spelt[-1:] == [")"] and left.op in ("name", "sub") and len(spelt) > 2:
            label = "".join(re.sub(r"\W", "", s) for s in spelt[1:-1])
            if label:
                base = self._with_label(left, label)
                base.end = end
                return base
        if spelt[:1] in ([".*"], ["∘"]) and len(spelt) > 1:
            exponent = self._inside(inside[1:], end)
            return Tree(".^", [left, exponent], left.start, end)
        exponent = self._inside(inside, end)
        if left.op == "name" and left.value == "e" and "e" not in self.words.names and not left.bold:
            return Tree("call", [exponent], left.start, end, "exp", extra={"power": True})
        return Tree("^", [left, exponent], left.start, end)

    def _with_label(self, left: Tree, label: str) -> Tree:
        base = left if left.op == "name" else left.args[0]
        tree = Tree("name", [], left.start, left.end, f"{base.value}_{label}", bold=base.bold)
        if left.op != "name":
            return self._joined(tree, left.args[1:], left.end)
        return tree

    def _inside(self, inside: list[Token], end: int) -> Tree:
        """Return the tree of some tokens that stand by themselves."""
        if not inside:
            raise self.error("expected an expression in these braces", max(0, end - 1))
        rest, at = self.tokens, self.at
        last = inside[-1].end
        self.tokens, self.at = [*inside, Token("end", "", last, last)], 0
        bars, self.bars = self.bars, []
        try:
            tree = self.expression(SUM)
            if self.next.kind != "end":
                raise self.unexpected("an operator such as + or *")
        finally:
            self.tokens, self.at, self.bars = rest, at, bars
        return tree

    def _group_tokens(self) -> tuple[list[Token], int]:
        """Return the tokens of the group that follows, {...} or a single one, and where it ends."""
        token = self.take()
        if token.kind == "end":
            raise self.error("expected an exponent, an index or a group, but the text ends", token.start)
        if token.kind == "op" and token.text == "{":
            depth, start = 1, self.at
            while depth:
                t = self.take()
                if t.kind == "end":
                    raise self.error("this bracket is never closed", token.start)
                depth += (t.text == "{") - (t.text == "}") if t.kind == "op" else 0
            return self.tokens[start : self.at - 1], self.tokens[self.at - 1].end
        if token.kind == "number" and self.words.latex and token.text.isdigit() and len(token.text) > 1:
            # An argument without braces is one digit: \\frac12 is a half.
            first = token._replace(text=token.text[0], end=token.start + 1)
            rest = token._replace(text=token.text[1:], start=token.start + 1, gap=False)
            self.tokens[self.at - 1 : self.at] = [first, rest]
            return [first], first.end
        if token.kind in ("frac", "sqrt"):
            start = self.at - 1
            for _ in range(2 if token.kind == "frac" else 1):
                self._group_tokens()
            return self.tokens[start : self.at], self.end()
        return [token], token.end

    def _group(self) -> Tree:
        """Return the tree of {...}, or of the single token that follows."""
        if self.sees("{"):
            opened = self.take()
            self._open(opened)
            tree = self.expression(SUM)
            self.due("}", opened)
            self.depth -= 1
            return tree
        inside, end = self._group_tokens()
        return self._inside(inside, end)

    def _subscript(self, left: Tree) -> Tree:
        self.take()
        inside, end = self._group_tokens()
        if left.op == "'" or (left.op == "^" and left.args[0].op in ("name", "sub")):
            inner = self._indexed(left.args[0], inside, end)
            return Tree(left.op, [inner, *left.args[1:]], left.start, end, left.value)
        return self._indexed(left, inside, end)

    def _indexed(self, left: Tree, inside: list[Token], end: int) -> Tree:
        groups: list[list[Token]] = [[]]
        for t in inside:
            if t.text == "," and t.kind in ("op", "sep"):
                groups.append([])
            else:
                groups[-1].append(t)
        indices: list[Tree] = []
        for group in groups:
            word = "".join(t.text for t in group)
            if word not in _LABELS and all(t.kind in ("name", "number") and len(t.text) <= 2 for t in group):
                indices += [self._inside([t], t.end) for t in group]  # ij are two
            elif group and all(t.kind in ("name", "number", "func") for t in group):
                indices.append(Tree("name", [], group[0].start, group[-1].end, word))
            elif [t.text for t in group] == [":"]:
                at = group[0].start
                nothing = Tree("empty", [], at, at)
                indices.append(Tree("slice", [nothing, nothing], at, group[0].end))
            elif group:
                indices.append(self._inside(group, group[-1].end))
        if left.op not in ("name", "sub") or left.bracketed:
            return Tree("index", [left, *indices], left.start, end)
        return self._joined(left, indices, end)

    def _joined(self, left: Tree, indices: list[Tree], end: int) -> Tree:
        base, before = (left, []) if left.op == "name" else (left.args[0], left.args[1:])
        every = [*before, *indices]
        label = "".join(re.sub(r"\W+", "", self.text[i.start : i.end].replace("\\", "")) for i in every)
        return Tree("sub", [base, *every], left.start, end, f"{base.value}_{label}" if label else base.value,
                    bold=base.bold)  # fmt: skip

    # ------------------------------------------------------------------------------------ brackets and calls

    def _open(self, token: Token) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._too_deep(token.start)

    def _bracket(self, opened: Token) -> Tree:
        closing = _CLOSING[opened.text]
        self._open(opened)
        in_row, self.in_row = self.in_row, 0
        bars, self.bars = self.bars, []
        tree = self.expression(SUM)
        if self.sees(",") and self.words.latex:
            members = [tree]
            while self.sees(","):
                self.take()
                members.append(self.expression(SUM))
            tree = Tree("tuple", members, opened.start, self.end())
        self.due(closing, opened)
        self.in_row, self.bars = in_row, bars
        self.depth -= 1
        tree.bracketed = True
        tree.extra["outer"] = (opened.start, self.end())
        return tree

    def _literal(self, opened: Token) -> Tree:
        """Read [A, B; C, D], or a bracket in square form."""
        if self.words.latex:
            return self._bracket(opened)
        self._open(opened)
        bars, self.bars = self.bars, []
        in_row, self.in_row = self.in_row, 0 if self._has_comma() else 1
        rows, row = [], [self.expression(SUM)]
        while not self.sees("]"):
            if self.sees(";") or self.next.kind == "sep":
                self.take()
                rows.append(row)
                row = [self.expression(SUM)]
            elif self.sees(","):
                self.take()
                row.append(self.expression(SUM))
            elif self.in_row and self.next.gap and self.next.kind != "end":
                if self.sees("+", "-"):
                    raise self.error("part entries by commas", self.next.start)
                row.append(self.expression(SUM))
            else:
                break
        self.due("]", opened)
        self.in_row, self.bars = in_row, bars
        self.depth -= 1
        rows.append(row)
        if len(rows) == 1 == len(row):
            row[0].bracketed = True
            return row[0]
        parts = [Tree("tuple", r, r[0].start, r[-1].end) for r in rows]
        return Tree("rows", parts, opened.start, self.end())

    def _has_comma(self) -> bool:
        depth, place = 0, self.at
        while place < len(self.tokens):
            t = self.tokens[place]
            if t.kind == "op":
                if t.text in ("[", "("):
                    depth += 1
                elif t.text in ("]", ")"):
                    depth -= 1
                    if depth < 0:
                        return False
                elif t.text == "," and not depth:
                    return True
            place += 1
        return False

    def _bar(self, opened: Token) -> Tree:
        """Read |x| and ||x||, an index of the norm after it."""
        closing = _CLOSING.get(opened.text, opened.text)
        self._open(opened)
        self.bars.append(opened.text)
        inner = self.expression(SUM)
        self.bars.pop()
        if not (self.next.kind == "op" and self.next.text == closing):
            if self.next.kind == "end":
                raise self.error("this bar is never closed", opened.start)
            raise self.unexpected(f"an operator such as + or *, or {closing[:2].rstrip('<>')}")
        self.take()
        self.depth -= 1
        if not opened.text.startswith("||"):
            return Tree("bars", [inner], opened.start, self.end())
        index = ""
        if self.sees("_") and not self.next.gap:
            self.take()
            inside, _ = self._group_tokens()
            index = "".join(t.text for t in inside)
        return Tree("norm", [inner], opened.start, self.end(), index)

    def _arguments(self) -> list[Tree]:
        opened = self.take()
        return self._until_closed(opened)

    def _until_closed(self, opened: Token) -> list[Tree]:
        self._open(opened)
        in_row, self.in_row = self.in_row, 0
        bars, self.bars = self.bars, []
        args: list[Tree] = []
        if not self.sees(")", "]"):
            args.append(self._argument())
            while self.sees(",", ";") or (self.next.kind == "sep" and self.next.text in (",", ";")):
                self.take()
                args.append(self._argument())
        self.due(_CLOSING[opened.text], opened)
        self.in_row, self.bars = in_row, bars
        self.depth -= 1
        return args

    def _argument(self) -> Tree:
        """Return an argument; axis=1 is a keyword."""
        if (
            self.next.kind == "name"
            and self.peek().text == "="
            and self.peek(2).kind in ("number", "name", "op")
        ):
            key = self.take()
            self.take()
            value = self.expression(SUM)
            return Tree("keyword", [value], key.start, self.end(), key.text)
        return self.expression(SUM)

    def _word(self, token: Token) -> Tree:
        """Read a name: a variable, a call, an application, a sum over indices."""
        name, follows = token.text, self.next
        called = follows.kind == "op" and follows.text == "("
        if name in ("sum", "prod") and follows.text == "[" and follows.kind == "op" and not self.words.latex:
            return self._indexed_sum(token)
        tree = Tree("name", [], token.start, token.end, name, bold=token.bold)
        if (
            name == "sigma"
            and called
            and not follows.gap
            and "sigma" not in self.words.names | self.words.defined
        ):
            tree = self._named_call("sigmoid", self._arguments(), token.start, token.start)
            tree.extra["note"] = "sigma(...) is read as the logistic function, sigmoid"
            return tree
        if self.words.latex:
            if name == "E" and follows.text in ("[", "(", "{") and "E" not in self.words.names:
                return self._statistic("expect", token)
            if called and (self.words.is_function(name) or self._is_applied(tree)):
                args = self._arguments()
                if self.words.is_function(name) and name not in self.words.defined:
                    return self._named_call(name, args, token.start, token.start)
                return Tree("apply", [tree, *args], token.start, self.end())
            return tree
        if self.words.document and name[0] == "d" and (found := self._plain_derivative(token)):
            return found
        if called and (not follows.gap or self.words.is_function(name)):
            if name in ("E", "Var", "Cov") and self.words.document and name not in self.words.names:
                return self._statistic({"E": "expect", "Var": "var", "Cov": "cov"}[name], token)
            args = self._arguments()
            return self._named_call(name, args, token.start, token.start)
        if (
            not called
            and self.words.is_function(name)
            and name not in self.words.defined
            and (follows.text in ("|", "||") or (follows.gap and follows.kind in ("name", "number", "root")))
            and not (self.bars and self.bars[-1] == follows.text)
        ):
            return self._named_call(name, [self._bare_argument(name)], token.start, token.start)
        if follows.text == "[" and not follows.gap and name in ("E", "Var", "Cov") and self.words.document:
            return self._statistic({"E": "expect", "Var": "var", "Cov": "cov"}[name], token)
        return tree

    def _named_call(self, name: str, args: list[Tree], start: int, at: int) -> Tree:
        tree = Tree("call", args, start, self.end(), name)
        tree.extra["at"] = at
        return tree

    def _module(self, token: Token) -> Tree:
        if self.next.kind != "name":
            raise self.unexpected("a function")
        name = self.take()
        tree = self._word(name._replace(start=token.start))
        tree.extra["numpy"] = True
        return tree

    def _number(self, token: Token) -> Tree:
        mantissa, _, exponent = token.text.lower().partition("e")
        if len(mantissa) > 400 or (exponent and abs(int(exponent)) > 400):
            raise self.error("this number is too long: write up to 400 digits", token.start)
        return Tree("number", [], token.start, token.end, Rational(token.text))

    def _sign(self, token: Token) -> Tree:
        operand = self.expression(UNARY)
        if token.text == "+":
            return operand
        return Tree("neg", [operand], token.start, operand.end)

    def _root(self, token: Token) -> Tree:
        operand = self.expression(POSTFIX)
        return Tree("call", [operand], token.start, operand.end, "sqrt", extra={"at": token.start})

    # ------------------------------------------------------------------------------------ sums, derivatives

    def _indexed_sum(self, token: Token) -> Tree:
        """Read sum[i](...), prod[i](...), sum[i<j](...), sum[i, j](...)."""
        opened = self.take()
        names: list[Tree] = []
        relations: list[tuple[str, str, str]] = []
        while True:
            if self.next.kind != "name":
                raise self.unexpected("an index such as i")
            name = self.take()
            names.append(Tree("name", [], name.start, name.end, name.text))
            while self.sees("<", "≠", "≤", ">"):
                sign = self.take()
                other = self.take()
                relations.append((name.text, sign.text, other.text))
                if other.text not in [n.value for n in names] and other.kind == "name":
                    names.append(Tree("name", [], other.start, other.end, other.text))
                name = other
            if not self.sees(","):
                break
            self.take()
        self.due("]", opened)
        if not self.sees("("):
            raise self.unexpected("a bracket (...) around what is summed")
        self.bound += [n.value for n in names]
        (body,) = self._until_closed(self.take())
        del self.bound[len(self.bound) - len(names) :]
        return Tree(
            token.text, [body, *names], token.start, self.end(), {"relations": relations, "bounds": {}}
        )

    def _big(self, token: Token) -> Tree:
        r"""Read \sum_{i=1}^n and \prod before their body."""
        op = "sum" if token.kind == "sum" else "prod"
        names: list[Tree] = []
        relations: list[tuple[str, str, str]] = []
        bounds: dict[str, Any] = {}
        upper = None
        for _ in range(2):
            if self.sees("_"):
                self.take()
                inside, _end = self._group_tokens()
                self._limits(inside, names, relations, bounds)
            elif self.sees("^"):
                self.take()
                upper = self._group()
        if upper is not None and names:
            low, _ = bounds.get(names[-1].value, (None, None))
            bounds[names[-1].value] = (low, upper)
        self.bound += [n.value for n in names]
        body = self.expression(PRODUCT)
        del self.bound[len(self.bound) - len(names) :]
        return Tree(op, [body, *names], token.start, body.end, {"relations": relations, "bounds": bounds})

    def _limits(self, inside: list[Token], names: list[Tree], relations: list[tuple[str, str, str]],
                bounds: dict[str, Any]) -> None:  # fmt: skip
        place = 0
        while place < len(inside):
            t = inside[place]
            if t.kind in ("name", "number"):
                if t.kind == "name" and t.text not in [n.value for n in names]:
                    names.append(Tree("name", [], t.start, t.end, t.text))
                if (
                    place + 2 < len(inside) + 0
                    and place + 1 < len(inside)
                    and inside[place + 1].text in ("=", "<", "≠", "≤", ">", "≥", "∈")
                ):
                    sign, rest = inside[place + 1].text, []
                    place += 2
                    while place < len(inside) and inside[place].text not in (",", "<", "≠", "≤", ">"):
                        rest.append(inside[place])
                        place += 1
                    if sign == "=":
                        bounds[t.text] = (self._inside(rest, t.end) if rest else None, None)
                    elif len(rest) == 1:
                        relations.append((t.text, sign, rest[0].text))
                        if (
                            rest[0].kind == "name"
                            and sign != "∈"
                            and rest[0].text not in [n.value for n in names]
                        ):
                            if rest[0].text in self.bound or sign == "≠":
                                pass
                            names.extend([] if rest[0].text in self.bound else [
                                Tree("name", [], rest[0].start, rest[0].end, rest[0].text)])  # fmt: skip
                        place -= 1 if place < len(inside) and inside[place].text in ("<", "≤") else 0
                    continue
            place += 1

    def _derivative_frac(self, token: Token) -> Tree | None:
        r"""Read \frac{\partial L}{\partial W}, \frac{d}{dx} before its operand; None for another fraction."""
        start = self.at
        above, _ = self._group_tokens()
        below, end = self._group_tokens()
        sign = (
            "partial"
            if above[:1] and above[0].kind == "partial"
            else "d"
            if above[:1] and above[0].kind == "d"
            else ""
        )
        if not sign or not below or below[0].kind not in ("partial", "d"):
            self.at = start
            return None
        if sign == "d" and "d" in self.words.names and not above[1:]:
            self.at = start
            return None
        order, what = 1, above[1:]
        if what[:1] and what[0].text == "^":
            order, what = self._order(what)
        by: list[Tree] = []
        chunks: list[list[Token]] = []
        for t in below:
            if t.kind in ("partial", "d") and t.kind == below[0].kind:
                chunks.append([])
            else:
                chunks[-1].append(t)
        for chunk in chunks:
            if not chunk:
                self.at = start
                return None
            raised = re.fullmatch(r"\^(\d)", "".join(t.text for t in chunk[-2:]))
            count = int(raised[1]) if raised and order > 1 else 1
            inner = chunk[:-2] if raised and order > 1 else chunk
            by += [self._inside(inner, inner[-1].end)] * count
        body = self._inside(what, what[-1].end) if what else self.expression(PRODUCT)
        return Tree("derivative", [body, *by], token.start, max(end, self.end()),
                    {"order": order, "kind": sign, "operator": not what})  # fmt: skip

    def _order(self, what: list[Token]) -> tuple[int, list[Token]]:
        if what[1].text == "{":
            close = next(i for i, t in enumerate(what) if t.text == "}")
            digits, rest = "".join(t.text for t in what[2:close]), what[close + 1 :]
        else:
            digits, rest = what[1].text, what[2:]
        return (int(digits) if digits.isdigit() else 2), rest

    def _frac(self, token: Token) -> Tree:
        found = self._derivative_frac(token)
        if found is not None:
            return found
        above, below = self._group(), self._group()
        tree = Tree("*", [above, below], token.start, self.end(), ["/"])
        tree.bracketed = True
        return tree

    def _sqrt(self, token: Token) -> Tree:
        degree = None
        if self.sees("["):
            opened = self.take()
            degree = self.expression(SUM)
            self.due("]", opened)
        inner = self._group()
        if degree is None:
            return Tree("call", [inner], token.start, self.end(), "sqrt", extra={"at": token.start})
        one = Tree("number", [], token.start, token.end, Rational(1))
        exponent = Tree("*", [one, degree], token.start, self.end(), ["/"])
        return Tree("^", [inner, exponent], token.start, self.end())

    def _nabla(self, token: Token) -> Tree:
        order = 1
        by: list[Tree] = []
        for _ in range(2):
            if self.sees("_") or (self.sees("_") and not self.words.latex):
                self.take()
                by.append(self._group())
            elif self.sees("^"):
                self.take()
                inside, _ = self._group_tokens()
                order = int(inside[0].text) if inside and inside[0].text.isdigit() else 2
            elif self.next.kind == "super":
                order = int(self.take().text)
        what = self.expression(UNARY)
        return Tree("gradient", [what, *by], token.start, what.end, {"order": order})

    def _partial(self, token: Token) -> Tree:
        """Read ∂L/∂W in one line, or ∂X alone."""
        order = 1
        if self.next.kind == "super":
            order = int(self.take().text)
        elif self.sees("^"):
            self.take()
            inside, _ = self._group_tokens()
            order = int(inside[0].text) if inside and inside[0].text.isdigit() else 2
        operator = self.sees("/")
        what = None if operator else self.expression(POSTFIX)
        if self.sees("/") and self.peek().kind in ("partial", "d"):
            self.take()
            by: list[Tree] = []
            while self.next.kind == token.kind and not (by and self.next.gap and self.peek(2).text == "/"):
                self.take()
                x = self.expression(POSTFIX)
                count = 1
                if order > 1 and self.next.kind == "super" and self.next.text == "2":
                    self.take()
                    count = 2
                elif order > 1 and self.sees("^"):
                    self.take()
                    self._group_tokens()
                    count = 2
                by += [x] * count
            if what is None:
                what = self.expression(PRODUCT)
            return Tree("derivative", [what, *by], token.start, self.end(),
                        {"order": order, "kind": token.kind, "operator": operator})  # fmt: skip
        if what is None:
            raise self.unexpected("what is differentiated")
        return Tree("differential", [what], token.start, what.end)

    def _d(self, token: Token) -> Tree:
        """Read dX in LaTeX, or d where it is a name."""
        follows = self.next
        starts = follows.kind in ("name", "func") or (
            follows.kind == "op" and follows.text in ("(", "{", "[")
        )
        if "d" in self.words.names or not starts or (follows.gap and follows.kind != "name"):
            tree = Tree("name", [], token.start, token.end, "d")
            return tree
        return self._partial(token)

    def _plain_derivative(self, token: Token) -> Tree | None:
        """Read dL/dW in plain text of a document, where neither is a name."""
        name, after, below = token.text, self.next, self.peek()
        if name in self.words.names:
            return None
        if after.text == "/" and below.kind == "name" and below.text[0] == "d" and len(below.text) > 1:
            if len(name) < 2 and name != "d":
                return None
            if below.text in self.words.names:
                return None
            self.take()
            x = self.take()
            by = Tree("name", [], x.start + 1, x.end, x.text[1:])
            if name == "d":
                what = self.expression(PRODUCT)
            else:
                what = Tree("name", [], token.start + 1, token.end, name[1:])
            return Tree("derivative", [what, by], token.start, self.end(),
                        {"order": 1, "kind": "d", "operator": name == "d"})  # fmt: skip
        if len(name) > 1 and name[1:] in self.words.names:
            return Tree(
                "differential",
                [Tree("name", [], token.start + 1, token.end, name[1:])],
                token.start,
                token.end,
            )
        return None

    # ------------------------------------------------------------------------------------ LaTeX's functions

    def _func(self, token: Token) -> Tree:
        """Read a function of LaTeX: with an argument in brackets, or the product that follows."""
        name = token.text
        power: Tree | None = None
        prime = 0
        base = ""
        while self.sees("^", "_", "'"):
            sign = self.take()
            if sign.text == "'":
                prime += 1
                continue
            inside, end = self._group_tokens()
            if sign.text == "_":
                base = "".join(t.text for t in inside)
            elif "".join(t.text for t in inside) == "-1" and name in ("sin", "cos", "tan"):
                name = f"arc{name}"
            elif "".join(t.text for t in inside) in ("prime", "'"):
                prime += 1
            else:
                power = self._inside(inside, end)
        if name in ("var", "cov", "expect") and (self.sees("(", "[", "{")):
            return self._statistic(name, token)
        head = Tree("name", [], token.start, token.end, name)
        for _ in range(prime):
            head = Tree("prime", [head], token.start, self.end())
        args: list[Tree]
        if self.sees("(", "[", "{") and not (self.sees("{") and False):
            opened = self.take()
            args = self._until_closed_any(opened)
        elif prime and not self._begins_factor(self.next, head):
            return head
        else:
            args = [self._bare_argument(name)]
        if prime:
            return Tree("apply", [head, *args], token.start, self.end())
        tree = self._named_call(name, args, token.start, token.start)
        if base and name == "log" and base in ("2", "10"):
            number = Tree("number", [], token.start, token.end, Rational(int(base)))
            tree = Tree(
                "*",
                [tree, Tree("call", [number], token.start, token.end, "log")],
                tree.start,
                tree.end,
                ["/"],
            )
        return tree if power is None else Tree("^", [tree, power], token.start, self.end())

    def _until_closed_any(self, opened: Token) -> list[Tree]:
        self._open(opened)
        bars, self.bars = self.bars, []
        args = [self.expression(SUM)]
        while self.sees(",") or (self.next.kind == "sep" and self.next.text == ","):
            self.take()
            args.append(self.expression(SUM))
        self.due(_CLOSING[opened.text], opened)
        self.bars = bars
        self.depth -= 1
        return args

    def _bare_argument(self, name: str) -> Tree:
        """Return the argument of a function without brackets: the juxtaposed factors up to the next operator."""
        whole = name in ("tr", "det", "logdet", "expect", "var")
        args = [self.expression(POWER)]
        if args[0].op == "neg":
            return args[0]
        while True:
            token = self.next
            if not self._begins_factor(token, args[-1]):
                break
            if not whole and (token.kind not in ("name", "number") or args[-1].op == "call"):
                break
            if token.kind == "op" and token.text in ("|", "||") and self.bars:
                break
            args.append(self.expression(POWER))
        if len(args) == 1:
            return args[0]
        return Tree("*", args, args[0].start, args[-1].end, [""] * (len(args) - 1))

    def _statistic(self, op: str, token: Token) -> Tree:
        if self.sees("_"):
            self.take()
            self._group_tokens()
        opened = self.take()
        args = self._until_closed_any(opened)
        return Tree(op, args, token.start, self.end())

    def _indicator(self, token: Token) -> Tree:
        opened = self.next
        if self.sees("_"):
            self.take()
            inside, end = self._group_tokens()
            return Tree("indicator", [self._inside_chain(inside, end)], token.start, end)
        if not self.sees("[", "(", "{"):
            return Tree("name", [], token.start, token.end, "1_vector")
        self.take()
        self._open(opened)
        condition = self.chain()
        self.due(_CLOSING[opened.text], opened)
        self.depth -= 1
        return Tree("indicator", [condition], token.start, self.end())

    def _inside_chain(self, inside: list[Token], end: int) -> Tree:
        rest, at = self.tokens, self.at
        self.tokens, self.at = [*inside, Token("end", "", end, end)], 0
        try:
            return self.chain()
        finally:
            self.tokens, self.at = rest, at

    def _integral(self, token: Token) -> Tree:
        lower = upper = Tree("empty", [], token.start, token.end)
        for _ in range(2):
            if self.sees("_"):
                self.take()
                lower = self._group()
            elif self.sees("^"):
                self.take()
                upper = self._group()
        depth, place = 0, self.at
        while self.tokens[place].kind != "end":
            t = self.tokens[place]
            if t.kind == "op":
                depth += (t.text in ("(", "[", "{")) - (t.text in (")", "]", "}"))
                if depth < 0:
                    break
            if t.kind == "d" and not depth and place > self.at:
                break
            place += 1
        if self.tokens[place].kind != "d":
            raise self.error("this integral has no dx", token.start)
        inside = self.tokens[self.at : place]
        body = self._inside(inside, inside[-1].end)
        self.at = place + 1
        variable = self.expression(POSTFIX)
        return Tree("integral", [body, variable, lower, upper], token.start, self.end())

    def _begin(self, token: Token) -> Tree:
        """Read cases and matrices."""
        name, rows, cell, row = token.text.rstrip("*"), [], [], []  # type: ignore[var-annotated]
        depth = 0
        while True:
            t = self.take()
            if t.kind == "end":
                raise self.error(f"\\begin{{{token.text}}} is never ended", token.start)
            if t.kind == "begin":
                depth += 1
            if t.kind == "finish":
                if not depth:
                    break
                depth -= 1
            if not depth and t.kind == "amp":
                row.append(cell)
                cell = []
            elif not depth and t.kind == "sep" and t.text == "\\\\":
                rows.append([*row, cell])
                row, cell = [], []
            else:
                cell.append(t)
        if cell or row:
            rows.append([*row, cell])
        end = self.end()
        if name == "cases":
            return self._cases(token, rows, end)
        if name in ("aligned", "split", "gathered", "align", "equation"):
            flat = [t for r in rows for c in r for t in c]
            return self._inside_chain(flat, end)
        if not name.endswith("matrix") and name not in ("array", "smallmatrix"):
            raise self.error(f"the environment {token.text} is not read", token.start)
        trees = [[self._cell(c, token) for c in r] for r in rows]
        parts = [Tree("tuple", r, r[0].start, r[-1].end) for r in trees if r]
        literal = Tree("rows", parts, token.start, end)
        return Tree("bars", [literal], token.start, end) if name == "vmatrix" else literal

    def _cell(self, cell: list[Token], token: Token) -> Tree:
        if not cell:
            return Tree("empty", [], token.start, token.end)
        if len(cell) == 1 and cell[0].kind == "dots":
            return Tree("dots", [], cell[0].start, cell[0].end)
        return self._inside(cell, cell[-1].end)

    def _cases(self, token: Token, rows: list[list[list[Token]]], end: int) -> Tree:
        args: list[Tree] = []
        for row in rows:
            cells = [c for c in row if c]
            if not cells:
                continue
            value = [t for t in cells[0] if t.text != ","]
            condition = [t for c in cells[1:] for t in c if t.kind != "prose" and t.text != ","]
            prose = " ".join(t.text for c in cells[1:] for t in c if t.kind == "prose")
            args.append(self._inside(value, value[-1].end))
            if condition:
                args.append(self._inside_chain(condition, condition[-1].end))
            else:
                at = args[-1].end
                args.append(Tree("text", [], at, at, prose.strip() or "otherwise"))
        return Tree("cases", args, token.start, end)


_PREFIX: dict[str, Callable[[Parser, Token], Tree]] = {
    "number": Parser._number,
    "name": Parser._word,
    "module": Parser._module,
    "(": Parser._bracket,
    "[": Parser._literal,
    "{": Parser._bracket,
    "|": Parser._bar,
    "||": Parser._bar,
    "|<": Parser._bar,
    "||<": Parser._bar,
    "+": Parser._sign,
    "-": Parser._sign,
    "root": Parser._root,
    "sum": Parser._big,
    "product": Parser._big,
    "frac": Parser._frac,
    "sqrt": Parser._sqrt,
    "nabla": Parser._nabla,
    "partial": Parser._partial,
    "d": Parser._d,
    "func": Parser._func,
    "indicator": Parser._indicator,
    "integral": Parser._integral,
    "begin": Parser._begin,
    "dots": lambda parser, token: Tree("dots", [], token.start, token.end),
}
