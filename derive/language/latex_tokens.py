"""The tokens of a formula in LaTeX, in the terms of the parser: commands become names, functions and signs."""

from __future__ import annotations

import re

from derive.language.scope import ParseError
from derive.language.tokens import FRACTIONS, GREEK, SIGNS, Token
from derive.language.words import ALSO, FUNCTIONS

#: What looks like LaTeX: a command with letters, or braces after ^ or _.
LATEX = re.compile(r"\\[A-Za-z]{2,}|\\[,;:!]|[_^]\{|\\\||\\\\|^\s*\$|\^T[A-Za-z]|\^t[A-Z]|\^\w_")

_RAW = re.compile(
    r"(?P<comment>%[^\n]*)|(?P<space>[ \t\r\n~]+|\\[,!:; ]|\$+)"
    r"|(?P<begin>\\begin\s*\{(?P<b>[A-Za-z]+\*?)\}(?:\{[lcr|]*\})?)|(?P<finish>\\end\s*\{(?P<e>[A-Za-z]+\*?)\})"
    r"|(?P<newline>\\\\\*?(?:\s*\[[0-9.]+\s*[a-z]+\])?)"
    r"|(?P<command>\\(?:[A-Za-z]+\*?|.))|(?P<number>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)|(?P<letter>[A-Za-z])"
    r"|(?P<other>.)",
    re.DOTALL,
)
_GREEK_COMMANDS = {
    **{f"\\{name}": name for name in set(GREEK.values())},
    "\\varepsilon": "epsilon", "\\vartheta": "theta", "\\varphi": "phi", "\\varpi": "varpi", "\\varrho": "rho", "\\varsigma": "sigma",
    "\\ell": "ell", "\\hbar": "hbar", "\\imath": "i", "\\jmath": "j",
}  # fmt: skip
_FUNCTIONS = {
    "log": "log", "ln": "log", "exp": "exp", "sin": "sin", "cos": "cos", "tan": "tan", "sinh": "sinh", "cosh": "cosh",
    "tanh": "tanh", "arcsin": "arcsin", "arccos": "arccos", "arctan": "arctan", "det": "det", "max": "max",
    "min": "min", "tr": "tr", "Tr": "tr", "trace": "tr", "Trace": "tr", "diag": "diag", "Diag": "diag", "vec": "vec",
    "vech": "vech", "softmax": "softmax", "sigmoid": "sigmoid", "logsumexp": "logsumexp", "LSE": "logsumexp",
    "lse": "logsumexp", "relu": "relu", "ReLU": "relu", "RELU": "relu", "sign": "sign", "sgn": "sign",
    "softplus": "softplus", "gelu": "gelu", "GELU": "gelu", "swish": "swish", "SiLU": "swish", "silu": "swish",
    "erf": "erf", "logdet": "logdet", "adj": "adj", "expm": "expm", "Var": "var", "Cov": "cov", "var": "var",
    "cov": "cov", "sum": "sum", "abs": "abs", "sqrt": "sqrt", "logm": "logm", "sqrtm": "sqrtm", "mean": "mean",
    "pinv": "pinv", "inv": "inv", "norm": "norm", "vecop": "vec", "lgamma": "lgamma", "digamma": "digamma",
    "toeplitz": "toeplitz", "reshape": "reshape", "kron": "kron", "dexpm": "dexpm", "eigval": "eigval",
    "eigvec": "eigvec", "elu": "elu", "clip": "clip", "step": "step", "huber": "huber", "cumsum": "cumsum",
    "normcdf": "normcdf", "sinm": "sinm", "cosm": "cosm", "chol": "chol", "commutation": "commutation",
    "std": "std", "skew": "skew", "rank": "rank", "Expect": "expect",
}  # fmt: skip
_SIGNS = {
    "\\cdot": "*", "\\times": "*", "\\ast": "*", "\\odot": ".*", "\\circ": ".*", "\\otimes": "kron", "\\div": "/",
    "\\circledast": ".*", "\\boxdot": ".*", "\\oslash": "./", "\\bullet": "*", "\\le": "≤", "\\leq": "≤", "\\leqslant": "≤", "\\ge": "≥", "\\geq": "≥", "\\geqslant": "≥",
    "\\ne": "≠", "\\neq": "≠", "\\lt": "<", "\\gt": ">", "\\in": "∈", "\\sim": "∼", "\\approx": "≈", "\\simeq": "≈",
    "\\cong": "≈", "\\propto": "∝", "\\equiv": "=", "\\triangleq": "=", "\\coloneqq": ":=", "\\to": "→", "\\mapsto": "↦",
    "\\rightarrow": "→", "\\mid": "|", "\\vert": "|", "\\|": "||", "\\Vert": "||", "\\lVert": "||<", "\\rVert": "||>",
    "\\lvert": "|<", "\\rvert": "|>", "\\{": "(", "\\}": ")", "\\lbrace": "(", "\\rbrace": ")", "\\lbrack": "[",
    "\\rbrack": "]", "\\langle": "(", "\\rangle": ")", "\\lfloor": "(", "\\rfloor": ")", "\\backslash": "\\",
    "\\prime": "'", "\\succ": ">", "\\succeq": "≥", "\\prec": "<", "\\preceq": "≤", "\\colon": ":", "\\setminus": "\\",
}  # fmt: skip
_SEPARATORS = {
    "\\quad": "quad", "\\qquad": "quad", "\\Rightarrow": "⇒", "\\implies": "⇒", "\\Longrightarrow": "⇒",
    "\\therefore": "⇒", "\\iff": "⇔", "\\Leftrightarrow": "⇔", "\\Longleftrightarrow": "⇔", "\\newline": "\\\\",
    "\\because": "⇐", "\\Leftarrow": "⇐", "\\wedge": ",", "\\land": ",",
}  # fmt: skip
_SIZES = re.compile(r"\\(?:left|right|middle|[bB]ig{1,2}[lrm]?)")
_FONTS = frozenset(
    "\\mathbf \\boldsymbol \\bm \\mathrm \\mathit \\mathsf \\mathtt \\mathcal \\mathscr \\mathfrak \\mathbb \\vec "
    "\\operatorname \\operatorname* \\text \\textrm \\textbf \\textit \\mbox \\symbf \\pmb \\underline \\mathnormal "
    "\\textsc \\textsf \\texttt \\bf".split()
)
_BOLD = frozenset("\\mathbf \\boldsymbol \\bm \\vec \\symbf \\pmb \\textbf \\underline".split())
_ACCENTS = {
    "\\hat": "hat", "\\widehat": "hat", "\\bar": "bar", "\\overline": "bar", "\\tilde": "tilde", "\\widetilde": "tilde",
    "\\dot": "dot", "\\ddot": "ddot", "\\check": "check", "\\breve": "breve", "\\acute": "acute",
}  # fmt: skip
_DROPPED = frozenset(
    "\\displaystyle \\textstyle \\scriptstyle \\limits \\nolimits \\nonumber \\notag \\qedhere \\hfill \\hline \\! \\/ "
    "\\ \\- \\@ \\smash \\strut \\centering \\allowbreak \\mathstrut \\null \\relax \\it \\rm \\cal "
    "\\mathop \\mathrel \\mathbin \\ensuremath \\color \\thinspace \\medspace \\negthinspace "
    "\\enspace".split()
)
#: Commands whose argument says nothing that is calculated with.
_LABELS = frozenset("\\label \\tag \\tag* \\ref \\eqref \\cite \\vspace \\hspace \\vspace* \\hspace* \\phantom "
                    "\\hphantom \\vphantom \\textcolor \\footnote".split())  # fmt: skip


