"""A small fully connected network in NumPy, trained by the gradients that `derive` derived.

`derived` compiles the formulas, `model` puts them together, `trainer` takes the steps, `one_by_one` takes them in
place for one sample at a time, `idx` reads image files and `store` keeps parameters.
"""
