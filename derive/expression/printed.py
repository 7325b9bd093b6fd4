"""How an error names an expression: in the text language, whose printer is built above what raises it."""

from derive.expression.recursion import Recursion

PRINTED = Recursion("to_text")
