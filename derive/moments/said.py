"""The parts of `--where`, sorted: shapes, distributions with their parameters as text, what is independent, moments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from derive.errors import InputError
from derive.moments.distributions import RAW_MOMENTS

NAME = r"[A-Za-z][A-Za-z_0-9]*"
_INDEXED = rf"(?P<name>{NAME})\s*(?:\[\s*(?P<index>{NAME}(?:\s*,\s*{NAME})*)\s*\])?"
_DRAWN = re.compile(rf"\s*{_INDEXED}\s*(?:~|\\sim)\s*(?P<family>.*)", re.DOTALL)
_CALL = re.compile(rf"\s*(?P<family>{NAME})\s*(?:\((?P<args>.*)\))?\s*", re.DOTALL)
_MOMENT = re.compile(
    rf"\s*(?P<what>E|mean|var|cov|Var|Cov)\s*[(\[]\s*(?P<names>{NAME}(?:\s*,\s*{NAME})*)\s*[)\]]\s*=\s*(?P<value>.+)",
    re.DOTALL,
)
_SET = re.compile(r"\s*(?P<word>independent|jointlynormal)\s*\((?P<names>[^()]*)\)\s*")

#: Families and how they are written.
FAMILIES: dict[str, str] = {
    "normal": "normal(m, S), with the mean and the covariance",
    "iid": "iid(mean, variance), further central moments after them",
    "indep": "indep(m, v), with the columns of means and variances, further central moments after them",
    "matrixnormal": "matrixnormal(M, U, V), with Cov(X_ij, X_kl) = U_ik V_jl",
    "wishart": "wishart(S, n)",
    "haar": "haar(), uniform over the orthogonal matrices",
    "mixture": "mixture(p: normal(m, S), q: normal(u, T)), with weights that add up to 1",
    "poisson": "poisson(rate)",
    **{name: f"{name}({', '.join(parameters)})" for name, (parameters, _) in RAW_MOMENTS.items()},
}
_ALSO = {
    "gaussian": "normal",
    "n": "normal",
    "orthogonal": "haar",
    "chisquare": "chi2",
    "chisquared": "chi2",
    "chi_square": "chi2",
    "unif": "uniform",
    "sign": "rademacher",
    "mvn": "normal",
    "binary": "bernoulli",
    "double_exponential": "laplace",
    "t": "student",
    "studentt": "student",
    "student_t": "student",
}
_WITHOUT = {
    "cauchy": "a Cauchy variable has no mean: its integral does not converge",
    "student": "the moments of Student's t exist below its degrees of freedom only: give iid(mean, variance)",
    "pareto": "the moments of a Pareto variable exist below its exponent only: give iid(mean, variance)",
    "levy": "a Lévy variable has no mean: its integral does not converge",
    "lognormal": "a log-normal variable is exp(z) of a normal one: write exp(z) with z ~ normal(m, v)",
    "binomial": "a binomial variable is the sum of independent ones: write sum(z) with z ~ bernoulli(p), z: n",
}


@dataclass
class Drawn:
    """A declaration of a distribution, before its parameters are read."""

    name: str
    family: str
    args: list[str]
    text: str
    weights: list[str]
    parts: list[Drawn]
    indices: int | None = None


@dataclass
class Said:
    """The parts of `where`, sorted."""

    shapes: list[str]
    drawn: dict[str, Drawn]
    independent: list[frozenset[str]]
    covariances: dict[tuple[str, str], str]
    jointly_normal: list[frozenset[str]]


def split_outside(text: str, marks: str = ",;") -> list[str]:
    """Split a text at marks outside of brackets."""
    out, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c in "([") - (c in ")]")
        if c in marks and depth == 0:
            out.append(text[start:i])
            start = i + 1
    if depth != 0:
        raise InputError(f'the brackets in "{text.strip()[:60]}" do not match')
    return [part.strip() for part in [*out, text[start:]] if part.strip()]


def sorted_out(where: str | Mapping[str, Any] | None) -> Said:
    """Return the declarations by what they say. Raises InputError for what cannot be read."""
    said = Said([], {}, [], {}, [])
    if isinstance(where, Mapping):
        where = ", ".join(
            f"{name} {'' if '~' in str(value) else ': '}{_shape_text(value)}" for name, value in where.items()
        )
    if where is not None and not isinstance(where, str):
        raise InputError(f'declarations are text such as "x ~ normal(m, S)", not {type(where).__name__}')
    moments: list[re.Match[str]] = []
    for part in split_outside(where or ""):
        if drawn := _DRAWN.fullmatch(part):
            found = _drawn(drawn, part)
            if found.name in said.drawn:
                raise InputError(f"{found.name} is given two distributions: keep one of them")
            said.drawn[found.name] = found
        elif (word := _SET.fullmatch(part)) is not None:
            names = [n.strip() for n in word["names"].split(",")]
            if len(set(names)) < 2:
                raise InputError(f'"{part}" names fewer than two variables: write {word["word"]}(x, y)')
            kind = said.independent if word["word"] == "independent" else said.jointly_normal
            kind.append(frozenset(names))
        elif (moment := _MOMENT.fullmatch(part)) is not None:
            moments.append(moment)
        elif "~" in part:
            raise InputError(f'cannot read "{part[:60]}": write x ~ normal(m, S)')
        else:
            said.shapes.append(part)
    for moment in moments:
        _given_moment(said, moment)
    for named in (*said.independent, *said.jointly_normal, *map(frozenset, said.covariances)):
        for name in sorted(named - set(said.drawn)):
            raise InputError(
                f"{name} is said to be independent or to covary, and has no distribution: add {name} ~ normal(m, S), "
                f"or mean({name}) = m"
            )
    return said


def _shape_text(value: Any) -> str:
    return f"{value[0]} x {value[1]}" if isinstance(value, tuple | list) and len(value) == 2 else str(value)


def _given_moment(said: Said, moment: re.Match[str]) -> None:
    """Take a mean or a (co)variance that is given by an equation."""
    names = [n.strip() for n in moment["names"].split(",")]
    if len(names) == 2 and moment["what"].lower() == "cov":
        said.covariances[names[0], names[1]] = moment["value"].strip()
        return
    if len(names) != 1:
        raise InputError(
            f'cannot read "{moment[0].strip()[:60]}": write mean(x) = m, cov(x) = S or cov(x, y) = C'
        )
    (name,) = names
    drawn = said.drawn.setdefault(name, Drawn(name, "given", ["", ""], "", [], []))
    if drawn.family != "given":
        raise InputError(f"{name} has a distribution, which says its mean and covariance already")
    drawn.args[0 if moment["what"] in ("E", "mean") else 1] = moment["value"].strip()
    drawn.text = ", ".join(
        f"{word}({name}) = {value}" for word, value in zip(("mean", "cov"), drawn.args, strict=True) if value
    )


def _drawn(hit: re.Match[str], part: str) -> Drawn:
    found = _family(hit["name"], hit["family"], part)
    if hit["index"]:
        found.indices = hit["index"].count(",") + 1
    return found


def _family(name: str, text: str, part: str) -> Drawn:
    call = _CALL.fullmatch(text)
    if call is None:
        raise InputError(f'cannot read the distribution in "{part[:60]}": write x ~ normal(m, S)')
    word = call["family"]
    family = _ALSO.get(word.lower(), word if word in FAMILIES else word.lower())
    if family in _WITHOUT:
        raise InputError(_WITHOUT[family])
    if family not in FAMILIES:
        near = get_close_matches(family, FAMILIES, 1)
        mend = (
            f"did you mean {near[0]}?"
            if near
            else f"known are {', '.join(FAMILIES)}; of others give iid(mean, variance), or mean({name}) and cov({name})"
        )
        raise InputError(f"unknown distribution {word[:40]}: {mend}")
    args = split_outside(call["args"] or "", ",")
    found = Drawn(name, family, args, " ".join(part.split()), [], [])
    if family == "mixture":
        for arg in args:
            weight, colon, rest = arg.partition(":")
            if not colon:
                raise InputError(f'"{arg[:40]}" is no component: write {FAMILIES["mixture"]}')
            found.weights.append(weight.strip())
            found.parts.append(_family(name, rest, part))
        if len(args) < 2:
            raise InputError(f"a mixture has two components or more: write {FAMILIES['mixture']}")
        return found
    least, most = _arity(family)
    if not least <= len(args) <= most:
        raise InputError(f'"{part[:60]}" has {len(args)} parameters: write {FAMILIES[family]}')
    return found


def _arity(family: str) -> tuple[int, int]:
    if family in RAW_MOMENTS:
        n = len(RAW_MOMENTS[family][0])
        return n, n
    return {
        "normal": (2, 2),
        "iid": (2, 8),
        "indep": (2, 8),
        "matrixnormal": (3, 3),
        "wishart": (2, 2),
        "haar": (0, 0),
        "poisson": (1, 1),
    }[family]
