"""Time fits and values beside the peers: the same customers, one run, one machine.

    python benchmarks/clv.py [--customers 1000000] [--pareto 100000] [--growth 10000000]
        [--repeats 5] [--peers lifetimes pymc-marketing] [--folder DIR] [--out FILE]

Customers are made by simulation from the models of CDNOW (not timed). Each peer is installed in an
environment of its own under the folder (kept, and used again, where --folder is given). Every task
runs in a fresh process: once on 2,000 customers to warm up and compile, then `repeats` times. The
table shows medians of wall and CPU seconds, the peak of the process's memory, and each peer's
medians over ours (that of CPU seconds is the one to trust on a busy machine). Ours give standard
errors and, for values, 95% intervals; the peers' do not.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

PEERS = {
    "lifetimes": ["lifetimes==0.11.3", "pandas<2", "numpy<2", "scipy<1.12"],
    "pymc-marketing": ["pymc-marketing==0.19.2"],
}
TASKS = {
    "bg": "BG/NBD fit",
    "gg": "Gamma-Gamma fit",
    "clv": "12-month value, discounted 10% a year",
    "pareto": "Pareto/NBD fit",
}
OURS = "relmark-research"
WARM = 2000
CLOCKS = ("wall", "cpu")


def make(path: Path, customers: int) -> None:
    """Simulate customers first seen in the first 12 of 39 weeks, as CDNOW's were."""
    import numpy as np

    import relmark_research as rm

    T = np.random.default_rng(1).integers(189, 273, customers) / 7
    x, t_x, _ = rm.BGNBD(0.243, 4.414, 0.793, 2.426).simulate(T, seed=2)
    m = rm.GammaGamma(6.25, 3.74, 15.44).simulate(x, seed=3).round(2)
    columns = {"frequency": x, "recency": np.ceil(t_x * 7) / 7, "T": T, "monetary_value": m}
    np.savez(path, **columns)


def read(path: str, rows: int | None = None):
    import numpy as np
    import pandas as pd

    with np.load(path) as file:
        table = pd.DataFrame({name: file[name][:rows] for name in file.files})
    table["frequency"] = table["frequency"].astype("int64")
    return table


def ours(task: str, table) -> object:
    import relmark_research as rm

    fits = {"bg": rm.BGNBD, "gg": rm.GammaGamma, "pareto": rm.ParetoNBD}
    if task in fits:
        return lambda: fits[task].fit(table)
    purchases, spend = rm.BGNBD.fit(table), rm.GammaGamma.fit(table)
    terms = {"margin": 1.0, "annual_discount_rate": 0.1, "horizon": "12 months", "level": 0.95}

    def value() -> object:
        summary = rm.CustomerSummary(table, unit="week", observed_until="1997-09-30")
        return rm.lifetime_value(purchases, spend, summary, **terms)

    return value


def lifetimes(task: str, table) -> object:
    import lifetimes as peer

    history = [table[name] for name in ("frequency", "recency", "T")]
    repeat = table[(table["frequency"] > 0) & (table["monetary_value"] > 0)]
    spent = [repeat["frequency"], repeat["monetary_value"]]
    if task in ("bg", "pareto"):
        fitter = {"bg": peer.BetaGeoFitter, "pareto": peer.ParetoNBDFitter}[task]
        return lambda: fitter().fit(*history)
    if task == "gg":
        return lambda: peer.GammaGammaFitter().fit(*spent)
    bought, paid = peer.BetaGeoFitter().fit(*history), peer.GammaGammaFitter().fit(*spent)
    money = table["monetary_value"].fillna(0)
    monthly = 1.1 ** (1 / 12) - 1
    return lambda: paid.customer_lifetime_value(
        bought, *history, money, time=12, discount_rate=monthly, freq="W"
    )


