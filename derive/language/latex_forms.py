"""The forms of LaTeX: what stands above and below a name, functions without brackets, fractions, matrices, cases."""

from __future__ import annotations

import re

from sympy import Rational

from derive.language.calculus import Calculus
from derive.language.cursor import POWER, SUM
from derive.language.tokens import Token
from derive.language.tree import Tree

_TRANSPOSES = frozenset({"T", "top", "intercal", "dagger", "H"})
#: What stands above a matrix that is transposed, where it is no name.
_ALSO_TRANSPOSES = frozenset({"t", "tr"})
#: Functions that are written as names with an index.
_EXTREMES = {"lambda_max": "eigmax", "lambda_min": "eigmin", "sigma_max": "normspec", "s_max": "normspec"}
#: What sigma_i(X) and lambda_i(X) in a sum over i are entries of.
_SPECTRA = {"sigma": "svdvals", "lambda": "eigvals"}
#: Subscripts that are words, not indices.
_LABELS = frozenset(
    "in out min max new old tr test ref true pred fan total eff obs opt est MLE ML MAP OLS".split()
)


class LatexForms(Calculus):
    """Reads what only LaTeX and paper write."""

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

    def _latex_power(self, left: Tree, sign: Token) -> Tree:
        inside, end = self._group_tokens()
        spelt = [t.text for t in inside]
        joined = "".join(spelt)
        if joined in _TRANSPOSES or (joined in _ALSO_TRANSPOSES and self._is_transposed(left, joined)):
            return Tree("'", [left], left.start, end)
        if len(spelt) > 1 and spelt[0] == "-" and spelt[1] in _TRANSPOSES and len(spelt) == 2:
            return self._raised(left, "-T", sign._replace(end=end))
        if joined in ("'", "''", "prime"):
            return Tree("'", [left], left.start, end)
        if joined == "+":
            return Tree("call", [left], left.start, end, "pinv")
        if joined in ("*", "star", "ast") and left.op in ("name", "sub") and self._is_adjoint(left):
            tree = Tree("'", [left], left.start, end)
            tree.extra["note"] = f"{left.value}^* is read as the transpose of {left.value}: numbers are real"
            return tree
        if joined in ("*", "star", "ast") and left.op in ("name", "sub"):
            return Tree("name", [], left.start, end, f"{left.value}star", bold=left.bold)
        if "".join(spelt[:1] + spelt[-1:]) in ("()", "[]") and left.op in ("name", "sub") and len(spelt) > 2:
            label = "".join(re.sub(r"\W", "", s) for s in spelt[1:-1])
            if label in self.bound:  # x^{(i)}, the i-th of many
                base, rest = (left, []) if left.op == "name" else (left.args[0], left.args[1:])
                return self._applied_sub(self._joined(base, [self._inside(inside[1:-1], end), *rest], end))
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

    def _is_transposed(self, left: Tree, sign: str) -> bool:
        """Tell whether x^t is the transpose of x: t is no variable, and x no number."""
        others = [t for i, t in enumerate(self.tokens) if t.kind == "name" and t.text == sign
                  and not (i and self.tokens[i - 1].text in ("^", "{"))]  # fmt: skip
        if others or sign in self.words.names | self.words.wanted or sign in self.bound:
            return False
        return left.bracketed or (left.op in ("name", "sub") and left.value != "e")

    def _is_adjoint(self, left: Tree) -> bool:
        """Tell whether X^* is the transpose of X: X stands elsewhere without it, and is a matrix."""
        if not str(left.value)[:1].isupper():
            return False
        at = [i for i, t in enumerate(self.tokens) if t.kind == "name" and t.text == left.value]
        return any(self.tokens[min(i + 1, len(self.tokens) - 1)].text != "^" for i in at)

    def _with_label(self, left: Tree, label: str) -> Tree:
        base = left if left.op == "name" else left.args[0]
        tree = Tree("name", [], left.start, left.end, f"{base.value}_{label}", bold=base.bold)
        if left.op != "name":
            return self._joined(tree, left.args[1:], left.end)
        return tree

    def _subscript(self, left: Tree) -> Tree:
        self.take()
        inside, end = self._group_tokens()
        if left.op == "^" and left.args[0].op == "norm" and not left.args[0].value:
            left.args[0].value = "".join(t.text for t in inside)
            left.end = end
            return left
        if left.op == "tuple":  # the inner product <A, B>_F
            return left
        if left.op == "norm" and not left.value:
            left.value, left.end = "".join(t.text for t in inside), end
            return left
        if left.op == "'" or (left.op == "^" and left.args[0].op in ("name", "sub")):
            inner = self._indexed(left.args[0], inside, end)
            return Tree(left.op, [inner, *left.args[1:]], left.start, end, left.value)
        return self._eigen(self._applied_sub(self._indexed(left, inside, end)))

    def _eigen(self, tree: Tree) -> Tree:
        r"""Return \lambda_1(A) and v_1(A), where these are no names of a claim, as the eigenvalue and the eigenvector."""
        word = {"lambda": "eigval", "v": "eigvec"}.get(str(tree.args[0].value)) if tree.op == "sub" else None
        if word is None or not self.words.closed or len(tree.args) != 2 or not self.sees("("):
            return tree
        if {tree.value, tree.args[0].value} & self.words.names:
            return tree
        return Tree("call", [*self._arguments(), tree.args[1]], tree.start, self.end(), word)

    def _frechet(self, token: Token) -> Tree | None:
        r"""Return \mathrm{D}\exp(X)[E], where D is no name of a claim, as the derivative of the matrix function at X."""
        place = self.at
        if self.sees("^"):
            self.take()
            self._group_tokens()
        word = {"exp": "expm"}.get(self.next.text, self.next.text)
        if self.next.kind not in ("func", "name") or f"d{word}" not in self.words.functions:
            self.at = place
            return None
        self.take()
        args = self._arguments()
        if not self.sees("["):
            raise self.unexpected("the directions in square brackets")
        args += self._until_closed_any(self.take())
        return Tree("call", args, token.start, self.end(), f"d{word}")

    def _applied_sub(self, tree: Tree) -> Tree:
        """Return h_theta(x) as an application where the text defines such a function, lambda_max(A) as eigmax."""
        if tree.op == "sub" and tree.value in _EXTREMES and self.sees("("):
            return self._named_call(_EXTREMES[tree.value], self._arguments(), tree.start, tree.start)
        if (
            tree.op == "sub"
            and (word := _SPECTRA.get(str(tree.args[0].value)))
            and [a.value for a in tree.args[1:]] == self.bound[-1:]
            and self.sees("(")
        ):
            call = self._named_call(word, self._arguments(), tree.start, tree.start)
            return Tree("index", [call, tree.args[1]], tree.start, self.end())
        if tree.op != "sub" or tree.value not in self.words.defined or not self.sees("("):
            return tree
        head = Tree("name", [], tree.start, tree.end, tree.value)
        return Tree("apply", [head, *self._arguments()], tree.start, self.end())

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
                in_range, self.in_range = self.in_range, True
                indices.append(self._inside(group, group[-1].end))
                self.in_range = in_range
        if left.op not in ("name", "sub") or left.bracketed:
            return Tree("index", [left, *indices], left.start, end)
        return self._joined(left, indices, end)

    def _joined(self, left: Tree, indices: list[Tree], end: int) -> Tree:
        base, before = (left, []) if left.op == "name" else (left.args[0], left.args[1:])
        every = [*before, *indices]
        spelled = (str(i.value) if i.op == "name" else self.text[i.start : i.end] for i in every)
        label = "".join(re.sub(r"\W+", "", s.replace("\\", "")) for s in spelled)
        return Tree("sub", [base, *every], left.start, end, f"{base.value}_{label}" if label else base.value,
                    bold=base.bold)  # fmt: skip

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

    def _func(self, token: Token) -> Tree:
        """Read a function of LaTeX: with an argument in brackets, or the product that follows."""
        name = token.text
        power: Tree | None = None
        prime = 0
        base = ""
        under: list[Token] = []
        while self.sees("^", "_", "'"):
            sign = self.take()
            if sign.text == "'":
                prime += 1
                continue
            inside, end = self._group_tokens()
            if sign.text == "_":
                base, under = "".join(t.text for t in inside), inside
            elif "".join(t.text for t in inside) == "-1" and name in ("sin", "cos", "tan"):
                name = f"arc{name}"
            elif "".join(t.text for t in inside) in ("prime", "'"):
                prime += 1
            else:
                power = self._inside(inside, end)
        if name in ("var", "cov", "expect") and (self.sees("(", "[", "{")):
            return self._statistic(name, token)
        if name in ("max", "min") and under and power is None:
            return self._extremum(name, under, token)
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
        if base in ("rows", "columns"):
            args.append(Tree("name", [], token.start, token.end, base))
        elif name == "reshape" and under and len(args) == 1:
            cut = next((k for k, t in enumerate(under) if t.text in ("*", "x", ",")), 0)
            args += [self._inside(part, part[-1].end) for part in (under[:cut], under[cut + 1 :]) if part]
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
