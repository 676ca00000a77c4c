# SPDX-License-Identifier: GPL-2.0-only
"""What the benchmark found: as text, as CSV, as a chart."""

import csv
import html
import math
import statistics

import bench_run

_COLOURS = {"in-tree": "#b0b0b0", "ours": "#2060c0", "virtio_gpu": "#e09020"}
_BAR, _GAP, _LEFT, _WIDE = 12, 14, 260, 620


def _median(times):
    return statistics.median(times) / 1000 if times else None


def _spread(times):
    """Half of the samples are this far apart, of few all, as a share of the median."""
    if not times:
        return 0.0
    low, _, high = statistics.quantiles(times, n=4) if len(times) > 3 else (min(times), None, max(times))
    median = statistics.median(times)
    return (high - low) / median if median else 0.0


def rows(samples):
    """A dictionary for each operation: medians in microseconds, spreads, ratios of the peers to ours."""
    found = []
    for name in samples.operations:
        row = {"operation": name}
        for driver in bench_run.DRIVERS:
            times = samples.times.get((driver, name), [])
            row[driver] = _median(times)
            row[f"{driver} spread"] = _spread(times)
            for counter, value in samples.counts.get((driver, name), {}).items():
                row[f"{driver} {counter}"] = value
        for peer in bench_run.DRIVERS:
            if peer != "ours" and row["ours"] and row[peer]:
                row[f"{peer} / ours"] = row[peer] / row["ours"]
        found.append(row)
    return found


def _number(value, digits=1):
    return "-" if value is None else f"{value:,.{digits}f}"


def text(found, title):
    """A table for a terminal."""
    lines = [title, f"{'operation':30} {'in-tree':>12} {'ours':>12} {'virtio_gpu':>12} {'in-tree/ours':>13} "
             f"{'virtio/ours':>12}   spread ({', '.join(bench_run.DRIVERS)})"]
    for row in found:
        spreads = ", ".join(f"{row[f'{driver} spread']:.0%}" for driver in bench_run.DRIVERS)
        lines.append(f"{row['operation']:30} {_number(row['in-tree']):>12} {_number(row['ours']):>12} "
                     f"{_number(row['virtio_gpu']):>12} {_number(row.get('in-tree / ours'), 2):>13} "
                     f"{_number(row.get('virtio_gpu / ours'), 2):>12}   {spreads}")
    return "\n".join(lines) + "\n"


def counted(samples):
    """What was counted for each run of an operation, as a table; empty where nothing was."""
    lines = [f"{name:30} {driver:10} " + ", ".join(f"{counter} {value:,.1f}" for counter, value in counts.items())
             for (driver, name), counts in sorted(samples.counts.items(), key=lambda item: _order(samples, *item[0]))]
    return "\n".join(["for each run:", *lines]) + "\n" if lines else ""


def _order(samples, driver, name):
    return samples.operations.index(name), bench_run.DRIVERS.index(driver)


def write_csv(found, path):
    """All figures."""
    fields = sorted({key for row in found for key in row}, key=lambda key: (key != "operation", key))
    with open(path, "w", newline="", encoding="ascii") as handle:
        writer = csv.DictWriter(handle, fields)
        writer.writeheader()
        writer.writerows(found)


def _bars(row, top, scale):
    for index, driver in enumerate(bench_run.DRIVERS):
        value = row[driver]
        if not value:
            continue
        y = top + index * _BAR
        width = max(1.0, _WIDE * scale(value))
        yield f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR - 2}" fill="{_COLOURS[driver]}"/>'
        yield f'<text x="{_LEFT + width + 4:.1f}" y="{y + _BAR - 3}">{_number(value)}</text>'


def write_svg(found, title, path):
    """Bars on a logarithmic scale, an operation a group."""
    values = [row[driver] for row in found for driver in bench_run.DRIVERS if row[driver]]
    low, high = math.log10(min(values)) - 0.2, math.log10(max(values))

    def scale(value):
        return (math.log10(value) - low) / (high - low or 1)

    group = len(bench_run.DRIVERS) * _BAR + _GAP
    height = 60 + group * len(found)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDE + 100}" height="{height}" '
             'font-family="sans-serif" font-size="11">',
             f'<text x="10" y="18" font-size="14">{html.escape(title)}</text>']
    for index, driver in enumerate(bench_run.DRIVERS):
        x = 10 + index * 110
        parts.append(f'<rect x="{x}" y="28" width="10" height="10" fill="{_COLOURS[driver]}"/>'
                     f'<text x="{x + 14}" y="37">{driver}</text>')
    for index, row in enumerate(found):
        top = 52 + index * group
        parts.append(f'<text x="10" y="{top + group // 2 - 2}">{html.escape(row["operation"])}</text>')
        parts += _bars(row, top, scale)
    path.write_text("\n".join([*parts, "</svg>"]) + "\n")
