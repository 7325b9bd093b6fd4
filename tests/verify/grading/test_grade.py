"""A class graded: points by the key's rules, whatever happens to one submission, on any executor."""

from __future__ import annotations

import re
from concurrent.futures import Executor, Future
from fractions import Fraction

import pytest

from derive.errors import InputError
from reports.proofreading.grading import class_page, results_csv, submission_page, write_class
from verify.grading import grade, read_key

KEY = r"""gradproof: title: Ridge
gradproof: slip: 1/2
gradproof: wrong: 25%

Let $L(w)=\frac12\|Xw-y\|^2+\frac{c}{2}w^\top w$ with $X\in\mathbb R^{m\times n}$.

gradproof: points: 2

$$\nabla L = X^\top(Xw-y) + c w$$

Setting the gradient to zero,

gradproof: points: 3
$$w^* = (X^\top X+cI)^{-1}X^\top y$$
"""
RIGHT = r"""
$$\nabla L = X^\top X w + cw - X^\top y$$
At the zero of the gradient $$w^* = (X^\top X+cI)^{-1}X^\top y$$
"""
FOLLOWS = RIGHT.replace("cw", "2cw").replace("cI", "2cI")
ON_THE_WAY = r"""
$$\frac{\partial L}{\partial w} = X^\top(Xw+y) + cw$$
$$\nabla L = X^\top(Xw-y) + cw$$
"""
RENAMED = r"""
Let $J(w) = \frac12\|Xw-y\|^2+\frac{c}{2}\|w\|^2$. Then $\nabla J = X^\top(Xw-y) + cw$.
"""
ANOTHER = RENAMED.replace(r"\frac12", "")


class Inline(Executor):
    """Runs what is submitted at once."""

    def __init__(self):
        self.count = 0

    def submit(self, fn, /, *args, **kwargs):
        self.count += 1
        future = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def marks(texts, key=KEY, **options):
    graded = grade(key, texts, executor=Inline(), **options).submissions
    return [[(m.outcome, Fraction(m.earned)) for m in s.marks] for s in graded]


def test_points_follow_the_keys_rules():
    right, follows, way = marks({"a": RIGHT, "b": FOLLOWS, "c": ON_THE_WAY})
    assert right == [("right", 2), ("right", 3)]
    assert follows == [("wrong", Fraction(1, 2)), ("follows", 3)]
    assert way == [("right", Fraction(3, 2)), ("missing", 0)]


def test_a_loss_under_another_name_must_be_the_same():
    same, other = marks({"a": RENAMED, "b": ANOTHER})
    assert same == [("right", 2), ("missing", 0)]
    assert other[0][0] == "wrong"


def test_a_plain_text_and_a_latex_document_are_judged_under_a_markdown_key():
    plain = "dL/dw = X'*(X*w - y) + c*w\n"
    latex = "\\documentclass{article}\\begin{document}\n$\\nabla L = X^TXw - X^Ty + cw$\n\\end{document}"
    assert [m[0] for m in marks({"a": plain, "b": latex})] == [("right", 2)] * 2


def test_a_run_goes_on_where_it_was_and_judges_equal_texts_once(tmp_path):
    first, again = Inline(), Inline()
    texts = {"a": ON_THE_WAY, "b": ON_THE_WAY}
    before = grade(KEY, {"a": ON_THE_WAY}, keep=tmp_path, executor=first)
    after = grade(KEY, texts, keep=tmp_path, executor=again)
    assert (first.count, again.count) == (1, 0)
    assert submission_page(before.submissions[0]) == submission_page(after.submissions[0])
    for file in tmp_path.iterdir():
        file.write_text("{")  # as a disk that was full leaves it
    third = Inline()
    grade(KEY, texts, keep=tmp_path, executor=third)
    assert third.count == 1


def test_broken_submissions_stop_nobody_and_every_executor_gives_the_same_bytes(tmp_path):
    (tmp_path / "right.md").write_text(ON_THE_WAY)
    (tmp_path / "Right.txt").write_text("dL/dw = -X'*y\n")
    (tmp_path / "binary.md").write_bytes(b"\0\1")
    files = [tmp_path / name for name in ("right.md", "Right.txt", "binary.md", "none.md")]
    own = grade(KEY, files, jobs=1)
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        dask = grade(KEY, files, executor=client.get_executor())
    assert [bool(s.error) for s in own.submissions] == [False, False, True, True]
    written = {}
    for grading, folder in ((own, tmp_path / "a"), (dask, tmp_path / "b")):
        written[folder.name] = {p.name: p.read_bytes() for p in write_class(grading, folder)}
    assert written["a"] == written["b"]
    assert len(written["a"]) == 6
    assert not re.search(r"(?:src|href)=\"https?:|<script", class_page(own))
    assert results_csv(own).count("\n") == 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("points: 3", "points: many"), "line 13 of the key: 'many' is no number"),
        (("points: 3", "points: 1/0"), "is no number"),
        (("$$w^* = (X^\\top X+cI)^{-1}X^\\top y$$", ""), "line 13 of the key gives points, but"),
        (("+ c w$$", "- c w$$"), "line 9 of the key is wrong"),
    ],
)
def test_a_key_that_cannot_be_used_says_where(change, message):
    with pytest.raises(InputError, match=re.escape(message)):
        read_key(KEY.replace(*change))


def test_a_strict_order_counts_answers_after_the_one_before():
    turned = r"$\nabla^2 f = 2I$ and $\nabla f = 2x$" + "\n"
    key = "Let $f(x) = x^\\top x$.\n\n$$\\nabla f = 2x$$\n$$\\nabla^2 f = 2I$$\n"
    free, strict = marks({"a": turned}, key), marks({"a": turned}, f"{key}\ngradproof: order: strict\n")
    assert [m[0] for m in free[0]] == ["right", "right"]
    assert [m[0] for m in strict[0]] == ["right", "missing"]
