"""What a deep random network does to second moments, gradients and correlations: the maps as formulas.

The sources are B. Poole et al., Exponential expressivity in deep neural networks through transient chaos, 2016
(eqs. 3 and 5), and S. Schoenholz et al., Deep information propagation, 2017 (eqs. 6, 9, 12 and 14).
"""

from __future__ import annotations

import sympy as sp

from derive.errors import InputError
from derive.moments.activations import Activation, X, activation
from derive.moments.integrals import derivative_square_expectation, expectation, has_jumps, tidy
from derive.moments.layers import forward_variance
from derive.moments.pieces import UndecidedError, pieces
from derive.moments.steps import MomentDerivation
from derive.moments.typeset import typeset
from derive.step import Step

#: Second moment of the pre-activations, correlation of two inputs, n times the variance of a weight, and the
#: variance of a bias.
Q = sp.Symbol("q", positive=True)
C = sp.Symbol("c", real=True)
SIGMA_W2 = sp.Symbol("sigma_w2", positive=True)
SIGMA_B2 = sp.Symbol("sigma_b2", nonnegative=True)

_NAMES = {SIGMA_W2: r"\sigma_w^2", SIGMA_B2: r"\sigma_b^2"}


def second_moment_map(f: str | sp.Expr | Activation, q: sp.Expr = Q) -> sp.Expr | None:
    """Return sigma_w^2 E[f(sqrt(q) z)^2] + sigma_b^2 in closed form, or None where there is none."""
    act = activation(f)
    second = expectation(act.expression**2, X, sp.sqrt(q))
    return None if second is None else SIGMA_W2 * second + SIGMA_B2


def backward_factor(f: str | sp.Expr | Activation, q: sp.Expr = Q) -> sp.Expr | None:
    """Return chi = sigma_w^2 E[f'(sqrt(q) z)^2] in closed form, or None; infinite where f jumps."""
    act = activation(f)
    if has_jumps(act.expression, X):
        return sp.oo
    factor = derivative_square_expectation(act.expression, X, sp.sqrt(q))
    return None if factor is None else SIGMA_W2 * factor


def correlation_kernel(f: str | sp.Expr | Activation, q: sp.Expr = Q, c: sp.Expr = C) -> sp.Expr | None:
    """Return E[f(u) f(v)] for jointly Gaussian u, v of second moment q and correlation c, or None.

    Rectifiers: Y. Cho and L. Saul, Kernel methods for deep learning, 2009, eqs. 3 to 6 (order 0 for the step,
    order 1 for relu). erf: C. Williams, Computation with infinite neural networks, 1998, eq. 11. What expands into
    powers and exponentials: v = c u + sqrt(1 - c^2) w with w independent of u, integrated over w and then over u.
    """
    act = activation(f)
    angle = sp.acos(c)
    known = {
        sp.Heaviside(X): (sp.pi - angle) / (2 * sp.pi),
        sp.sign(X): 2 * sp.asin(c) / sp.pi,
        sp.erf(X): 2 / sp.pi * sp.asin(2 * q * c / (1 + 2 * q)),
    }
    if act.expression in known:
        return known[act.expression]
    slopes = _slopes(act.expression)
    if slopes is not None:
        # f(x) = even |x| + odd x, where E[|u| |v|] follows from relu's kernel and E[u |v|] = 0.
        even, odd = (slopes[1] - slopes[0]) / 2, (slopes[1] + slopes[0]) / 2
        absolute = 2 * q * (sp.sqrt(1 - c**2) + (sp.pi / 2 - angle) * c) / sp.pi
        return tidy(even**2 * absolute + odd**2 * q * c)
    w, rest = sp.Symbol("w", real=True), sp.sqrt(1 - c**2)
    try:
        inner = expectation(act.expression.subs(X, c * X + rest * w), w, sp.sqrt(q))
    except (TypeError, ValueError):
        return None
    return None if inner is None else expectation(sp.expand(act.expression * inner), X, sp.sqrt(q))


