"""The chart: each figure as a share of its limit, on a logarithmic scale, as SVG."""

from __future__ import annotations

from html import escape
from math import log10

from .figures import Figure
from .report import Machine, shown

WIDTH, LEFT, RIGHT, TOP, ROW, BAR = 1_000, 430, 110, 92, 50, 15
OURS, THEIRS, INK, GRID = "#1f6feb", "#b0b7c3", "#24292f", "#d8dee4"
LEAST, MOST = 0.01, 100.0  # shares of the limit at the two ends


def chart(figures: list[Figure], machine: Machine) -> str:
    """Return the SVG."""
    height = TOP + ROW * len(figures) + 44
    bottom = TOP + ROW * len(figures)
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
        f'font-size="13" fill="{INK}" role="img" aria-label="Each figure as a share of its limit">'
    )
    parts = [
        opening,
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(20, 30, "Each figure as a share of its limit (logarithmic; left of the red line is within it)", size=17),
        f'<rect x="20" y="46" width="14" height="12" fill="{OURS}"/>',
        _text(40, 57, "collector"),
        f'<rect x="120" y="46" width="14" height="12" fill="{THEIRS}"/>',
        _text(140, 57, "guide's loop, in the same world"),
    ]
    for share, label in ((0.01, "1 %"), (0.1, "10 %"), (1.0, "limit"), (10.0, "10 ×"), (100.0, "100 ×")):
        colour = "#cf222e" if share == 1.0 else GRID
        parts.append(f'<path d="M{_x(share):.1f} {TOP - 10}V{bottom}" stroke="{colour}"/>')
        parts.append(_text(_x(share), TOP - 15, label, anchor="middle"))
    for number, figure in enumerate(figures):
        y = TOP + ROW * number + 6
        parts.append(_text(LEFT - 14, y + 13, figure.name.replace(", steady state", ""), anchor="end", size=12))
        limit = f"limit {shown(figure.limit, figure)}"
        parts.append(_text(LEFT - 14, y + 29, limit, anchor="end", size=11, fill="#57606a"))
        parts += _bar(figure, figure.ours, y, OURS)
        if figure.yardstick is not None:
            parts += _bar(figure, figure.yardstick, y + BAR + 2, THEIRS)
    about = f"{machine.date} · {machine.cpu}, {machine.cores} cores · Python {machine.python}"
    parts += [_text(20, height - 14, about, size=11, fill="#57606a"), "</svg>"]
    return "\n".join(parts) + "\n"


def _bar(figure: Figure, value: float, y: float, colour: str) -> list[str]:
    end = _x(value / figure.limit)
    return [
        f'<rect x="{LEFT}" y="{y}" width="{end - LEFT:.1f}" height="{BAR}" fill="{colour}"/>',
        _text(end + 6, y + 12, shown(value, figure), size=12),
    ]


def _x(share: float) -> float:
    held = min(max(share, LEAST), MOST)
    return LEFT + (WIDTH - LEFT - RIGHT) * (log10(held) - log10(LEAST)) / (log10(MOST) - log10(LEAST))


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 13, fill: str = INK) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{fill}" '
        f'stroke="#ffffff" stroke-width="3" paint-order="stroke">'
        f"{escape(text, quote=False)}</text>"
    )
