"""What the files of the normal form ask of those above them."""

from derive.expression.recursion import Recursion

RECURSION = Recursion("read", "absolute", "again", "power", "combine", "contracted", "reduced", "kept_whole")
