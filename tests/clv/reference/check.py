"""Check the reference against double integrals by mpmath, over what differs between customers.

    nice ENV/bin/python tests/clv/reference/check.py

Here nothing is integrated by conjugacy: a customer's own likelihood, given the two rates or chances
that nobody sees, is averaged over both of their distributions by mpmath's quadrature. That takes
about a minute per case, so a few ordinary cases of each model are checked; `make.py` does the rest.
"""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp
from gmpy2 import mpfr
from make import MODELS

Own = Callable[..., tuple[mp.mpf, ...]]
CASES = {
    "BGNBD": ({"r": 0.75, "alpha": 4.5, "a": 1.5, "b": 2.5},),
    "MBGNBD": ({"r": 0.75, "alpha": 4.5, "a": 1.5, "b": 2.5},),
    "ParetoNBD": ({"r": 0.75, "alpha": 10.5, "s": 1.5, "beta": 7.0},),
    "BGBB": ({"alpha": 1.25, "beta": 0.75, "gamma": 0.75, "delta": 2.75},),
}
HISTORIES = ((0, 0, 8), (2, 5, 8), (4, 8, 8))
AHEAD = 5


def gamma_density(value: mp.mpf, shape: mp.mpf, rate: mp.mpf) -> mp.mpf:
    return rate**shape * value ** (shape - 1) * mp.exp(-rate * value) / mp.gamma(shape)


def beta_density(p: mp.mpf, a: mp.mpf, b: mp.mpf) -> mp.mpf:
    return p ** (a - 1) * (1 - p) ** (b - 1) / mp.beta(a, b)


def bg(lam: mp.mpf, p: mp.mpf, x: int, t_x: int, T: int, *, first: int) -> tuple[mp.mpf, ...]:
    """Likelihood, of which alive, purchases of a newcomer and of a living customer."""
    alive = lam**x * (1 - p) ** (x + first) * mp.exp(-lam * T)
    gone = mp.mpf(0)
    if x + first > 0:
        gone = lam**x * p * (1 - p) ** (x + first - 1) * mp.exp(-lam * t_x)
    ahead = (1 - mp.exp(-lam * p * AHEAD)) / p
    return alive + gone, alive, (1 - p) ** first * ahead, alive * ahead


def pareto(lam: mp.mpf, mu: mp.mpf, x: int, t_x: int, T: int) -> tuple[mp.mpf, ...]:
    both = lam + mu
    alive = lam**x * mp.exp(-both * T)
    left = lam**x * mu / both * (mp.exp(-both * t_x) - mp.exp(-both * T))
    ahead = lam / mu * (1 - mp.exp(-mu * AHEAD))
    return alive + left, alive, ahead, alive * ahead


def bg_bb(p: mp.mpf, theta: mp.mpf, x: int, t_x: int, n: int) -> tuple[mp.mpf, ...]:
    alive = p**x * (1 - p) ** (n - x) * (1 - theta) ** n
    left = sum(
        p**x * (1 - p) ** (t_x - x + i) * theta * (1 - theta) ** (t_x + i) for i in range(n - t_x)
    )
    ahead = p * sum((1 - theta) ** i for i in range(1, AHEAD + 1))
    return alive + left, alive * (1 - theta), ahead, alive * ahead


def averages(model: str, values: dict[str, float], history: tuple[int, int, int]) -> list[mp.mpf]:
    """Average each part of a customer's own story over both distributions."""
    first, second, third, fourth = map(mp.mpf, values.values())
    rates = [0, 0.2, 2, mp.inf]

    def part(k: int) -> mp.mpf:
        if model == "BGBB":
            return mp.quad(
                lambda p, theta: (
                    bg_bb(p, theta, *history)[k]
                    * beta_density(p, first, second)
                    * beta_density(theta, third, fourth)
                ),
                [0, 1],
                [0, 1],
            )
        if model == "ParetoNBD":
            return mp.quad(
                lambda lam, mu: (
                    pareto(lam, mu, *history)[k]
                    * gamma_density(lam, first, second)
                    * gamma_density(mu, third, fourth)
                ),
                rates,
                rates,
            )
        return mp.quad(
            lambda lam, p: (
                bg(lam, p, *history, first=model == "MBGNBD")[k]
                * gamma_density(lam, first, second)
                * beta_density(p, third, fourth)
            ),
            rates,
            [0, 1],
        )

    likelihood, alive, new, more = (part(k) for k in range(4))
    return [mp.log(likelihood), alive / likelihood, new, more / likelihood]


def check() -> None:
    """Print how far `make.py` is from the double integrals, per model and history."""
    mp.mp.dps = 25
    for model, cases in CASES.items():
        for values in cases:
            for history in HISTORIES:
                x, t_x, T = history
                row = values | {"x": x, "t_x": t_x, "T": T, "t": AHEAD}
                made = MODELS[model][0]({name: mpfr(value) for name, value in row.items()})
                exact = averages(model, values, history)
                off = max(abs(mp.mpf(str(m)) / e - 1) for m, e in zip(made, exact, strict=True))
                print(f"{model} {history}: {mp.nstr(off, 3)}", flush=True)


if __name__ == "__main__":
    check()
