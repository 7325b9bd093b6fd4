"""Figures of the report: each module draws one kind of picture on a canvas of `canvas.py`."""
