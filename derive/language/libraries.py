"""What libraries call formulas of a line, written out: mse_loss(z, y), quad_form(x, P), where(x > 0, a, b), multi_dot([A, B]).

Losses are PyTorch's of these names: the mean over all entries, or over the rows of the logits of a cross-entropy whose
targets are probabilities, unless `reduction` says sum. TensorFlow's and Keras' take the targets first, by keyword.
"""

from __future__ import annotations

from collections.abc import Container

from derive.language.pratt import Parser, Vocabulary
from derive.language.scope import ParseError
from derive.language.tokens import tokens
from derive.language.tree import Tree
from derive.language.words import FUNCTIONS

#: A formula of all its arguments a, b, c, in order.
_FORMULAS = {
    "l2_loss": "sum(a.*a)/2",
    "sum_squares": "sum(a.*a)",
    "sumsq": "sum(a.*a)",
    "quad_form": "a'@b@a",
    "quad_over_lin": "sum(a.*a)/b",
    "vdot": "sum(a.*b)",
    "tensordot": "sum(a.*b)",
    "cosine_similarity": "a'@b/(norm2(a)*norm2(b))",
    "linear": "a@b'",
    "where": "a.*b + (1 - a).*c",
}
#: The loss of every entry of predictions a and targets b.
_LOSSES = {
    "mse_loss": "(a - b).^2",
    "l1_loss": "abs(a - b)",
    "smooth_l1_loss": "huber(a - b, 1)",
    "huber_loss": "huber(a - b, 1)",
    "binary_cross_entropy": "-b.*log(a) - (1 - b).*log(1 - a)",
    "binary_cross_entropy_with_logits": "softplus(a) - a.*b",
    "kl_div": "b.*(log(b) - a)",
    "cross_entropy": "-sum(b.*logsoftmax(a, axis=-1), axis=-1)",
}
_ALSO = {
    "mean_squared_error": "mse_loss", "mean_absolute_error": "l1_loss", "softmax_cross_entropy": "cross_entropy",
    "sigmoid_cross_entropy_with_logits": "binary_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits": "cross_entropy",
}  # fmt: skip
_FIRST, _SECOND = ("input", "logits", "y_pred", "pred"), ("target", "labels", "y_true", "targets")
#: The normal density N(a | b, C) of a vector, and of a number with the variance c; its logarithm.
_NORMAL = {
    ("normaldensity", True): "exp(-(a - b)'*inv(c)*(a - b)/2)/sqrt(det(2*pi*c))",
    ("normaldensity", False): "exp(-(a - b)^2/(2*c))/sqrt(2*pi*c)",
    ("lognormaldensity", True): "-(a - b)'*inv(c)*(a - b)/2 - logdet(2*pi*c)/2",
    ("lognormaldensity", False): "-(a - b)^2/(2*c) - log(2*pi*c)/2",
}
_KNOWN = frozenset({*_FORMULAS, *_LOSSES, *_ALSO, "multi_dot", "normaldensity", "lognormaldensity"})


def without_libraries(tree: Tree, text: str, defined: Container[str] = ()) -> Tree:
    """Return a tree in which what libraries name is written out, but what a text defines itself. Raises ParseError."""
    for piece in list(tree.walk()):
        if piece.op == "call" and piece.value == "log" and len(piece.args) == 1:
            inner = piece.args[0]
            if inner.op == "call" and inner.value == "normaldensity":
                piece.value, piece.args = "lognormaldensity", inner.args
    for piece in list(tree.walk()):
        for place, a in enumerate(piece.args):
            if _is_named(a, defined):
                piece.args[place] = _written_out(a, text)
    return _written_out(tree, text) if _is_named(tree, defined) else tree


def _is_named(tree: Tree, defined: Container[str]) -> bool:
    if tree.op == "cases":
        return True
    return tree.op == "call" and tree.value in _KNOWN and tree.value not in defined


