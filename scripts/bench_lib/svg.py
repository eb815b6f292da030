"""Curves over a logarithmic axis as one small SVG that needs nothing else, on light and on dark."""
import math
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT, GAP = 400, 250, 70  # of a panel's field; between panels
LEFT, TOP, BOTTOM = 60, 60, 78
DASHES = ("", "7 3", "2 3", "9 3 2 3")  # told apart without colours, too
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 } .small { font-size: 11px; fill: #59636e } .end { text-anchor: end } .middle { text-anchor: middle }
  .grid { stroke: #d1d9e0; stroke-width: 1 } .line { fill: none; stroke-width: 2 }
  .s0 { stroke: #0969da; color: #0969da } .s1 { stroke: #cf222e; color: #cf222e }
  .s2 { stroke: #1a7f37; color: #1a7f37 } .s3 { stroke: #9a6700; color: #9a6700 }
  .dot { fill: currentColor }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .small { fill: #9198a1 } .grid { stroke: #3d444d }
    .s0 { stroke: #58a6ff; color: #58a6ff } .s1 { stroke: #ff7b72; color: #ff7b72 }
    .s2 { stroke: #3fb950; color: #3fb950 } .s3 { stroke: #d29922; color: #d29922 }
  }
"""


@dataclass
class Panel:
    """A field with an axis of its own from 0 up: {name: [(x, y)]}."""
    title: str
    curves: dict


def draw(panels, x_title, caption):
    """The panels side by side, one legend above, x logarithmic and the same in all."""
    xs = [x for panel in panels for curve in panel.curves.values() for x, _ in curve]
    low, high = math.log10(min(xs)), math.log10(max(xs))
    width = LEFT + len(panels) * (WIDTH + GAP)
    height = TOP + HEIGHT + BOTTOM
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">',
             f"<title>{escape(caption)}</title>", f"<style>{STYLE}</style>", *legend(panels[0].curves)]
    for number, panel in enumerate(panels):
        left = LEFT + number * (WIDTH + GAP)
        parts += field(panel, left, lambda x: left + WIDTH * (math.log10(x) - low) / ((high - low) or 1), low, high)
        parts.append(text(left + WIDTH / 2, TOP + HEIGHT + 40, x_title, "middle"))
    parts.append(text(LEFT, height - 12, caption, "small"))
    return "\n".join([*parts, "</svg>", ""])


def legend(names):
    for number, name in enumerate(names):
        x = LEFT + number * 110
        yield path(number, [(x, 16), (x + 28, 16)])
        yield text(x + 34, 20, name)


def field(panel, left, x_of, low, high):
    """Grid and labels, then the curves."""
    top = max((y for curve in panel.curves.values() for _, y in curve), default=1)
    step = nice(top / 4)
    full = step * math.ceil(top / step)

    def y_of(y):
        return TOP + HEIGHT * (1 - y / full)

    yield text(left, TOP - 14, panel.title, "title")
    for tick in range(round(full / step) + 1):
        y = y_of(tick * step)
        yield line(left, y, left + WIDTH, y)
        yield text(left - 8, y + 4, short(tick * step), "small end")
    for tick in range(math.ceil(low), math.floor(high) + 1):
        x = x_of(10 ** tick)
        yield line(x, TOP, x, TOP + HEIGHT)
        yield text(x, TOP + HEIGHT + 18, f"{10 ** tick:,}", "small middle")
    for number, curve in enumerate(panel.curves.values()):
        points = [(x_of(x), y_of(y)) for x, y in curve]
        yield path(number, points)
        yield from (f'<circle class="dot s{number}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in points)


def nice(step):
    """The next of 1, 2, 2.5 and 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(step))
    return next(power * one for one in (1, 2, 2.5, 5, 10) if power * one >= step)


def short(value):
    return f"{value / 1e6:g} M" if value >= 1e6 else f"{value / 1e3:g} k" if value >= 1e3 else f"{value:.3g}"


def path(number, points):
    dashes = f' stroke-dasharray="{DASHES[number]}"' if DASHES[number] else ""
    return f'<polyline class="line s{number}"{dashes} points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'


def line(x1, y1, x2, y2):
    return f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def text(x, y, words, classes=""):
    return f'<text class="{classes}" x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'
