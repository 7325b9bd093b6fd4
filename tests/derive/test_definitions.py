"""What a function is stands once, in its record, and is followed: it is proved equal to its definition written out."""

import pytest

from derive import parse, read_claim
from derive.expression.algebra import shape
from derive.expression.elementwise import scalar_function
from derive.expression.operation import kind, record
from derive.expression.walk import distinct
from derive.language.text import to_text
from derive.operations import OPERATIONS
from derive.operations.unfold import definition
from derive.prove import equal

DEFINED = [pytest.param(entry, id=entry.name) for entry in OPERATIONS if entry.definition and entry.example]


def _is_of(entry, e):
    return record(scalar_function(e) if kind(e) == "function of entries" else type(e)) is entry


@pytest.mark.parametrize("entry", DEFINED)
def test_function_is_proved_equal_to_its_definition_written_out(entry):
    problem = parse(entry.example)
    e = next(e for e in distinct(problem.expr) if _is_of(entry, e))
    meaning = definition(e)
    assert meaning is not None
    assert equal(e, meaning)
    text = to_text(meaning)
    assert equal(e, read_claim(text, problem, shape(e))), text