def pymc_marketing(task: str, table) -> object:
    from pymc_marketing import clv as peer

    table = table.rename_axis("customer_id").reset_index().fillna({"monetary_value": 0})
    repeat = table[(table["frequency"] > 0) & (table["monetary_value"] > 0)]
    models = {
        "bg": (peer.BetaGeoModel, table),
        "pareto": (peer.ParetoNBDModel, table),
        "gg": (peer.GammaGammaModel, repeat),
    }

    def fitted(kind: str) -> object:
        model = models[kind][0](data=models[kind][1])
        model.fit(method="map", progressbar=False)
        return model

    if task in models:
        return lambda: fitted(task)
    bought, paid = fitted("bg"), fitted("gg")
    monthly = 1.1 ** (1 / 12) - 1
    return lambda: paid.expected_customer_lifetime_value(
        transaction_model=bought, data=table, future_t=12, discount_rate=monthly, time_unit="W"
    )


TOOLS = {OURS: ours, "lifetimes": lifetimes, "pymc-marketing": pymc_marketing}


def work(tool: str, task: str, path: str, repeats: int) -> None:
    """Run one task in this process and print what it took as JSON."""
    TOOLS[tool](task, read(path, WARM))()
    table = read(path)
    call, wall, cpu = TOOLS[tool](task, table), [], []
    for _ in range(repeats):
        began, used = time.perf_counter(), time.process_time()
        call()
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - used)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall": wall, "cpu": cpu, "megabytes": peak}))


