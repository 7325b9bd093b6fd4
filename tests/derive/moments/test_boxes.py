import pytest
import sympy as sp

from derive.errors import InputError
from derive.moments import (
    approximation_bound,
    box_network,
    box_neurons,
    corner_argument,
    grid_neurons,
    usual_box_network,
)

HEIGHT, WIDTH = sp.Rational(7, 3), sp.Rational(5, 2)
OUTSIDE_AND_INSIDE = [(-1, 0), (sp.Rational(-1, 9), 0), (1, HEIGHT), (sp.Rational(12, 5), HEIGHT), (3, 0)]


@pytest.mark.parametrize("network", [box_network, usual_box_network])
@pytest.mark.parametrize(("x", "y"), OUTSIDE_AND_INSIDE)
@pytest.mark.parametrize("at_zero", [0, 1])
def test_both_networks_are_right_off_the_ends(network, x, y, at_zero) -> None:
    assert network(HEIGHT, WIDTH)(sp.sympify(x), at_zero=at_zero) == y


@pytest.mark.parametrize(("at_zero", "ends"), [(0, 0), (1, HEIGHT)])
def test_the_exact_network_treats_both_ends_alike(at_zero, ends) -> None:
    box = box_network(HEIGHT, WIDTH)
    assert box(sp.S.Zero, at_zero=at_zero) == ends
    assert box(WIDTH, at_zero=at_zero) == ends


@pytest.mark.parametrize("at_zero", [0, 1])
def test_the_usual_network_is_wrong_at_one_end(at_zero) -> None:
    """For the open box of step(0) = 0 the right end is wrong, for the open box of step(0) = 1 the left one."""
    box = usual_box_network(HEIGHT, WIDTH)
    wrong = [end for end in (sp.S.Zero, WIDTH) if box(end, at_zero=at_zero) != 0]
    assert wrong == ([WIDTH] if at_zero == 0 else [sp.S.Zero])


def test_exact_weights() -> None:
    h, delta = sp.symbols("h delta", positive=True)
    box = box_network(h, delta)
    assert box.weights == ((1,), (-1,))
    assert box.thresholds == (0, delta)
    assert box.outputs == (h, h)
    assert box.bias == -h


def test_counts() -> None:
    assert [box_neurons(d) for d in range(1, 9)] == [3, 5, 7, 9, 11, 13, 15, 17]
    assert grid_neurons(2, 10) == 2 * 10 * 2 + 100
    for wrong in (0, -1, 2.5, True):
        with pytest.raises(InputError):
            box_neurons(wrong)


def test_derivations_end_in_their_results() -> None:
    b, n, slope = (sp.Symbol(name, positive=True) for name in "BNL")
    assert sp.simplify(approximation_bound().result - 2 * b / n * slope) == 0
    assert corner_argument().result.subs(sp.Symbol("d", positive=True), 3) == sp.Rational(11, 2)
