"""A place among the tokens of a formula, and what every part of the parser does there: brackets, groups, errors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from derive.language.scope import ParseError
from derive.language.tokens import Token
from derive.language.tree import Tree

#: Binding powers, loosest first; ⊙ and ∘ bind a term, looser than products do.
CHAIN, SUM, TERM, PRODUCT, UNARY, POWER, POSTFIX = 0, 10, 15, 20, 30, 40, 50
#: How deep brackets may be nested, and how deep operands.
MAX_DEPTH, MAX_OPERANDS = 150, 280

CLOSING = {"(": ")", "[": "]", "{": "}", "||<": "||>", "|<": "|>"}


@dataclass
class Vocabulary:
    """What names mean before shapes are known.

    `functions` are the functions of the language, `defined` those of the document, `names` its variables, `indices`
    letters that are indices wherever they are subscripts, `wanted` the variables to differentiate by; `latex` tells the notation, `document` that derivatives are
    written dL/dW in plain text, too, `closed` that no names occur but those known, as in claims; `unknown` are functions of which no more is known.
    """

    functions: frozenset[str] = frozenset()
    defined: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    indices: set[str] = field(default_factory=set)
    wanted: set[str] = field(default_factory=set)
    latex: bool = False
    document: bool = False
    closed: bool = False
    unknown: frozenset[str] = frozenset()

    def is_function(self, name: str) -> bool:
        """Tell whether a name before a bracket is that of a function."""
        return name in self.defined or (
            name not in self.names and (name in self.functions or name in ("sigma", "ln", "trace", "Tr"))
        )


class Cursor(ABC):
    """Goes through tokens; `expression` and `chain` are what the parser makes of them."""

    def __init__(self, text: str, found: list[Token], vocabulary: Vocabulary) -> None:
        self.text, self.tokens, self.words = text, found, vocabulary
        self.at = 0
        self.depth = 0
        self.operands = 0
        self.bars: list[str] = []
        self.bound: list[str] = []
        self.in_row = 0
        self.in_range = False  # between the brackets of x[2:n], where a colon is no inner product

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

    def _too_deep(self, position: int) -> ParseError:
        return self.error(
            f"nested more than {MAX_DEPTH} deep: name parts of it or write it flatter", position
        )

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

    def _open(self, token: Token) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._too_deep(token.start)

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

    def _inside_chain(self, inside: list[Token], end: int) -> Tree:
        rest, at = self.tokens, self.at
        self.tokens, self.at = [*inside, Token("end", "", end, end)], 0
        try:
            return self.chain()
        finally:
            self.tokens, self.at = rest, at

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
        self.due(CLOSING[opened.text], opened)
        self.in_row, self.bars = in_row, bars
        self.depth -= 1
        return args

    def _until_closed_any(self, opened: Token) -> list[Tree]:
        self._open(opened)
        bars, self.bars = self.bars, []
        args = [self.expression(SUM)]
        while self.sees(",") or (self.next.kind == "sep" and self.next.text == ","):
            self.take()
            args.append(self.expression(SUM))
        self.due(CLOSING[opened.text], opened)
        self.bars = bars
        self.depth -= 1
        return args

    def _argument(self) -> Tree:
        """Return an argument; axis=1 is a keyword, 'fro' a text."""
        if self.next.kind == "string":
            string = self.take()
            return Tree("text", [], string.start, string.end, string.text)
        if (
            self.next.kind == "name"
            and self.peek().text == "="
            and self.peek(2).kind in ("number", "name", "op", "string")
        ):
            key = self.take()
            self.take()
            value = self._argument()
            return Tree("keyword", [value], key.start, self.end(), key.text)
        tree = self.expression(SUM)
        if self.sees("<", ">", "≤", "≥"):  # the condition of where(x > 0, x, y)
            sign = self.take().text
            other = self.expression(SUM)
            return Tree("chain", [tree, other], tree.start, other.end, [sign])
        return tree

    def _named_call(self, name: str, args: list[Tree], start: int, at: int) -> Tree:
        if name == "einsum" and args and args[0].op == "text":
            return Tree("einsum", args[1:], start, self.end(), args[0].value)
        tree = Tree("call", args, start, self.end(), name)
        tree.extra["at"] = at
        return tree

    @abstractmethod
    def expression(self, level: int) -> Tree:
        """Return the longest expression whose operators all bind tighter than a level, or as tight."""

    @abstractmethod
    def _latex_power(self, left: Tree, sign: Token) -> Tree: ...

    @abstractmethod
    def chain(self) -> Tree:
        """Return an expression, or a chain of relations."""

    @abstractmethod
    def _power(self, left: Tree) -> Tree: ...