def _slopes(f: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """Return the slopes left and right of 0 of a function that is linear on either side, or None."""
    try:
        parts = pieces(f, X)
    except UndecidedError:
        return None
    if len(parts) != 2 or parts[0].upper != 0:
        return None
    slopes = tuple(sp.cancel(part.expression / X) for part in parts)
    return None if any(slope.has(X) for slope in slopes) else (slopes[0], slopes[1])


def derive_depth(f: str | sp.Expr | Activation = "relu") -> MomentDerivation:
    """Derive the maps for an activation step by step; the result is chi, the factor of the gradients a layer.

    Raises InputError where the moments have no closed form or the activation jumps.
    """
    act = activation(f)
    forward, chi = second_moment_map(act), backward_factor(act)
    if forward is None or chi is None or chi == sp.oo:
        raise InputError(f"{act.name}: the maps have no closed form; iterate them numerically")
    wide = "the layers are wide, so that pre-activations are Gaussian"
    steps = [
        *forward_variance(drop=["zero-mean inputs"]).steps,
        Step(
            "central limit theorem",
            wide,
            r"q' = \sigma_w^2\, \mathrm{E}[f(\sqrt{q}\, z)^2] + \sigma_b^2, \qquad z \sim \mathcal{N}(0, 1)",
            "The inputs of a layer are f of Gaussian pre-activations with second moment q; n σ² is written σ_w².",
        ),
        Step(
            "Gaussian moments", wide, f"q' = {typeset(forward, _NAMES)}", f"The second moment of {act.name}."
        ),
        Step(
            "linearisation at a fixed point",
            "",
            rf"\frac{{dq'}}{{dq}} = {typeset(tidy(sp.diff(forward, Q)), _NAMES)}",
            "A fixed point is stable if this is below 1 there; distances from it change e-fold over -1/log of it.",
        ),
        Step(
            "chain rule",
            "the gradients are independent of the weights that they are carried back through",
            rf"\chi = \sigma_w^2\, \mathrm{{E}}[f'(\sqrt{{q}}\, z)^2] = {typeset(chi, _NAMES)}",
            "The second moment of the gradients is multiplied by χ a layer: they vanish for χ < 1 and explode "
            "for χ > 1.",
        ),
    ]
    kernel = correlation_kernel(act)
    if kernel is not None:
        steps.append(
            Step(
                "Gaussian moments of two inputs",
                wide,
                rf"c' = \frac{{\sigma_w^2\, \mathrm{{E}}[f(u) f(v)] + \sigma_b^2}}{{q'}}, \qquad "
                rf"\mathrm{{E}}[f(u) f(v)] = {typeset(kernel, _NAMES)}",
                "Two inputs with correlation c have correlated Gaussian pre-activations.",
            )
        )
    steps.append(
        Step(
            "linearisation at c = 1",
            "q is at a fixed point",
            r"\left.\frac{dc'}{dc}\right|_{c=1} = \chi, \qquad \xi_c = -\frac{1}{\log \chi} \text{ for } \chi < 1, "
            r"\qquad \xi_c = \infty \text{ for } \chi = 1",
            "The same factor decides whether two inputs become alike: for χ < 1 they do, over ξ_c layers; at χ = 1 the "
            "correlation length is infinite, and they become alike by a power of the depth, if at all.",
        )
    )
    return MomentDerivation(f"depth: the maps of a random network with {act.name}", tuple(steps), chi)


def derive_fixed_point(
    f: str | sp.Expr | Activation, sigma_w2: sp.Expr, sigma_b2: sp.Expr, q: sp.Expr
) -> MomentDerivation:
    """Derive that q is a fixed point at these exact variances, how it is approached, and what gradients do there.

    The result is chi at the fixed point. Raises InputError where the moments have no closed form, and where q is no
    fixed point.
    """
    act = activation(f)
    general = derive_depth(act)
    chosen = {SIGMA_W2: sp.sympify(sigma_w2, strict=True), SIGMA_B2: sp.sympify(sigma_b2, strict=True)}
    forward, chi = second_moment_map(act), backward_factor(act)
    assert forward is not None
    assert chi is not None
    after = sp.simplify(forward.subs(chosen).subs(Q, q))
    if sp.simplify(after - q) != 0:
        raise InputError(f"q = {q} is no fixed point: the layer makes {after} of it")
    slope = sp.simplify(sp.diff(forward, Q).subs(chosen).subs(Q, q))
    factor = sp.simplify(chi.subs(chosen).subs(Q, q))
    steps = [
        *general.steps,
        Step(
            "substitution",
            "",
            rf"\sigma_w^2 = {typeset(chosen[SIGMA_W2])},\; \sigma_b^2 = {typeset(chosen[SIGMA_B2])}: \qquad "
            rf"q^* = {typeset(forward.subs(chosen), _NAMES)}\Big|_{{q = {typeset(q)}}} = {typeset(after)}",
            f"At q = {q} the layer gives back what came in.",
        ),
        Step(
            "slope at the fixed point",
            "",
            rf"\left.\frac{{dq'}}{{dq}}\right|_{{q^*}} = {typeset(slope)} \approx {_digits(slope)}, \qquad "
            rf"\xi_q = -\frac{{1}}{{\log |dq'/dq|}} \approx {_digits(_scale(slope))}",
            f"{_approach(slope)}.",
        ),
        Step(
            "gradients at the fixed point",
            "the gradients are independent of the weights that they are carried back through",
            rf"\chi = {typeset(factor)} \approx {_digits(factor)}, \qquad "
            rf"\frac{{1}}{{|\log \chi|}} \approx {_digits(abs(_scale(factor)))}",
            f"Gradients {_fate(factor)} over so many layers.",
        ),
    ]
    kernel = correlation_kernel(act)
    if kernel is not None:
        after_c = tidy(((SIGMA_W2 * kernel + SIGMA_B2) / Q).subs(chosen).subs(Q, q))
        line = rf"c' = {typeset(after_c, {C: 'c'})}"
        text = "The correlation of two inputs whose second moments are at the fixed point."
        if sp.simplify(after_c.subs(C, 0)) == 0:
            at_zero = sp.simplify(sp.diff(after_c, C).subs(C, 0))
            line += rf", \qquad \left.\frac{{dc'}}{{dc}}\right|_{{0}} = {typeset(at_zero)} \approx {_digits(at_zero)}"
            text += f" At 0 {_approach(at_zero)[0].lower()}{_approach(at_zero)[1:]}."
        steps.append(Step("correlation map at the fixed point", "", line, text))
    return MomentDerivation(
        f"the fixed point q = {q} of a random network with {act.name}", tuple(steps), factor
    )


def _scale(slope: sp.Expr) -> sp.Expr:
    """Return the depth scale of a slope: negative where distances grow, infinite for a slope of 1."""
    return sp.oo if slope in (1, -1) else -1 / sp.log(sp.Abs(slope))


def _approach(slope: sp.Expr) -> str:
    size = sp.Abs(slope)
    if size == 1:
        return "the slope is 1: distances change by a power of the depth"
    stable = bool(size < 1)
    return f"The fixed point is {'stable' if stable else 'unstable'}: distances from it {'shrink' if stable else 'grow'}"


def _fate(factor: sp.Expr) -> str:
    if factor == 1:
        return "keep their size"
    return "vanish e-fold" if bool(factor < 1) else "explode e-fold"


def _digits(number: sp.Expr) -> str:
    return r"\infty" if number == sp.oo else str(sp.N(number, 5))
