r"""Tables of results, with the machine they were measured on."""

import datetime
import os
import platform
from pathlib import Path

import sklearn
import torch

RESULTS = Path(__file__).parent / "results"


def machine() -> str:
    r"""Returns one line about hardware and software."""
    cpu = platform.processor() or "unknown processor"
    info = Path("/proc/cpuinfo")

    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0].partition(":")[2].strip() if names else cpu

    return (
        f"{cpu}, {os.cpu_count()} cores, {torch.get_num_threads()} threads,"
        f" {torch.backends.cpu.get_cpu_capability()}; Python {platform.python_version()},"
        f" torch {torch.__version__}, scikit-learn {sklearn.__version__};"
        f" {datetime.date.today().isoformat()}"
    )


def write(
    name: str,
    title: str,
    header: list[str],
    rows: list[list],
    notes: str = "",
    before: str = "",
    command: str = "",
) -> None:
    r"""Prints a table and writes it to `results/`, as Markdown."""
    lines = [
        f"# {title}",
        "",
        *([before, ""] if before else []),
        "| " + " | ".join(header) + " |",
        "| " + " | ".join("---" for _ in header) + " |",
        *("| " + " | ".join(map(str, row)) + " |" for row in rows),
        "",
        *([notes.strip(), ""] if notes else []),
        f"Machine: {machine()}.",
        f"Command: `python benchmarks/{command or f'{name}.py'}`.",
        "",
    ]
    text = "\n".join(lines)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(text)
    print(text)
