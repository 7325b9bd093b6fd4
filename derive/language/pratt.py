"""Tokens to trees: one Pratt parser for plain text and for LaTeX.

Binding powers, loosest first: relations, sums, products (juxtaposition among them), signs, powers, postfixes. What a
sign means that has several meanings is asked of a vocabulary: whether f(x) is an application, whether d, e, E, I, T
are names, which letters are indices.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import factorial

from sympy import Rational

from derive.language.cursor import (
    CLOSING,
    MAX_DEPTH,
    MAX_OPERANDS,
    POSTFIX,
    POWER,
    PRODUCT,
    SUM,
    TERM,
    UNARY,
    Vocabulary,
)
from derive.language.latex_forms import LatexForms
from derive.language.tokens import RELATIONS, Token
from derive.language.tree import Tree

__all__ = ["Parser", "Vocabulary"]


def _paired(left: Tree, right: Tree) -> Tree:
    """Return the tree of A'B."""
    turned = Tree("'", [left], left.start, left.end)
    return Tree("*", [turned, right], left.start, right.end, ["*"])


#: The largest number whose factorial is written out.
MAX_FACTORIAL = 100
#: How far a comma is looked for that parts the entries of a row.
MAX_ROW = 2_000
_PRODUCTS = frozenset({"*", "/", ".*", "./", "@", "kron"})
#: Methods of arrays whose first argument is an axis.
_REDUCTIONS = frozenset(
    "sum mean max min prod std var softmax log_softmax logsumexp cumsum argmax amax amin".split()
)
#: Heads that are functions where nothing else is known of them and their argument is a plain name.
_APPLIED = re.compile(r"(?:f|g|h|F|G|L|J|ell|phi|psi|varphi|calL|l|p|q|u|r|E)(?:_\w+)?")


