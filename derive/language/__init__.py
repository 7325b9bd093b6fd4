"""The text language: grammar, shape inference, printing."""
