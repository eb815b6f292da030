"""SVG of curves over a logarithmic axis: one small file without dependencies, for light and dark."""
import math
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT, GAP = 400, 250, 70  # of a panel's field; between panels
LEFT, TOP, BOTTOM = 60, 60, 78
DASHES = ("", "7 3", "2 3", "9 3 2 3")  # distinguishable without colours, too
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
    """A field: {name: [(x, y)]}. Its y axis goes up from 0, or is logarithmic, too."""
    title: str
    curves: dict
    logarithmic: bool = False


def draw(panels, x_title, caption):
    """Draws the panels side by side, with one legend above and the same logarithmic x axis."""
    width, height = LEFT + len(panels) * (WIDTH + GAP), TOP + HEIGHT + BOTTOM
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">',
             f"<title>{escape(caption)}</title>", f"<style>{STYLE}</style>", *legend(panels[0].curves)]
    for number, panel in enumerate(panels):
        left = LEFT + number * (WIDTH + GAP)
        parts += field(panel, left)
        parts.append(text(left + WIDTH / 2, TOP + HEIGHT + 40, x_title, "middle"))
    parts.append(text(LEFT, height - 12, caption, "small"))
    return "\n".join([*parts, "</svg>", ""])


def legend(names):
    for number, name in enumerate(names):
        x = LEFT + number * 110
        yield path(number, [(x, 16), (x + 28, 16)])
        yield text(x + 34, 20, name)


def field(panel, left):
    """Draws grid and labels, then the curves."""
    points = [point for curve in panel.curves.values() for point in curve]
    if not points:
        return
    xs, ys = zip(*points)
    x_place, x_ticks = logarithmic(xs)
    y_place, y_ticks = (logarithmic if panel.logarithmic else linear)(ys)

    def at(x, y):
        return left + WIDTH * x_place(x), TOP + HEIGHT * (1 - y_place(y))

    yield text(left, TOP - 14, panel.title, "title")
    for y in y_ticks:
        _, down = at(min(xs), y)
        yield line(left, down, left + WIDTH, down)
        yield text(left - 8, down + 4, short(y), "small end")
    for x in x_ticks:
        across, _ = at(x, max(y_ticks))
        yield line(across, TOP, across, TOP + HEIGHT)
        yield text(across, TOP + HEIGHT + 18, f"{x:,}", "small middle")
    for number, curve in enumerate(panel.curves.values()):
        places = [at(x, y) for x, y in curve]
        yield path(number, places)
        yield from (f'<circle class="dot s{number}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places)


def logarithmic(values):
    """Returns a function from a value to its place, 0 to 1, and the ticks: whole powers of ten around all values."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high = max(high, low + 1)
    return lambda value: (math.log10(value) - low) / (high - low), [10 ** power for power in range(low, high + 1)]


def linear(values):
    """Returns the same for an axis from 0 up, with four or five ticks of 1, 2, 2.5 or 5 times a power of ten."""
    rough = max(values) / 4
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * one for one in (1, 2, 2.5, 5, 10) if power * one >= rough)
    count = math.ceil(max(values) / step)
    return lambda value: value / (count * step), [tick * step for tick in range(count + 1)]


def short(value):
    return f"{value / 1e6:g} M" if value >= 1e6 else f"{value / 1e3:g} k" if value >= 1e3 else f"{value:.3g}"


def path(number, points):
    dashes = f' stroke-dasharray="{DASHES[number]}"' if DASHES[number] else ""
    return f'<polyline class="line s{number}"{dashes} points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'


def line(x1, y1, x2, y2):
    return f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def text(x, y, words, classes=""):
    return f'<text class="{classes}" x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'