class Parser(LatexForms):
    """Reads tokens into a tree."""

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
            if self.next.kind == "super":
                size = self._raised(
                    Tree("empty", [], start.end, start.end), self.next.text, self.take()
                ).args[1]
                return Tree("domain", [size], start.start, self.end(), "R")
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
                self.due(CLOSING[opened.text], opened)
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
                if sign == "!":
                    left = self._factorial(left, self.take())
                    continue
                if sign in ("^", ".^", "**") and level <= POWER:
                    posts += 1
                    if posts + self.operands > MAX_OPERANDS:
                        raise self._too_deep(token.start)
                    left = self._power(left)
                    own = None
                    continue
                if sign == "_" and (self.words.latex or _is_squared_norm(left)):
                    left = self._subscript(left)
                    continue
                if sign == ":" and level <= TERM and self._pairs(left):
                    self.take()
                    right = self.expression(TERM)
                    left = Tree("tuple", [left, right], left.start, right.end, extra={"colon": True})
                    continue
                if sign in ("+", "-"):
                    if level > SUM or (self.in_row and self._new_entry(token)):
                        break
                    self.take()
                    right = self.expression(TERM)
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
                    if sign == ".*" and self.text[token.start : token.end] != ".*":
                        if level > TERM:
                            break
                        self.take()
                        right = self.expression(PRODUCT)
                        right.extra["loose"] = right.op == "*" and not right.bracketed
                        left = own = self._times(left, own, sign, right)
                        continue
                    self.take()
                    left = own = self._times(left, own, sign, self.expression(UNARY))
                    continue
                if sign in ("||", "|") and self.bars and self.bars[-1] == sign:
                    break
                if sign == ":" and self.words.document and self.words.latex:  # Frobenius' product A : B
                    if level > TERM:
                        break
                    self.take()
                    right = self.expression(PRODUCT)
                    left = Tree("call", [_paired(left, right)], left.start, right.end, "tr")
                    own = None
                    continue
            elif kind == "super":
                left = self._super(left)
                continue
            elif kind == "method":
                left = self._method(left)
                continue
            elif kind == "shape":
                axis = re.sub(r"[^-0-9]", "", self.take().text)
                left = Tree("count", [left], left.start, self.end(), int(axis) if axis else None)
                continue
            if level <= PRODUCT and self._begins_factor(token, left):
                left = own = self._times(left, own, "", self.expression(UNARY))
                continue
            break
        self.operands -= 1
        return left

    def _pairs(self, left: Tree) -> bool:
        """Tell whether the colon that comes next is that of an inner product A:B, not of a range."""
        return not self.in_range and left.op != "number" and self._begins_factor(self.peek(), left)

    def _times(self, left: Tree, own: Tree | None, sign: str, right: Tree) -> Tree:
        if sign == "kron":
            return Tree("call", [left, right], left.start, right.end, "kron")
        last = left.args[-1] if own is left and left.op == "*" else left
        if (
            not sign
            and self.bound
            and right.op == "tuple"
            and last.op in ("name", "sub")
            and not self.text.startswith(("\\langle", "⟨"), right.start)
        ):
            head = Tree("name", [], last.start, last.end, last.value)
            applied = Tree("apply", [head, *right.args], last.start, self.end())
            if last is left:
                return applied
            left.args[-1], left.end = applied, applied.end
            return left
        if own is left and left.op == "*":
            left.args.append(right)
            left.value.append(sign)
            left.end = right.end
            return left
        return Tree("*", [left, right], left.start, right.end, [sign])

    def _new_entry(self, token: Token) -> bool:
        after = self.peek()
        return token.gap and not after.gap and self.tokens[self.at - 1].kind == "number" == after.kind

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
        in_range, self.in_range = self.in_range, True
        first = Tree("empty", [], start, start) if self.sees(":") else self.expression(SUM)
        if not self.sees(":"):
            self.in_range = in_range
            return first
        self.take()
        at = self.next.start
        last = Tree("empty", [], at, at) if self.sees("]", ",") else self.expression(SUM)
        self.in_range = in_range
        return Tree("slice", [first, last], start, self.end())

    def _factorial(self, left: Tree, sign: Token) -> Tree:
        """Return n! as a number, x! as the gamma function at x + 1."""
        start, end = left.start, sign.end
        if left.op == "number" and left.value.is_Integer and 0 <= left.value <= MAX_FACTORIAL:
            return Tree("number", [], start, end, Rational(factorial(int(left.value))))
        one = Tree("number", [], end, end, Rational(1))
        more = Tree("+", [left, one], start, end, ["+", "+"])
        tree = Tree("call", [Tree("call", [more], start, end, "lgamma")], start, end, "exp")
        tree.extra["note"] = "x! is read as the gamma function at x + 1"
        return tree

    def _method(self, left: Tree) -> Tree:
        token = self.take()
        name = token.text[1:]
        args = self._arguments()
        if name in _REDUCTIONS and args and args[0].op in ("number", "neg"):  # X.sum(-1) is X.sum(axis=-1)
            args[0] = Tree("keyword", [args[0]], args[0].start, args[0].end, "axis")
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

    def _bracket(self, opened: Token) -> Tree:
        closing = CLOSING[opened.text]
        if opened.text == "{" and self.sees("}") and self.peek().text == "^":
            return self._prescript(opened)
        self._open(opened)
        in_row, self.in_row = self.in_row, 0
        in_range, self.in_range = self.in_range, False
        bars, self.bars = self.bars, []
        tree = self.expression(SUM)
        if self.sees(",") and (self.words.latex or self.text[opened.start] in "⟨〈"):
            members = [tree]
            while self.sees(","):
                self.take()
                members.append(self.expression(SUM))
            tree = Tree("tuple", members, opened.start, self.end())
        self.due(closing, opened)
        self.in_row, self.bars, self.in_range = in_row, bars, in_range
        self.depth -= 1
        tree.bracketed = True
        tree.extra["outer"] = (opened.start, self.end())
        return tree

    def _prescript(self, opened: Token) -> Tree:
        """Read {}^t x as the transpose of x."""
        self.take()
        self.take()
        inside, end = self._group_tokens()
        if "".join(t.text for t in inside) not in ("t", "T", "top"):
            raise self.error("what stands above left is not read", end)
        operand = self.expression(POSTFIX)
        return Tree("'", [operand], opened.start, operand.end)

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
        while place < min(len(self.tokens), self.at + MAX_ROW):
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
        closing = CLOSING.get(opened.text, opened.text)
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
        elif self.next.text == "inf" and not self.next.gap:  # ‖x‖∞
            index = self.take().text
        return Tree("norm", [inner], opened.start, self.end(), index)

    def _word(self, token: Token) -> Tree:
        """Read a name: a variable, a call, an application, a sum over indices."""
        name, follows = token.text, self.next
        called = follows.kind == "op" and follows.text == "("
        if (
            name in ("sum", "prod", "max", "min")
            and follows.text == "["
            and follows.kind == "op"
            and not self.words.latex
        ):
            return self._indexed_sum(token)
        if name == "sum" and called and not self.words.latex and (over := self._subscripts_within()):
            return self._sum_of_entries(token, over)
        if (
            called
            and name in ("N", "Normal")
            and name not in self.words.names
            and (made := self._density(token))
        ):
            return made
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
            if name == "1_vector" and follows.text == "[" and self._states_a_relation():
                return self._indicator(token)
            if name == "D" and self.words.closed and "D" not in self.words.names:
                found = self._frechet(token)
                if found is not None:
                    return found
            if (
                name == "E"
                and follows.text in ("[", "(", "{")
                and "E" not in self.words.names | self.words.defined
            ):
                return self._statistic("expect", token)
            if called and (self.words.is_function(name) or self._is_applied(tree)):
                args = self._arguments()
                if self.words.is_function(name) and name not in self.words.defined:
                    return self._named_call(name, args, token.start, token.start)
                return Tree("apply", [tree, *args], token.start, self.end())
            return tree
        low = re.fullmatch(r"(.+)_([a-z]+)", name)
        if low is not None and set(low[2]) <= set(self.bound):
            base = Tree("name", [], token.start, token.end, low[1])
            indices = [Tree("name", [], token.start, token.end, c) for c in low[2]]
            return Tree("sub", [base, *indices], token.start, token.end, name)
        if self.words.document and name[0] == "d" and (found := self._plain_derivative(token)):
            return found
        if called and not follows.gap and self._is_factor(name):
            return tree
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
        if follows.text == "[" and not follows.gap and name != "sigma" and self.words.is_function(name):
            return self._named_call(name, self._until_closed_any(self.take()), token.start, token.start)
        if follows.text == "[" and not follows.gap and name in ("E", "Var", "Cov") and self.words.document:
            return self._statistic({"E": "expect", "Var": "var", "Cov": "cov"}[name], token)
        return tree

    def _density(self, token: Token) -> Tree | None:
        """Return N(x | m, S) or N(x; m, S) as the normal density; None for another bracket."""
        depth, place, parts = 0, self.at, [[]]  # type: ignore[var-annotated]
        parting = ""
        while self.tokens[place].kind != "end":
            t = self.tokens[place]
            depth += (t.text in ("(", "[", "{")) - (t.text in (")", "]", "}"))
            if not depth:
                break
            if depth == 1 and t.text in ("|", ";", ","):
                parting += t.text
                parts.append([])
            elif place > self.at:
                parts[-1].append(t)
            place += 1
        if depth or parting not in ("|,", ";,") or not all(parts):
            return None
        args = [self._inside(part, part[-1].end) for part in parts]
        self.at = place + 1
        tree = Tree("call", args, token.start, self.end(), "normaldensity")
        tree.extra["at"] = token.start
        return tree

    def _subscripts_within(self) -> list[str]:
        """Return the letters i, j, k that names in the bracket that comes next have as subscripts, x_i, and are no names."""
        depth, letters = 0, dict[str, None]()
        for t in self.tokens[self.at :]:
            depth += (t.text in ("(", "[")) - (t.text in (")", "]"))
            if t.kind in ("sum", "product") or not depth:
                break
            low = re.fullmatch(r"[A-Za-z]+_([ijk]{1,2})", t.text) if t.kind == "name" else None
            if low is not None and t.text not in self.words.names | self.words.wanted:
                letters |= dict.fromkeys(low[1])
        return [c for c in letters if c not in self.words.names and c not in self.bound]

    def _sum_of_entries(self, token: Token, over: list[str]) -> Tree:
        """Read sum(x_i^2) as the sum over i."""
        self.bound += over
        body, *further = self._until_closed(self.take())
        del self.bound[len(self.bound) - len(over) :]
        if further:
            raise self.error("a sum over an index has one argument", further[0].start)
        names = [Tree("name", [], token.start, token.end, c) for c in over]
        said = f"sum(...) of entries with the index {' and '.join(over)} is read as the sum over {' and '.join(over)}"
        return Tree(
            "sum",
            [body, *names],
            token.start,
            self.end(),
            {"relations": [], "bounds": {}},
            extra={"note": said},
        )

    def _is_factor(self, name: str) -> bool:
        """Tell whether W in W(A*x - b) is a matrix that is multiplied: a capital letter before a sum or a product."""
        if self.words.document or len(name) > 1 or not name.isupper() or self.words.is_function(name):
            return False
        depth, operators = 0, 0
        for t in self.tokens[self.at :]:
            depth += (t.text in ("(", "[")) - (t.text in (")", "]"))
            if not depth:
                return operators > 0
            if depth == 1 and t.text == ",":
                return False
            operators += t.kind == "op" and t.text in ("+", "-", "*", "/", "@")
        return False

    def _states_a_relation(self) -> bool:
        """Tell whether a relation stands in the bracket that comes next."""
        depth, place = 0, self.at
        while self.tokens[place].kind != "end":
            t = self.tokens[place]
            depth += (t.text in ("(", "[", "{")) - (t.text in (")", "]", "}"))
            if not depth:
                return False
            if depth == 1 and t.text in (">", "<", "≥", "≤"):
                return True
            place += 1
        return False

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


def _is_squared_norm(tree: Tree) -> bool:
    return tree.op == "^" and tree.args[0].op == "norm" and not tree.args[0].value


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