class _Reader:
    """Goes through raw pieces and puts out tokens."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.raw = [
            (
                m.lastgroup
                if m.lastgroup not in ("b", "e")
                else ("begin" if m.lastgroup == "b" else "finish"),
                m,
            )
            for m in _RAW.finditer(text)
        ]
        self.raw = [(k, m) for k, m in self.raw if k != "comment"]
        self.at = 0
        self.found: list[Token] = []
        self.gap = False
        self.bold_until: list[int] = []

    def put(self, kind: str, text: str, start: int, end: int, bold: bool = False) -> None:
        """Put out a token."""
        self.found.append(Token(kind, text, start, end, self.gap, bold))
        self.gap = False

    def skip_space(self) -> None:
        """Go past spaces."""
        while self.at < len(self.raw) and self.raw[self.at][0] == "space":
            self.at += 1

    def group(self) -> tuple[int, int]:
        """Return the raw pieces of the group or single piece that follows, as places, and go past it."""
        self.skip_space()
        if self.at >= len(self.raw):
            raise ParseError("expected {...}, but the text ends", self.text, len(self.text))
        if self.raw[self.at][1][0] != "{":
            self.at += 1
            return self.at - 1, self.at
        start, depth = self.at + 1, 0
        while self.at < len(self.raw):
            piece = self.raw[self.at][1][0]
            depth += (piece == "{") - (piece == "}")
            self.at += 1
            if not depth:
                return start, self.at - 1
        raise ParseError("this bracket is never closed", self.text, self.raw[start - 1][1].start())

    def text_of(self, start: int, end: int) -> str:
        """Return the text of raw pieces."""
        return "".join(m[0] for _, m in self.raw[start:end]).strip()

    def all(self) -> list[Token]:
        """Return all tokens."""
        while self.at < len(self.raw):
            kind, hit = self.raw[self.at]
            self.at += 1
            self.one(kind or "", hit)
        self.put("end", "", len(self.text), len(self.text))
        return self.found

    def one(self, kind: str, hit: re.Match[str]) -> None:
        """Put out the tokens of one raw piece."""
        piece, start, end = hit[0], hit.start(), hit.end()
        bold = bool(self.bold_until) and self.at <= self.bold_until[-1]
        if kind == "space":
            self.gap = True
        elif kind == "begin":
            self.put("begin", hit["b"], start, end)
        elif kind == "finish":
            self.put("finish", hit["e"], start, end)
        elif kind == "newline":
            self.put("sep", "\\\\", start, end)
        elif kind == "number":
            self.put("number", piece, start, end, bold)
        elif kind == "letter":
            self.letters(hit, bold)
        elif kind == "command":
            self.command(piece, start, end, bold)
        elif piece == "&":
            self.put("amp", "&", start, end)
        elif piece in "∑∏" or (piece in "ΣΠ" and self._has_bounds()):
            self.put("sum" if piece in "∑Σ" else "product", piece, start, end)
        elif piece in GREEK:
            self.put("name", GREEK[piece], start, end, bold)
        elif piece in FRACTIONS:
            self.put("number", FRACTIONS[piece], start, end)
        elif piece in ";":
            self.put("sep", piece, start, end)
        elif piece == "∂":
            self.put("partial", piece, start, end)
        elif piece == "∇":
            self.put("nabla", piece, start, end)
        elif piece in "⇒∴":
            self.put("sep", "⇒", start, end)
        elif piece == "…":
            self.put("dots", piece, start, end)
        elif piece in "+-*/^'()[]{},:=|<>_.!" or piece in SIGNS:
            follows = self.raw[self.at][1][0] if self.at < len(self.raw) else ""
            if piece in "|:" and follows == ("|" if piece == "|" else "="):
                self.at += 1
                self.put("op", "||" if piece == "|" else ":=", start, end + 1)
            elif piece == ".":
                self.put("sep", ".", start, end)
            else:
                self.put("op", SIGNS.get(piece, piece), start, end)
        else:
            shown = piece if piece.isprintable() else f"U+{ord(piece):04X}"
            raise ParseError(f"the character {shown} is not read in a formula", self.text, start)

    def letters(self, hit: re.Match[str], bold: bool) -> None:
        """Put out a letter, or the function that several letters spell: tr, exp, det."""
        run = [hit]
        place = self.at
        raised = bool(self.found) and self.found[-1].text in ("^", "_")  # one letter, of V^Tr and x_tr too
        while not raised and place < len(self.raw) and self.raw[place][0] == "letter":
            run.append(self.raw[place][1])
            place += 1
        word = "".join(m[0] for m in run)
        for length in range(min(len(word), 12), 1, -1):
            name = word[:length]
            if (
                name in _FUNCTIONS
                and (name not in ("sum", "rank", "norm") or (name != "rank" and self._opens_after(length)))
                and (length == len(word) or name in ("exp", "log", "tr"))
            ):
                self.at += length - 1
                self.put("func", _FUNCTIONS[name], hit.start(), run[length - 1].end(), bold)
                return
        if self._is_acronym(word, place):
            self.at = place
            self.put("name", word, hit.start(), run[-1].end(), bold)
        elif word in ("sum", "prod") and self.raw[place : place + 1] and self.raw[place][1][0] == "_":
            self.at = place
            self.put("sum" if word == "sum" else "product", word, hit.start(), run[-1].end())
        elif hit[0] == "d" and not bold:
            self.put("d", "d", hit.start(), hit.end())
        else:
            self.put("name", hit[0], hit.start(), hit.end(), bold)

    def _is_acronym(self, word: str, place: int) -> bool:
        """Tell whether KL in KL = ... is one name: capitals that stand nowhere else by themselves."""
        while place < len(self.raw) and self.raw[place][0] == "space":
            place += 1
        if len(word) < 2 or not word.isupper() or place >= len(self.raw) or self.raw[place][1][0] != "=":
            return False
        if self.found and self.found[-1].kind != "sep" and self.found[-1].text != ",":
            return False
        rest = re.sub(r"\\[A-Za-z]+", " ", self.text.replace(word, " "))
        return not set(word) & set(re.findall(r"[A-Za-z]", rest))

    def _has_bounds(self) -> bool:
        """Tell whether Σ is a sum, _{i=1} coming next."""
        ahead = "".join(m[0] for _, m in self.raw[self.at : self.at + 6])
        return re.match(r"_\{?\s*[a-z]\s*=", ahead) is not None

    def _opens_after(self, length: int) -> bool:
        place = self.at + length - 1
        return place < len(self.raw) and self.raw[place][1][0] == "("

    def command(self, piece: str, start: int, end: int, bold: bool) -> None:
        """Put out the tokens of a command."""
        if _SIZES.fullmatch(piece):
            self.skip_space()
            if self.at < len(self.raw) and self.raw[self.at][1][0] == ".":
                self.at += 1
                return
            if self.at < len(self.raw) and self.raw[self.at][1][0] in ("|", "\\|", "\\vert", "\\Vert", "‖"):
                hit = self.raw[self.at][1]
                self.at += 1
                side = "<" if piece.endswith(("left", "l")) else ">" if piece.endswith(("right", "r")) else ""
                if side == ">" and not piece.endswith("right") and not piece.endswith("r"):
                    side = ""
                bar = "||" if hit[0] in ("\\|", "\\Vert", "‖") else "|"
                if bar == "|" and self.at < len(self.raw) and self.raw[self.at][1][0] == "|":
                    self.at += 1
                    bar = "||"
                self.put("op", bar + side, start, hit.end())
        elif piece in _GREEK_COMMANDS:
            self.put("name", _GREEK_COMMANDS[piece], start, end, bold)
        elif piece in _SIGNS:
            self.put("op", _SIGNS[piece], start, end)
        elif piece in _SEPARATORS:
            self.put("sep", _SEPARATORS[piece], start, end)
        elif piece[1:] in _FUNCTIONS and piece not in ("\\vec", "\\sum", "\\sqrt"):
            self.put("func", _FUNCTIONS[piece[1:]], start, end)
        elif piece in ("\\frac", "\\tfrac", "\\dfrac", "\\cfrac"):
            self.put("frac", "frac", start, end)
        elif piece == "\\sqrt":
            self.put("sqrt", "sqrt", start, end)
        elif piece in ("\\sum", "\\prod", "\\int"):
            self.put({"\\sum": "sum", "\\prod": "product", "\\int": "integral"}[piece], piece, start, end)
        elif piece == "\\partial":
            self.put("partial", "∂", start, end)
        elif piece == "\\nabla":
            self.put("nabla", "∇", start, end)
        elif piece in ("\\top", "\\intercal", "\\dagger"):
            self.put("name", "top", start, end)
        elif piece == "\\infty":
            self.put("name", "inf", start, end)
        elif piece in ("\\dots", "\\ldots", "\\cdots", "\\vdots", "\\ddots", "\\dotsc", "\\dotsb"):
            self.put("dots", piece, start, end)
        elif piece in ("\\Pr",):
            self.put("name", "Pr", start, end)
        elif piece in _LABELS:
            self.group()
        elif piece in ("\\boxed", "\\fbox", "\\underbrace", "\\overbrace"):
            first, last = self.group()
            keep, self.at = self.at, first
            while self.at < last:
                kind, hit = self.raw[self.at]
                self.at += 1
                self.one(kind or "", hit)
            self.at = max(keep, self.at)
            if piece.endswith("brace"):  # with what stands under it
                self.skip_space()
                if self.at < len(self.raw) and self.raw[self.at][1][0] in "_^":
                    self.at += 1
                    self.group()
        elif piece in _FONTS:
            self.font(piece, start, end)
        elif piece in _ACCENTS:
            self.accent(piece, start)
        elif piece in ("\\star",):
            self.put("op", "*", start, end)
        elif piece in _DROPPED or not piece[1:].strip():
            self.gap = True
        elif piece in ("\\_", "\\#", "\\$", "\\%", "\\&"):
            raise ParseError(f"{piece} is not read in a formula", self.text, start)
        else:
            raise ParseError(f"the command {piece} is not read", self.text, start)

    def font(self, piece: str, start: int, end: int) -> None:
        """Put out what stands in a font: a name, a function, an operator of statistics, or prose."""
        first, last = self.group()
        finish = self.raw[self.at - 1][1].end()
        inside = self.text_of(first, last)
        bold = piece in _BOLD
        roman = piece in ("\\mathrm", "\\operatorname", "\\operatorname*", "\\text", "\\textrm", "\\mbox", "\\mathsf",
                          "\\texttt", "\\textsf", "\\mathit", "\\textit")  # fmt: skip
        if piece == "\\mathbb" and inside in ("E", "P", "V", "R", "1", "I", "N", "Z", "C"):
            kinds = {
                "E": ("func", "expect"),
                "V": ("func", "var"),
                "R": ("name", "R"),
                "1": ("indicator", "1"),
            }
            self.put(
                *kinds.get(inside, ("indicator", "1") if inside == "I" else ("name", inside)), start, finish
            )
        elif piece == "\\mathbf" and inside in ("1", "0"):
            self.put("name", "1_vector" if inside == "1" else "0_vector", start, finish, True)
        elif bold and inside == "E" and self._opens():
            self.put("func", "expect", start, finish)
        elif inside in ("1", "1_") and piece in ("\\mathrm", "\\boldsymbol", "\\bm"):
            self.put("name", "1_vector", start, finish, True)
        elif roman and inside in _FUNCTIONS and inside not in ("sum",):
            self.put("func", _FUNCTIONS[inside], start, finish)
        elif piece.startswith(("\\operatorname", "\\mathrm")) and (ALSO.get(inside, inside) in FUNCTIONS):
            self.put("func", ALSO.get(inside, inside), start, finish)
        elif inside in _GREEK_COMMANDS:
            self.put("name", _GREEK_COMMANDS[inside], start, finish, bold)
        elif roman and inside == "d":
            self.put("d", "d", start, finish)
        elif (roman and inside in ("T", "H")) or (piece in ("\\mathsf", "\\intercal") and inside == "T"):
            self.put("name", inside, start, finish)
        elif roman and inside == "E" and self._opens():
            self.put("func", "expect", start, finish)
        elif piece in ("\\text", "\\textrm", "\\mbox", "\\textbf", "\\textit") and not re.fullmatch(
            r"[A-Za-z]\w*", inside
        ):
            self.put("prose", inside, start, finish)
        elif re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", inside) and (roman or len(inside) == 1):
            if (
                piece in ("\\text", "\\textrm", "\\mbox")
                and (inside in _PROSE or not (self.found and self.found[-1].text in ("_", "{", ",", "^")))
                and len(inside) > 1
                and not (inside not in _PROSE and self._opens())
            ):
                self.put("prose", inside, start, finish)
            else:
                self.put("name", inside, start, finish, bold)
        else:  # several letters, or more than a name: each by itself, in this font
            if self.raw[first - 1][1][0] == "{" if first else False:
                self.put("op", "{", self.raw[first - 1][1].start(), self.raw[first - 1][1].end())
                self.at = first
                self.bold_until.append(last if bold else -1)
                while self.at < last:
                    kind, hit = self.raw[self.at]
                    self.at += 1
                    self.one(kind or "", hit)
                self.bold_until.pop()
                self.at = last + 1
                self.put("op", "}", self.raw[last][1].start(), self.raw[last][1].end())
            else:
                self.at = first
                self.bold_until.append(last if bold else -1)
                kind, hit = self.raw[self.at]
                self.at += 1
                self.one(kind or "", hit)
                self.bold_until.pop()

    def _opens(self) -> bool:
        place = self.at
        while place < len(self.raw) and (
            self.raw[place][0] == "space" or _SIZES.fullmatch(self.raw[place][1][0])
        ):
            place += 1
        return place < len(self.raw) and self.raw[place][1][0] in ("[", "(", "\\{", "\\lbrack", "_")

    def accent(self, piece: str, start: int) -> None:
        r"""Put out an accented name: \hat y is yhat."""
        before = len(self.found)
        first, last = self.group()
        finish = self.raw[self.at - 1][1].end()
        keep, self.at = self.at, first
        while self.at < last:
            kind, hit = self.raw[self.at]
            self.at += 1
            self.one(kind or "", hit)
        self.at = max(keep, self.at)
        inner, self.found = self.found[before:], self.found[:before]
        if len(inner) == 1 and inner[0].kind in ("name", "d"):
            t = inner[0]
            name = t.text + _ACCENTS[piece]
            self.found.append(Token("name", name, start, max(finish, t.end), t.gap, t.bold))
        elif inner and inner[0].kind in ("name", "d"):  # \bar{X_n}: the accent is that of the name
            t = inner[0]
            self.found.append(Token("name", t.text + _ACCENTS[piece], start, t.end, t.gap, t.bold))
            self.found += inner[1:]
        else:
            raise ParseError(f"{piece} stands over a name", self.text, start)


_PROSE = frozenset(
    "if for and or where with so then otherwise else let is are since because thus hence given when by using we "
    "the a an of in to on".split()
)


def latex_tokens(text: str) -> list[Token]:
    """Return the tokens of a formula in LaTeX, the last being of kind `end`. Raises ParseError with the place."""
    return _without_font_braces(text, _Reader(text).all())


_OLD_FONTS = re.compile(r"\s*\\(?:bf|rm|it|cal|sf|tt|em|boldsymbol|mathbf)\b")


def _without_font_braces(text: str, found: list[Token]) -> list[Token]:
    r"""Return the tokens without the braces of {\bf x}, which only set the font of one name."""
    out: list[Token] = []
    skip = 0
    for place, t in enumerate(found):
        if skip == place and place:
            continue
        if t.text == "{" and t.kind == "op" and place + 2 < len(found) and found[place + 2].text == "}":
            if _OLD_FONTS.match(text, t.end):
                found[place + 1] = found[place + 1]._replace(gap=t.gap)
                skip = place + 2
                continue
        out.append(t)
    return out
