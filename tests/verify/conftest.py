"""What is collected: the tests of an optional extra only where it is installed."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("distributed") else ["test_dask.py"]
