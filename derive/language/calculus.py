"""The signs of calculus: sums and products over indices, derivatives, integrals, expectations."""

from __future__ import annotations

import re
from typing import Any

from derive.language.cursor import CLOSING, POSTFIX, TERM, UNARY, Cursor
from derive.language.tokens import Token
from derive.language.tree import Tree


class Calculus(Cursor):
    """Reads sums, derivatives, integrals and statistics."""

    def _indexed_sum(self, token: Token) -> Tree:
        """Read sum[i](...), prod[i](...), sum[i<j](...), sum[i, j](...)."""
        opened = self.take()
        names: list[Tree] = []
        relations: list[tuple[str, ...]] = []
        while True:
            if self.next.kind != "name":
                raise self.unexpected("an index such as i")
            name = self.take()
            names.append(Tree("name", [], name.start, name.end, name.text))
            while self.sees("<", "≠", "≤", ">", "≥"):
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
        value: dict[str, Any] = {"relations": relations, "bounds": {}}
        op = token.text
        if op in ("max", "min"):
            op, value["word"] = "prod", op
        return Tree(op, [body, *names], token.start, self.end(), value)

    def _big(self, token: Token) -> Tree:
        r"""Read \sum_{i=1}^n and \prod before their body."""
        op = "sum" if token.kind == "sum" else "prod"
        names: list[Tree] = []
        relations: list[tuple[str, ...]] = []
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
        body = self.expression(TERM)
        del self.bound[len(self.bound) - len(names) :]
        for i, of in [(r[0], r[2]) for r in relations if r[1] == "where"]:
            body = self._within(body, [i], of)
        for indices, (family, *others) in [(r[0], r[2:]) for r in relations if r[1] == "∈"]:
            body = self._within(body, [*others, *indices.split(",")], family)
        value = {"relations": relations, "bounds": bounds}
        return Tree(op, [body, *names], token.start, body.end, value, extra={"big": True})

    def _extremum(self, name: str, under: list[Token], token: Token) -> Tree:
        r"""Read \max_i x_i, the largest over an index."""
        names: list[Tree] = []
        relations: list[tuple[str, ...]] = []
        bounds: dict[str, Any] = {}
        self._limits(under, names, relations, bounds)
        self.bound += [n.value for n in names]
        body = self.expression(TERM)
        del self.bound[len(self.bound) - len(names) :]
        used = {a.value for p in body.walk() if p.op in ("sub", "index") for a in p.args[1:]}
        if not names or any(n.value not in used for n in names):
            said = ", ".join(n.value for n in names) or "what stands below"
            raise self.error(
                f"a {name} over {said} is no function of entries: {name} over an index is", token.start
            )
        value = {"relations": relations, "bounds": bounds, "word": name}
        return Tree("prod", [body, *names], token.start, body.end, value)

    def _limits(self, inside: list[Token], names: list[Tree], relations: list[tuple[str, ...]],
                bounds: dict[str, Any]) -> None:  # fmt: skip
        place = 0
        inside = [t for t in inside if t.text not in ("{", "}")]
        if (at := next((k for k, t in enumerate(inside) if k and t.text in (":", "|")), 0)) and inside[
            at:
        ] != []:
            condition = inside[at + 1 :]
            spelt = [t.text for t in condition]
            if spelt[1:] != ["_", inside[0].text, "=", "1"] or condition[0].kind != "name":
                said = (
                    "a condition on an index is read as y_i = 1: multiply the terms by 1[...] for another one"
                )
                raise self.error(said, inside[at].start)
            relations.append((inside[0].text, "where", condition[0].text))
            inside = inside[:at]
        while place < len(inside):
            t = inside[place]
            pair = inside[place : place + 7]
            if "".join("n" if p.kind == "name" else p.text for p in pair) in ("(n,n)∈n", "n,n∈n") and "∈" in (
                p.text for p in pair
            ):  # (i, j) of a set of pairs
                of = [p for p in pair if p.kind == "name"]
                names += [Tree("name", [], p.start, p.end, p.text) for p in of[:2]]
                relations.append((f"{of[0].text},{of[1].text}", "∈", of[2].text))
                return
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
                    elif sign == "∈" and [r.text for r in rest[1:-1]] == ["_"] and rest[0].kind == "name":
                        relations.append((t.text, sign, rest[0].text, rest[-1].text))
                    elif sign == "∈" and len(rest) > 1 and rest[0].text not in ("[", "(", "{", "\\{"):
                        raise self.error("the set of this sum is not read", rest[0].start)
                    elif sign == "≠" and [r.text for r in rest[1:-1]] == ["_"] and rest[0].kind == "name":
                        relations.append((t.text, sign, f"{rest[0].text}_{rest[-1].text}"))
                    elif len(rest) > 1 and sign != "∈":
                        raise self.error("this relation among indices is not read", rest[0].start)
                    elif len(rest) == 1:
                        relations.append((t.text, sign, rest[0].text))
                        if (
                            rest[0].kind == "name"
                            and sign != "∈"
                            and rest[0].text not in [n.value for n in names]
                        ):
                            if rest[0].text in self.bound or sign == "≠":
                                pass
                            alone = sign == "≠" and not (t.text < rest[0].text <= "n")  # over j, for one i
                            names.extend([] if rest[0].text in self.bound or alone else [
                                Tree("name", [], rest[0].start, rest[0].end, rest[0].text)])  # fmt: skip
                        place -= 1 if place < len(inside) and inside[place].text in ("<", "≤") else 0
                    continue
            place += 1

    def _within(self, body: Tree, indices: list[str], name: str) -> Tree:
        """Return what is summed over the members of a set, times 1 for every member and 0 for what is none."""
        at = body.start
        entry = Tree(
            "index", [Tree("name", [], at, at, name), *[Tree("name", [], at, at, i) for i in indices]], at, at
        )
        entry.extra["note"] = (
            f"{name} is read as the {'vector' if len(indices) == 1 else 'matrix'} with 1 for what is in it, else 0"
        )
        if body.op == "+":
            body.bracketed = True
        return Tree("*", [entry, body], at, body.end, ["*"])

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
        body = self._inside(what, what[-1].end) if what else self.expression(TERM)
        return Tree("derivative", [body, *by], token.start, max(end, self.end()),
                    {"order": order, "kind": sign, "operator": not what})  # fmt: skip

    def _order(self, what: list[Token]) -> tuple[int, list[Token]]:
        if what[1].text == "{":
            close = next(i for i, t in enumerate(what) if t.text == "}")
            digits, rest = "".join(t.text for t in what[2:close]), what[close + 1 :]
        else:
            digits, rest = what[1].text, what[2:]
        return (int(digits) if digits.isdigit() else 2), rest

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
        # A number in front is part of what is differentiated: ∇ ½|x|².
        what = self.expression(TERM if self.next.kind in ("number", "frac") else UNARY)
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
        if what is not None and self.words.latex and self.sees("^") and self.peek().text == "{" and (
            self.peek(2).text == "("  # the layer of dz^{(2)}
        ):  # fmt: skip
            what = self._latex_power(what, self.take())
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
                what = self.expression(TERM)
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
        of_function = follows.kind == "func" and self.words.document  # d \\log\\det A
        if (
            "d" in self.words.names
            or not starts
            or (follows.gap and follows.kind != "name" and not of_function)
        ):
            return Tree("name", [], token.start, token.end, "d")
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
                what = self.expression(TERM)
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
        self.due(CLOSING[opened.text], opened)
        self.depth -= 1
        return Tree("indicator", [condition], token.start, self.end())

    def _integral(self, token: Token) -> Tree:
        lower = upper = Tree("empty", [], token.start, token.end)
        for _ in range(2):
            if self.sees("_"):
                self.take()
                lower = self._group()
            elif self.sees("^"):
                self.take()
                upper = self._group()
        if self.next.kind == "d":  # the dx in front: \\int dx f(x)
            self.take()
            variable = self.expression(POSTFIX)
            body = self.expression(TERM)
            return Tree("integral", [body, variable, lower, upper], token.start, self.end())
        depth, place, inner = 0, self.at, 0
        while self.tokens[place].kind != "end":
            t = self.tokens[place]
            if t.kind == "op":
                depth += (t.text in ("(", "[", "{")) - (t.text in (")", "]", "}"))
                if depth < 0:
                    break
            inner += t.kind == "integral"
            if t.kind == "d" and not depth and place > self.at:
                if not inner:
                    break
                inner -= 1  # the dx of an integral within
            place += 1
        if self.tokens[place].kind != "d":
            raise self.error("this integral has no dx", token.start)
        inside = self.tokens[self.at : place]
        body = self._inside(inside, inside[-1].end)
        self.at = place + 1
        variable = self.expression(POSTFIX)
        return Tree("integral", [body, variable, lower, upper], token.start, self.end())
