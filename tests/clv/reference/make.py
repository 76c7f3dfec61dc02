"""Make the reference values that `test_extremes.py` holds the models to.

    python -m venv ENV && ENV/bin/pip install gmpy2 numpy mpmath
    nice ENV/bin/python tests/clv/reference/make.py ParetoNBD      # or another model

Each value comes from the model's definition, as an integral over what differs between customers,
never from its closed form. Gamma-distributed rates are integrated out by conjugacy; what is left,
an integral over a chance p or over the moment tau of leaving, is summed by the double-exponential
trapezoid rule in 60-digit arithmetic (MPFR, which also underlies mpmath), halving the step until
two rules agree to 24 digits. BG/BB's two beta integrals are taken term by term over the moment of
leaving. `check.py` repeats some cases of every model as double integrals by mpmath.

Nothing here is run by the tests.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import gmpy2
import numpy as np
from gmpy2 import cosh, exp, expm1, lngamma, log, log1p, mpfr, sinh

FOLDER = Path(__file__).parent
CASES = 2200
CONTRACTS = ("ShiftedBetaGeometric", "BetaDiscreteWeibull")
AGREE = mpfr("1e-24")
NEGLIGIBLE = mpfr("1e-40")
gmpy2.get_context().precision = 200
PI = gmpy2.const_pi()

Row = dict[str, float]


def trapezoid(f: Callable[[mpfr], mpfr]) -> mpfr:
    """Integrate a positive f over the real line, halving the step until two rules agree."""
    step, total = mpfr(1) / 8, _sweep(f, mpfr(1) / 8, offset=mpfr(0))
    for _ in range(12):
        half = step / 2
        finer = (total / step + _sweep(f, step, offset=half) / step) * half
        if abs(finer - total) <= AGREE * abs(finer):
            return finer
        step, total = half, finer
    raise RuntimeError(f"no agreement: {total} {finer}")


def _sweep(f: Callable[[mpfr], mpfr], step: mpfr, *, offset: mpfr) -> mpfr:
    total = top = mpfr(0)
    for direction in (1, -1):
        small, v = 0, offset if direction > 0 else offset - step
        while small < 6:
            value = f(v)
            total, top = total + value, max(top, value)
            small = small + 1 if value <= NEGLIGIBLE * top else 0
            v += direction * step
    return total * step


def over_chance(a: mpfr, b: mpfr, f: Callable[[mpfr, mpfr], mpfr]) -> mpfr:
    """Integrate p^(a-1) q^(b-1) f(p, q) over p in (0, 1), q = 1 - p, relative to B(a, b) free."""
    mode, scale = log(a / b), gmpy2.sqrt(1 / a + 1 / b)

    def at(v: mpfr) -> mpfr:
        u = mode + scale * sinh(v)
        p, q = 1 / (1 + exp(-u)), 1 / (1 + exp(u))
        log_p = -log1p(exp(-u)) if u > 0 else u - log1p(exp(u))
        log_q = -u - log1p(exp(-u)) if u > 0 else -log1p(exp(u))
        return exp(a * log_p + b * log_q) * f(p, q) * scale * cosh(v)

    return trapezoid(at)


def over_span(low: mpfr, high: mpfr, f: Callable[[mpfr], mpfr]) -> mpfr:
    """Integrate f over (low, high)."""
    if low == high:
        return mpfr(0)

    def at(v: mpfr) -> mpfr:
        steep = exp(-PI * sinh(v))
        share = 1 / (1 + steep)
        return f(low + (high - low) * share) * (high - low) * share**2 * steep * PI * cosh(v)

    return trapezoid(at)


def log_beta(a: mpfr, b: mpfr) -> mpfr:
    return gamma(a) + gamma(b) - gamma(a + b)


def gamma(a: mpfr) -> mpfr:
    return lngamma(a)


def bought(p: mpfr, r: mpfr, share: mpfr) -> mpfr:
    """Purchases until one is the last, each with chance p: (1 - (1 + p share)^-r) / p."""
    return -expm1(-r * log1p(p * share)) / p


def bg_nbd(c: dict[str, mpfr]) -> tuple[mpfr, ...]:
    r, alpha, a, b, x, t_x, T, t = (c[k] for k in ("r", "alpha", "a", "b", "x", "t_x", "T", "t"))
    shape = r + x
    alive = over_chance(a, b + x, lambda p, q: mpfr(1)) * exp(-shape * log(alpha + T))
    gone = mpfr(0)
    if x > 0:
        gone = over_chance(a + 1, b + x - 1, lambda p, q: mpfr(1)) * exp(-shape * log(alpha + t_x))
    front = gamma(shape) - gamma(r) + r * log(alpha) - log_beta(a, b)
    new = over_chance(a, b, lambda p, q: bought(p, r, t / alpha)) / exp(log_beta(a, b))
    more = over_chance(a, b + x, lambda p, q: bought(p, shape, t / (alpha + T)))
    more *= exp(-shape * log(alpha + T)) / (alive + gone)
    return front + log(alive + gone), alive / (alive + gone), new, more


def mbg_nbd(c: dict[str, mpfr]) -> tuple[mpfr, ...]:
    r, alpha, a, b, x, t_x, T, t = (c[k] for k in ("r", "alpha", "a", "b", "x", "t_x", "T", "t"))
    shape = r + x
    alive = over_chance(a, b + x + 1, lambda p, q: mpfr(1)) * exp(-shape * log(alpha + T))
    gone = over_chance(a + 1, b + x, lambda p, q: mpfr(1)) * exp(-shape * log(alpha + t_x))
    front = gamma(shape) - gamma(r) + r * log(alpha) - log_beta(a, b)
    new = over_chance(a, b + 1, lambda p, q: bought(p, r, t / alpha)) / exp(log_beta(a, b))
    more = over_chance(a, b + x + 1, lambda p, q: bought(p, shape, t / (alpha + T)))
    more *= exp(-shape * log(alpha + T)) / (alive + gone)
    return front + log(alive + gone), alive / (alive + gone), new, more


def pareto_nbd(c: dict[str, mpfr]) -> tuple[mpfr, ...]:
    r, alpha, s, beta = (c[k] for k in ("r", "alpha", "s", "beta"))
    x, t_x, T, t = (c[k] for k in ("x", "t_x", "T", "t"))
    shape = r + x
    alive = exp(-shape * log(alpha + T) - s * log(beta + T))
    gone = over_span(
        t_x, T, lambda tau: s * exp(-shape * log(alpha + tau) - (s + 1) * log(beta + tau))
    )
    front = gamma(shape) - gamma(r) + r * log(alpha) + s * log(beta)
    new = r / alpha * over_span(mpfr(0), t, lambda tau: exp(-s * log1p(tau / beta)))
    p_alive = alive / (alive + gone)
    more = over_span(mpfr(0), t, lambda tau: exp(-s * log1p(tau / (beta + T))))
    return front + log(alive + gone), p_alive, new, p_alive * shape / (alpha + T) * more


def bg_bb(c: dict[str, mpfr]) -> tuple[mpfr, ...]:
    """Sum over the opportunity at which the customer leaves; each term is two beta integrals."""
    al, be, ga, de = (c[k] for k in ("alpha", "beta", "gamma", "delta"))
    x, t_x, T, t = (c[k] for k in ("x", "t_x", "T", "t"))
    front = log_beta(al, be) + log_beta(ga, de)
    alive = exp(log_beta(al + x, be + T - x) + log_beta(ga, de + T) - front)
    term = exp(log_beta(al + x, be + t_x - x) + log_beta(ga + 1, de + t_x) - front)
    gone = mpfr(0)
    for i in range(int(T - t_x)):
        gone += term
        term *= (be + t_x - x + i) / (al + be + t_x + i) * (de + t_x + i) / (ga + 1 + de + t_x + i)
    survive = expected = mpfr(1) * 0 + 1
    expected, later, more = mpfr(0), mpfr(1), mpfr(0)
    for i in range(int(t)):
        survive *= (de + i) / (ga + de + i)
        expected += survive
        later *= (de + T + i) / (ga + de + T + i)
        more += later
    still = alive * (de + T) / (ga + de + T)
    new = al / (al + be) * expected
    more *= (al + x) / (al + be + T) * alive / (alive + gone)
    return log(alive + gone), still / (alive + gone), new, more


def gamma_gamma(c: dict[str, mpfr]) -> tuple[mpfr, ...]:
    p, q, v, x, m = (c[k] for k in ("p", "q", "v", "x", "m"))
    shape, rate = p * x + q, v + x * m

    def moment(power: mpfr) -> mpfr:
        """Integrate nu^(power - 1) e^(-rate nu) over nu, times (rate / power)^power e^power."""

        def at(w: mpfr) -> mpfr:
            y = sinh(w) / gmpy2.sqrt(power)
            return exp(power * (y - expm1(y))) * cosh(w) / gmpy2.sqrt(power)

        return log(trapezoid(at)) + power * (log(power / rate) - 1)

    front = p * x * log(x) + (p * x - 1) * log(m) - gamma(p * x) + q * log(v) - gamma(q)
    whole = moment(shape)
    spend = p * exp(moment(shape - 1) - whole) if q > 1 else mpfr("nan")
    return front + whole, spend


def beta_geometric(c: dict[str, mpfr]) -> tuple[mpfr, ...]:
    return contract(c | {"c": mpfr(1)}, endless=True)


def beta_weibull(c: dict[str, mpfr]) -> tuple[mpfr, ...]:
    return contract(c, endless=False)


def contract(c: dict[str, mpfr], *, endless: bool) -> tuple[mpfr, ...]:
    """Average (1 - theta)^(t^c) over the chance theta to leave at the first renewal."""
    alpha, beta, power, t = (c[k] for k in ("alpha", "beta", "c", "t"))
    renewals, one = (t - 1) ** power, lambda p, q: mpfr(1)
    step = t**power - renewals

    def stay(after: mpfr) -> mpfr:
        return over_chance(alpha, beta + after**power, one)

    def leave(p: mpfr, q: mpfr) -> mpfr:
        return -expm1(step * (log1p(-p) if p < 0.5 else log(q)))

    before, now, whole = stay(t - 1), stay(t), over_chance(alpha, beta, one)
    lost = over_chance(alpha, beta + renewals, leave)
    kept = log1p(-lost / before) if 2 * lost < before else log(now / before)
    factor = 1 / (1 + c["rate"])
    if endless:  # sum_i (factor q)^(i-1) q
        ahead = over_chance(alpha, beta + t, lambda p, q: 1 / (1 - factor * q))
    else:
        ahead = sum(factor**i * stay(t + i) for i in range(int(c["horizon"])))
    return log(now / whole), kept, log(lost / whole), ahead / before


MODELS: dict[str, tuple[Callable[[dict[str, mpfr]], tuple[mpfr, ...]], tuple[str, ...]]] = {
    "BGNBD": (bg_nbd, ("r", "alpha", "a", "b")),
    "MBGNBD": (mbg_nbd, ("r", "alpha", "a", "b")),
    "ParetoNBD": (pareto_nbd, ("r", "alpha", "s", "beta")),
    "BGBB": (bg_bb, ("alpha", "beta", "gamma", "delta")),
    "GammaGamma": (gamma_gamma, ("p", "q", "v")),
    "ShiftedBetaGeometric": (beta_geometric, ("alpha", "beta")),
    "BetaDiscreteWeibull": (beta_weibull, ("alpha", "beta", "c")),
}


def cases(model: str) -> list[Row]:
    """Draw extreme parameters and histories, from a seed."""
    rng = np.random.default_rng(20240501)
    names = MODELS[model][1]
    return [_history(rng, model) | _parameters(rng, names, i % 8) for i in range(CASES)]


def _parameters(rng: np.random.Generator, names: tuple[str, ...], kind: int) -> Row:
    wide = np.exp(rng.uniform(np.log(0.01), np.log(1000), len(names)))
    usual = np.exp(rng.uniform(np.log(0.1), np.log(10), len(names)))
    corner = rng.choice([0.01, 0.1, 1.0, 100.0, 1000.0], len(names))
    values = {0: wide, 4: usual, 5: corner, 7: usual}.get(kind, wide).copy()
    near = 1 + rng.choice([0, 1e-12, -1e-12, 1e-8, -1e-8, 1e-4, -1e-4])
    third = min(2, len(names) - 1)
    if kind in (1, 7):
        values[third] = near
    elif kind == 2:
        values[third:] = rng.uniform(0.01, 0.5, len(names) - third)
    elif kind == 3:
        values[-1] = values[1] * (1 + rng.choice([0, 1e-12, -1e-10, 1e-6, -1e-3]))
    elif kind == 6:
        values[1:] = usual[1:]
    return dict(zip(names, map(float, values), strict=True))


def _contract(rng: np.random.Generator) -> Row:
    t = rng.choice([1, 1, 2, 3, 5, 10, 50, 132, 500, 1500, round(np.exp(rng.uniform(0, 7.3)))])
    rate = rng.choice([0.01, 0.1, 0.5, rng.uniform(0.005, 0.99)])
    return {"t": float(t), "rate": float(rate), "horizon": float(rng.choice([1, 2, 5, 12]))}


def _history(rng: np.random.Generator, model: str) -> Row:
    if model in CONTRACTS:
        return _contract(rng)
    counts = [0, 0, 1, 1, 2, 3, 10, 50, 131, 132, 500, 1500, 5000, int(np.exp(rng.uniform(0, 8.5)))]
    x = int(rng.choice(counts))
    T = float(rng.choice([1500.0, 40.0, np.exp(rng.uniform(np.log(0.1), np.log(1500)))]))
    t = float(np.exp(rng.uniform(np.log(0.1), np.log(1000))))
    share = float(rng.choice([1, 1, 1 - 1e-9, 1 - 1e-4, rng.uniform(), rng.uniform(), 1e-3]))
    if model == "GammaGamma":
        m = float(np.exp(rng.uniform(np.log(0.01), np.log(10000))))
        return {"x": max(x, 1), "m": m}
    if model == "BGBB":
        T, t = max(1, round(T)), max(1, round(t))
        t_x = int(np.ceil(share * T)) if x else 0
        x = min(x, t_x)
        return {"x": x, "t_x": t_x, "T": T, "t": t}
    return {"x": x, "t_x": share * T if x else 0.0, "T": T, "t": t}


def make(model: str) -> None:
    """Compute every case of a model and keep it, exact doubles in, rounded doubles out."""
    solve, _ = MODELS[model]
    rows = cases(model)
    results = []
    for number, row in enumerate(rows):
        results.append([float(v) for v in solve({k: mpfr(v) for k, v in row.items()})])
        if number % 200 == 199:
            print(model, number + 1, flush=True)
    answers = ("log_likelihood", "p_alive", "expected", "conditional")
    if model == "GammaGamma":
        answers = ("log_likelihood", "conditional")
    if model in CONTRACTS:
        answers = ("log_survival", "log_retention", "churned", "residual")
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    columns |= dict(zip(answers, np.array(results).T, strict=True))
    np.savez_compressed(FOLDER / f"{model}.npz", **columns)


if __name__ == "__main__":
    make(sys.argv[1])