def measured(python: str, tool: str, task: str, path: Path, repeats: int) -> dict:
    """Run one task in a fresh process of that tool's Python."""
    command = [python, __file__, "--work", tool, task, str(path), str(repeats)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        print(f"{tool}, {TASKS[task]}: {''.join(last)}", file=sys.stderr)
        return {}
    return json.loads(done.stdout.strip().splitlines()[-1])


def installed(tool: str, folder: Path) -> str | None:
    """Return a Python that has the tool, making its environment if there is none yet."""
    home = folder / tool
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        print(f"installing {' '.join(PEERS[tool])} ...", file=sys.stderr)
        venv.create(home, with_pip=True, clear=True)
        command = [str(python), "-m", "pip", "install", "--quiet", *PEERS[tool]]
        if subprocess.run(command, check=False).returncode:
            print(f"{tool} cannot be installed here; going on without it", file=sys.stderr)
            return None
        (home / "ready").touch()
    return str(python)


def row(tool: str, label: str, found: dict, ours: dict) -> str:
    medians = [statistics.median(found[clock]) for clock in CLOCKS]
    shown = [f"{seconds:.3f}" for seconds in medians] + [f"{found['megabytes']:.0f}"]
    if tool == OURS or not ours:
        return f"| {label} | {tool} | {' | '.join([*shown, '', ''])} |"
    base = [statistics.median(ours[clock]) for clock in CLOCKS]
    times = [f"{theirs / own:.1f}" for theirs, own in zip(medians, base, strict=True)]
    return f"| {label} | {tool} | {' | '.join(shown + times)} |"


def beside_peers(asked: argparse.Namespace, folder: Path) -> list[str]:
    """Return the table of tasks by tools."""
    known = {tool: installed(tool, folder) for tool in asked.peers}
    pythons = {OURS: sys.executable} | {tool: at for tool, at in known.items() if at}
    head = "| task | tool | wall s | CPU s | peak MB | times ours, wall | times ours, CPU |"
    lines = [head, "|---|---|---:|---:|---:|---:|---:|"]
    for task, name in TASKS.items():
        customers = asked.pareto if task == "pareto" else asked.customers
        path = folder / f"customers-{customers}.npz"
        if not path.exists():
            make(path, customers)
        label, own = f"{name}, {customers:,} customers", {}
        for tool, python in pythons.items():
            repeats = asked.repeats if tool == OURS else max(1, asked.repeats // 2)
            found = measured(python, tool, task, path, repeats)
            if found:
                own = found if tool == OURS else own
                lines.append(row(tool, label, found, own))
                print(lines[-1], file=sys.stderr)
    return lines


def growth(most: int, repeats: int, folder: Path) -> list[str]:
    """Return how our cost grows with customers, beside their distinct histories."""
    head = "| customers | distinct histories | BG/NBD fit: wall s | CPU s "
    head += "| 12-month value: wall s | CPU s | peak MB |"
    lines, customers = [head, "|---:|---:|---:|---:|---:|---:|---:|"], 10_000
    while customers <= most:
        path = folder / f"customers-{customers}.npz"
        if not path.exists():
            make(path, customers)
        fit, value = (measured(sys.executable, OURS, t, path, repeats) for t in ("bg", "clv"))
        count = distinct_histories(path)
        seconds = [statistics.median(found[of]) for found in (fit, value) for of in CLOCKS]
        lines.append(
            f"| {customers:,} | {count:,} | {' | '.join(f'{each:.3f}' for each in seconds)} "
            f"| {max(fit['megabytes'], value['megabytes']):.0f} |"
        )
        print(lines[-1], file=sys.stderr)
        customers *= 10
    return lines


def distinct_histories(path: Path) -> int:
    from relmark_research.customers.log.distinct_histories import distinct_rows

    table = read(str(path))
    return len(distinct_rows(*(table[n].to_numpy() for n in ("frequency", "recency", "T"))).weights)


def fresh(folder: Path, repeats: int) -> list[str]:
    """Return what fits of CDNOW take in fresh processes, imports included."""
    import relmark_research as rm

    summary = folder / "cdnow.csv"
    rm.load_cdnow().split(at="1997-09-30").calibration.table.to_csv(summary)
    begin = "import pandas as pd, relmark_research as rm; "
    ways = {
        "from the summary (CSV)": f"c = pd.read_csv({str(summary)!r}); ",
        "from the log": "c = rm.load_cdnow().split(at='1997-09-30').calibration; ",
    }
    lines = ["| CDNOW, fresh process, imports included | wall s | CPU s |", "|---|---:|---:|"]
    for name, first in ways.items():
        code = begin + first + "rm.BGNBD.fit(c).summary(); rm.GammaGamma.fit(c).summary()"
        took = [seconds_of([sys.executable, "-c", code]) for _ in range(repeats)]
        wall, cpu = (statistics.median(each) for each in zip(*took, strict=True))
        lines.append(f"| BG/NBD and Gamma-Gamma {name} | {wall:.2f} | {cpu:.2f} |")
        print(lines[-1], file=sys.stderr)
    return lines


def seconds_of(command: list[str]) -> tuple[float, float]:
    """Return wall and CPU seconds of a command."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return time.perf_counter() - began, used


def machine() -> str:
    """Say where this ran, and beside how much else."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line for line in lines if "model name" in line]
    processor = names[0].split(":")[1].strip() if names else platform.processor()
    return (
        f"{processor}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{platform.system()}; load when begun {os.getloadavg()[0]:.1f}."
    )


def main() -> None:
    if sys.argv[1:2] == ["--work"]:
        tool, task, path, repeats = sys.argv[2:6]
        return work(tool, task, path, int(repeats))
    ask = argparse.ArgumentParser()
    ask.add_argument("--customers", type=int, default=1_000_000)
    ask.add_argument("--pareto", type=int, default=100_000)
    ask.add_argument("--growth", type=int, default=10_000_000, help="0 leaves it out")
    ask.add_argument("--repeats", type=int, default=5)
    ask.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    ask.add_argument("--folder", type=Path, help="where environments and data are kept")
    ask.add_argument("--out", type=Path, help="file for the tables, besides the screen")
    asked = ask.parse_args()
    with tempfile.TemporaryDirectory() as own:
        folder = (asked.folder or Path(own)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        where, began = machine(), time.perf_counter()
        parts = [[where], beside_peers(asked, folder)]
        parts += [growth(asked.growth, asked.repeats, folder)] if asked.growth else []
        parts += [fresh(folder, asked.repeats)]
        parts += [[f"All of it took {(time.perf_counter() - began) / 60:.0f} minutes."]]
    text = "\n\n".join("\n".join(part) for part in parts) + "\n"
    if asked.out:
        asked.out.write_text(text)
    print(text)
    return None


if __name__ == "__main__":
    main()
