"""What is known of values belongs to a derivation and to its thread: others are not disturbed, nothing is left behind."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from sympy import MatrixSymbol, Symbol

import derive
from derive.expression.algebra import dot, is_symmetric, t
from derive.expression.facts import assuming, facts, memo, remembered

n = Symbol("n", integer=True, positive=True)
A = MatrixSymbol("A", n, n)

QUESTIONS = [
    ("x'*A*x", "x", "symmetric(A)"),
    ("x'*A*x", "x", ""),
    ("logdet(A)", "A", "posdef(A)"),
    ("tr(A*A*B)", "A", "symmetric(B)"),
    ("sum(log(1 + exp(W*x)))", "W", ""),
    ("norm2(A*x - y)^2", "x", "orthogonal(A)"),
]


def test_threads_with_other_assumptions_answer_as_one_alone():
    def answer(question):
        expr, wrt, assume = question
        return derive.to_text(derive.gradient(expr, wrt, assume=assume).result)

    alone = [answer(q) for q in QUESTIONS]
    together = QUESTIONS * 4
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(answer, together)) == alone * 4


def test_what_a_thread_assumes_is_its_own():
    met, seen = threading.Barrier(2), {}

    def look(name, assumptions):
        with assuming(assumptions):
            met.wait(5)  # both are inside by now
            seen[name] = is_symmetric(A), facts().assumptions
            met.wait(5)

    threads = [
        threading.Thread(target=look, args=(k, a)) for k, a in (("one", {("symmetric", "A")}), ("two", ()))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {"one": (True, {("symmetric", "A")}), "two": (False, frozenset())}


def test_tables_are_those_of_one_thread_though_a_context_is_handed_on():
    with assuming({("symmetric", "A")}) as known:
        memo("here")["key"] = 1
        context = copy_context()
        with ThreadPoolExecutor(1) as pool:
            there = pool.submit(context.run, lambda: (facts(), dict(memo("here")))).result()
        assert there == (known, {})
        assert memo("here") == {"key": 1}


def test_what_was_found_out_under_assumptions_is_forgotten_with_them():
    calls = []

    @remembered
    def looked_at(e):
        calls.append(e)
        return len(calls)

    with assuming({("symmetric", "A")}):
        assert looked_at(A) == looked_at(A) == 1
        with assuming(()):
            assert looked_at(A) == 2
        assert looked_at(A) == 1
    with assuming({("symmetric", "A")}):
        assert looked_at(A) == 3


def test_equal_expressions_are_one_object_outside_a_derivation_too():
    assert dot(A, t(A)) is dot(A, t(A))
