"""How long results are: their operations against those of the book's formulas."""

import warnings

from derive.results.cookbook import cookbook
from tests.derive.outside import operations


def test_results_are_as_short_as_the_books(benchmark, capsys):
    """At most as many operations on 90 % of the items, and never more than twice as many; prints the longer ones."""

    def count():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [(item, text, operations(text), operations(item.result))
                    for item in cookbook() for text in [item.derive().to_text()]]  # fmt: skip

    counted = benchmark.pedantic(count, rounds=1)
    longer = [row for row in counted if row[2] > row[3]]
    shorter = sum(ours < theirs for _, _, ours, theirs in counted)
    with capsys.disabled():
        print(f"\n{len(counted)} items: {shorter} shorter than in the book, {len(longer)} longer")
        for item, text, ours, theirs in longer:
            print(f"  {ours:3} for {theirs:3}  {item.id:<8} {item.expr}\n    {text}\n    {item.result}")
    benchmark.extra_info.update(shorter=shorter, longer=len(longer))
    assert len(longer) <= 0.1 * len(counted)
    assert all(ours <= 2 * theirs for _, _, ours, theirs in counted)
