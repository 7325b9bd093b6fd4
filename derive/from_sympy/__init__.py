"""SymPy's expressions, brought to the forms that the operations know."""
