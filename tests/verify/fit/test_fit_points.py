"""Reading points: what is accepted, and the line that is blamed for what is not."""

from fractions import Fraction

import pytest

from derive.errors import InputError
from verify.fit.points import TOY, Points, load_points, read_csv


def written(tmp_path, content):
    path = tmp_path / "points.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        "x,y\n2,0.1\n1,3\n",
        "1,3\n2,0.1\n",
        "\ufeffX , Y\r\n1,3\r\n\r\n2,1e-1\r\n",
        "y,note,x\n3,first,1\n0.10,second,2\n",
        "1,3\n2,0.1\n1,3.0\n",
        "time,height\n1,3\n2,0.1\n",
        "height,x\n3,1\n0.1,2\n",
        "1;3\n2;0,1\n",
        "x;y;note\n1,0;3;one\n2;0,10;two\n",
        "x\ty\n1\t3\n2\t0.1\n",
        "x   y\n  1 3 \n 2   0.1\n",
        "1 | 3\n2 | 0.1\n",
    ],
)
def test_a_csv_is_read_exactly_with_or_without_a_header(tmp_path, content):
    points = read_csv(written(tmp_path, content))
    assert points.x == (1, 2)
    assert points.y == (3, Fraction(1, 10))


@pytest.mark.parametrize(
    ("content", "blamed"),
    [
        ("x,y\n1,2\n2,two\n", "line 3: 'two' in column y is not a number"),
        ("1,2\n2,nan\n", "line 2: 'nan' in column y is not finite"),
        ("nan,2\n2,3\n", "line 1: 'nan' in column x is not finite"),
        ("1,2\n-inf,3\n", "line 2: '-inf' in column x is not finite"),
        ("1,2\n2,1e999999999\n", "line 2: '1e999999999' in column y is out of range"),
        ("1,2\n2,1_0\n", "line 2: '1_0' in column y is not a number"),
        ("1,2\n2\n", "line 2: 1 column, expected 2"),
        ("1,2\n2,3,4\n", "line 2: 3 columns, expected 2"),
        ("1:2\n3:4\n", "line 1: 1 column; expected two numbers x,y"),
        ("1,2\n3 4\n", "line 2: 1 column, expected 2"),
        ("1;2\n3;1.000,5\n", "line 2: '1.000,5' in column y is not a number"),
        ("1,2\n" + "3" * 5000 + "z,4\n", "line 2: '3333333333333333333333333333333333333333...' in column x"),
        ("1,-1e300\n1.0000000001,1e300\n", "line 2: the slope to the point before it is beyond 1e305"),
        ('x,y\n1,"2\n', "malformed CSV"),
        ("x,y\n1,2\n3,4\n1,5\n", "line 4: y = 5 at x = 1, but line 2 has y = 2 there"),
        ("x,y\n1,2\n", "a single point"),
        ("x,y\n", "no point"),
        ("", "no point"),
        (b"\xff\xfe\x00,1\n", "not a text file in UTF-8"),
    ],
)
def test_bad_csv_names_the_file_and_the_line(tmp_path, content, blamed):
    path = written(tmp_path, content)
    with pytest.raises(InputError) as error:
        read_csv(path)
    message = str(error.value)
    assert blamed in message
    assert str(path) in message
    assert "\n" not in message


def test_a_missing_file_and_an_unknown_name_are_told_apart(tmp_path):
    with pytest.raises(InputError, match="cannot read it"):
        load_points(str(tmp_path / "absent.csv"))
    with pytest.raises(InputError, match="expected w-shape, zigzag, or a CSV file"):
        load_points("v-shape")
    with pytest.raises(InputError, match="cannot read it"):
        load_points(str(tmp_path))


def test_points_made_in_python_are_sorted_and_exact():
    points = Points.make("mine", [(2, 0.5), (0, Fraction(1, 3)), (2, 0.5)])
    assert (points.x, points.y, points.merged) == ((0, 2), (Fraction(1, 3), Fraction(1, 2)), 1)
    with pytest.raises(InputError, match="not a finite number"):
        Points.make("mine", [(0, float("nan")), (1, 1)])


def test_the_toy_data_are_those_of_the_statement():
    assert TOY["w-shape"].x == tuple(range(13))
    assert TOY["w-shape"].y == (8, 6, 4, 2, 0, 2, 4, 2, 0, 2, 4, 6, 8)
    assert TOY["zigzag"].x == tuple(range(11))
    assert TOY["zigzag"].y == (0, 1, 2, 3, 2, 1, 2, 3, 4, 5, 6)
