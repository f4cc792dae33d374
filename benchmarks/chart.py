"""Bars as SVG, with the limit as a line: one picture for a work whose contenders share a unit."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from benchmarks.report import in_words
from benchmarks.runner import Figure

__all__ = ["chart"]

_LEFT, _BAR, _GAP, _WIDTH = 150, 18, 8, 760
_OURS, _OTHERS, _LIMIT = "#1f6f8b", "#b9c2c9", "#d9534f"


def chart(title: str, figures: Sequence[Figure], *, limit: str | None) -> str:
    """The figures of one unit, from top to bottom as given. Ours are those named `rapport`."""
    values = [figure.value or 0.0 for figure in figures]
    scale = (_WIDTH - _LEFT - 150) / (max(values, default=0) or 1)
    height = 34 + len(figures) * (_BAR + _GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        f'<text x="8" y="18" font-weight="bold">{escape(title)}</text>',
    ]
    for row, (figure, value) in enumerate(zip(figures, values, strict=True)):
        top = 30 + row * (_BAR + _GAP)
        colour = _OURS if figure.contender.startswith("rapport") else _OTHERS
        width = max(1.0, value * scale)
        parts += [
            f'<text x="{_LEFT - 8}" y="{top + 13}" text-anchor="end">'
            f"{escape(figure.contender)}</text>",
            f'<rect x="{_LEFT}" y="{top}" width="{width:.1f}" height="{_BAR}" fill="{colour}"/>',
            f'<text x="{_LEFT + width + 6:.1f}" y="{top + 13}">{escape(in_words(figure))}</text>',
        ]
        if figure.contender == limit:
            x = _LEFT + width
            parts.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="26" y2="{height - 6}" stroke="{_LIMIT}" '
                'stroke-dasharray="4 3"/>'
            )
    return "\n".join([*parts, "</svg>", ""])