def _written_out(tree: Tree, text: str) -> Tree:
    name = _ALSO.get(str(tree.value), str(tree.value))
    if tree.op == "cases":
        made = _by_cases(tree, text)
    elif name in ("normaldensity", "lognormaldensity"):
        made = _density(tree, name)
    elif name in _LOSSES:
        made = _loss(tree, name, text)
    elif name == "multi_dot":
        rows = tree.args[0].args if tree.args and tree.args[0].op == "rows" else []
        if len(rows) != 1:
            raise ParseError("multi_dot is read of a list of matrices, [A, B, C]", text, tree.start)
        made = Tree("*", rows[0].args, tree.start, tree.end, ["@"] * (len(rows[0].args) - 1))
    else:
        body = _FORMULAS[name]
        letters = [c for c in "abc" if c in {t.text for t in tokens(body)}]
        args = [a for a in tree.args if a.op != "keyword"]
        if len(args) != len(letters):
            due = f"{len(letters)} argument{'s' * (len(letters) > 1)}"
            raise ParseError(f"{tree.value} is read of {due}, not {len(args)}", text, tree.start)
        if name == "where":
            args[0] = Tree("indicator", [args[0]], args[0].start, args[0].end)
        made = _filled(body, dict(zip(letters, args, strict=True)))
    made.start, made.end, made.bracketed = tree.start, tree.end, True
    return made


def _density(tree: Tree, name: str) -> Tree:
    """Return the normal density, of a vector where its covariance is written with a capital."""
    of_vectors = any(n[:1].isupper() or n == "eye" for n in tree.args[2].names())
    return _filled(_NORMAL[name, of_vectors], dict(zip("abc", tree.args, strict=True)))


def _by_cases(tree: Tree, text: str) -> Tree:
    """Return a function by cases as a sum: a where its condition holds, else what follows."""
    pairs = list(zip(tree.args[::2], tree.args[1::2], strict=True))
    made, _ = pairs[-1]
    for value, condition in reversed(pairs[:-1]):
        if condition.op != "chain" or len(condition.args) != 2:
            said = "a case but the last stands with one relation, such as x > 0"
            raise ParseError(said, text, condition.start)
        holds = Tree("indicator", [condition], condition.start, condition.end)
        made = _filled(_FORMULAS["where"], {"a": holds, "b": value, "c": made})
    return made


def _loss(tree: Tree, name: str, text: str) -> Tree:
    """Return a loss in terms of its predictions and its targets."""
    given = {a.value: a.args[0] for a in tree.args if a.op == "keyword"}
    plain = [a for a in tree.args if a.op not in ("keyword", "text")]
    pair = [next((given.pop(k) for k in keys if k in given), None) for keys in (_FIRST, _SECOND)]
    if len(plain) == 2 and pair == [None, None]:
        pair = [*plain]
    reduction = given.pop("reduction", None)
    how = str(reduction.value) if reduction is not None else "mean"
    if None in pair or len(plain) not in (0, 2) or given or how not in ("mean", "sum", "none"):
        said = f"{tree.value} is read of two arrays, and reduction='sum' or 'mean'"
        raise ParseError(said, text, tree.start)
    body = _LOSSES[name] if how == "none" else f"{how}({_LOSSES[name]})"
    return _filled(body, {"a": pair[0], "b": pair[1]})


def _filled(body: str, given: dict[str, Tree | None]) -> Tree:
    """Return a formula of the language with trees in the place of names."""
    return _with(Parser(body, tokens(body), Vocabulary(functions=FUNCTIONS)).whole(), given)


def _with(tree: Tree, given: dict[str, Tree | None]) -> Tree:
    if tree.op == "name" and (found := given.get(str(tree.value))) is not None:
        return found
    args = [_with(a, given) for a in tree.args]
    return Tree(tree.op, args, 0, 0, tree.value, tree.bracketed, extra={"formula": True})
