"""A layered drawing of a directed acyclic graph, left to right.

Ranks along longest paths, order within a rank by barycentres, coordinates, and routes of the edges: the four steps of
Sugiyama, Tagawa and Toda (1981), "Methods for visual understanding of hierarchical system structures".
"""

from bisect import bisect_right, insort
from dataclasses import dataclass

NODE_GAP = 20  # pixels between two nodes of one column
ROUTE_HEIGHT = 12  # pixels kept free where an edge passes between two nodes
MARGIN = 14  # pixels around the drawing
BAND_TITLE = 22  # pixels above the nodes for the names of the bands
SMALLEST_GAP = 46  # pixels between two columns
SWEEPS = 12


@dataclass(frozen=True)
class Layout:
    """Where everything goes, in pixels: node boxes by centre, edges as SVG paths, labels by centre."""

    width: float
    height: float
    nodes: list[tuple[float, float]]
    paths: list[str]
    labels: list[tuple[float, float]]
    bands: dict[int, tuple[float, float]]  # left and right end of each group, where there are several


def layout(parents, sizes, label_sizes, groups=None) -> Layout:
    """Lay out a graph from left to right.

    parents: for each node the list of the nodes it is computed from, all of them earlier in the list
    sizes: (width, height) of each node in pixels
    label_sizes: (width, height) of the label of each edge; the edges in the order of `edges(parents)`
    groups: None, or for each node a whole number; a group's columns all lie left of the next group's
    Returns a Layout.
    """
    groups = groups or [0] * len(parents)
    ranks = rank(parents, groups)
    columns, chains = _with_routes(parents, ranks)
    columns = _untangle(columns, chains)
    heights = {("node", i): size[1] for i, size in enumerate(sizes)}
    ys = _heights(columns, chains, heights)
    named = len(set(groups)) > 1
    top = MARGIN + BAND_TITLE * named

    column_widths = [max((sizes[v[1]][0] for v in column if v[0] == "node"), default=0) for column in columns]
    gaps = [0.0] * len(columns)  # gap k lies left of column k
    for (_, child, _), (width, _) in zip(edges(parents), label_sizes, strict=True):
        gaps[ranks[child]] = max(gaps[ranks[child]], width + 22)
    lefts, x = [], float(MARGIN)
    for k, width in enumerate(column_widths):
        x += max(gaps[k], SMALLEST_GAP) if k else 0
        lefts.append(x)
        x += width
    centres = [left + width / 2 for left, width in zip(lefts, column_widths, strict=True)]

    ports = _ports(parents, chains, ys, sizes)
    paths, labels = [], []
    for e, (parent, child, _) in enumerate(edges(parents)):
        points = [(centres[ranks[parent]] + sizes[parent][0] / 2, ys["node", parent])]
        for v in chains[e][1:-1]:
            points += [(lefts[v[2]], ys[v]), (lefts[v[2]] + column_widths[v[2]], ys[v])]
        points.append((centres[ranks[child]] - sizes[child][0] / 2 - 1, ports[e]))
        points = [(px, py + top) for px, py in points]
        paths.append(_curve(points))
        right = lefts[ranks[child]]
        left = right - max(gaps[ranks[child]], SMALLEST_GAP)
        labels.append(((left + right) / 2, (points[-2][1] + points[-1][1]) / 2))
    labels = _spread(labels, label_sizes, top)

    nodes = [(centres[ranks[i]], ys["node", i] + top) for i in range(len(parents))]
    bottom = max([y + sizes[i][1] / 2 for i, (_, y) in enumerate(nodes)] + [ys[v] + top for c in columns for v in c])
    bottom = max([bottom] + [y + h / 2 for (_, y), (_, h) in zip(labels, label_sizes, strict=True)])
    bands = {}
    for group in sorted(set(groups)) if named else []:
        mine = [ranks[i] for i, g in enumerate(groups) if g == group]
        bands[group] = (lefts[min(mine)] - 9, lefts[max(mine)] + column_widths[max(mine)] + 9)
    return Layout(x + MARGIN, bottom + MARGIN, nodes, paths, labels, bands)


def edges(parents) -> list[tuple[int, int, int]]:
    """All edges as (parent, child, place among the child's parents), by child."""
    return [(p, child, place) for child, row in enumerate(parents) for place, p in enumerate(row)]


def rank(parents, groups) -> list[int]:
    """The column of each node: after all its parents, as near to its children as it can be, groups side by side."""
    ranks, last = [0] * len(parents), {}
    for group in sorted(set(groups)):
        start = 1 + max(last.values(), default=-1)
        for i in (i for i, g in enumerate(groups) if g == group):
            ranks[i] = max([start] + [ranks[p] + 1 for p in parents[i]])
        last[group] = max(ranks[i] for i, g in enumerate(groups) if g == group)
    children = [[] for _ in parents]
    for parent, child, _ in edges(parents):
        children[parent].append(child)
    for i in reversed(range(len(parents))):
        if children[i]:
            ranks[i] = min(last[groups[i]], min(ranks[c] for c in children[i]) - 1)
    return ranks


def crossings(columns, chains) -> int:
    """The number of pairs of edges that cross, counted between neighbouring columns."""
    place = {v: k for column in columns for k, v in enumerate(column)}
    between = [[] for _ in columns]
    for chain in chains:
        for a, b in zip(chain, chain[1:], strict=False):
            between[a[2] if a[0] == "route" else b[2] - 1 if b[0] == "route" else chain.start].append(
                (place[a], place[b])
            )
    total = 0
    for pairs in between:
        seen = []
        for _, right in sorted(pairs):
            total += len(seen) - bisect_right(seen, right)
            insort(seen, right)
    return total


class _Chain(tuple):
    """The vertices an edge passes: its parent, one route vertex in each column between, its child."""

    start = 0  # the column of the parent


def _with_routes(parents, ranks):
    """Columns of vertices, and for each edge the chain of vertices it passes."""
    columns = [[] for _ in range(max(ranks) + 1)]
    for i, r in enumerate(ranks):
        columns[r].append(("node", i))
    chains = []
    for e, (parent, child, _) in enumerate(edges(parents)):
        between = [("route", e, r) for r in range(ranks[parent] + 1, ranks[child])]
        for v in between:
            columns[v[2]].append(v)
        chain = _Chain([("node", parent), *between, ("node", child)])
        chain.start = ranks[parent]
        chains.append(chain)
    return columns, chains


def _neighbours(chains):
    before, after = {}, {}
    for chain in chains:
        for a, b in zip(chain, chain[1:], strict=False):
            after.setdefault(a, []).append(b)
            before.setdefault(b, []).append(a)
    return before, after


def _untangle(columns, chains):
    """Order every column by the mean place of its neighbours, forth and back; the order with fewest crossings wins."""
    before, after = _neighbours(chains)
    best, fewest = columns, crossings(columns, chains)
    columns = [list(column) for column in columns]
    for sweep in range(SWEEPS):
        if fewest == 0:
            break
        forth = sweep % 2 == 0
        for column in columns if forth else columns[::-1]:
            place = {v: k for c in columns for k, v in enumerate(c)}
            near = before if forth else after
            column.sort(key=lambda v, place=place, near=near: _mean([place[u] for u in near.get(v, [])], place[v]))
        count = crossings(columns, chains)
        if count < fewest:
            best, fewest = [list(column) for column in columns], count
    return best


def _heights(columns, chains, heights):
    """The y of every vertex: as near as possible to the mean of its neighbours, none overlapping."""
    before, after = _neighbours(chains)
    ys = {v: 80.0 * k for column in columns for k, v in enumerate(column)}
    for sweep in range(SWEEPS):
        for column in columns if sweep % 2 == 0 else columns[::-1]:
            wanted = [_mean([ys[u] for u in before.get(v, []) + after.get(v, [])], ys[v]) for v in column]
            high = [heights.get(v, ROUTE_HEIGHT) for v in column]
            weights = [1 if v[0] == "node" else 3 for v in column]  # bends are worse than a node off its middle
            ys.update(zip(column, separate(wanted, high, NODE_GAP, weights), strict=True))
    shift = min(y - heights.get(v, ROUTE_HEIGHT) / 2 for v, y in ys.items())
    return {v: y - shift for v, y in ys.items()}


def separate(wanted, heights, gap, weights=None) -> list[float]:
    """Move the centres of boxes, whose order stays, as little as possible so that none overlap.

    wanted: the centres; heights: of the boxes; gap: least space between two; weights: how unwilling each is to move
    Returns the centres. Least squares by pooling neighbours that collide (isotonic regression).
    """
    offsets = [0.0]
    for a, b in zip(heights, heights[1:], strict=False):
        offsets.append(offsets[-1] + (a + b) / 2 + gap)
    pools = []  # [mean, weight, how many]
    for want, offset, weight in zip(wanted, offsets, weights or [1] * len(wanted), strict=True):
        pools.append([want - offset, weight, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            mean, w, n = pools.pop()
            last = pools[-1]
            last[:] = [(last[0] * last[1] + mean * w) / (last[1] + w), last[1] + w, last[2] + n]
    flat = [mean for mean, _, n in pools for _ in range(n)]
    return [z + offset for z, offset in zip(flat, offsets, strict=True)]


def _ports(parents, chains, ys, sizes):
    """The y at which each edge enters its child: spread over the child's side in the order the edges arrive."""
    arriving = {}
    for e, (_, child, _) in enumerate(edges(parents)):
        arriving.setdefault(child, []).append(e)
    ports = {}
    for child, mine in arriving.items():
        step = min(18, sizes[child][1] / (len(mine) + 1))
        for k, e in enumerate(sorted(mine, key=lambda e: ys[chains[e][-2]])):
            ports[e] = ys["node", child] + step * (k - (len(mine) - 1) / 2)
    return ports


def _spread(labels, sizes, top):
    """Push labels of one gap apart until none overlap, keeping their order."""
    result = list(labels)
    for x in {x for x, _ in labels}:
        mine = sorted((e for e, label in enumerate(labels) if label[0] == x), key=lambda e: labels[e][1])
        high = [sizes[e][1] for e in mine]
        ys = separate([labels[e][1] for e in mine], high, 8)
        down = max(0, top - 6 - (ys[0] - high[0] / 2))  # never above the drawing
        for e, y in zip(mine, ys, strict=True):
            result[e] = (x, y + down)
    return result


def _curve(points):
    """Through all points, horizontal at each: bends between columns, straight inside them."""
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for k, ((x0, y0), (x1, y1)) in enumerate(zip(points, points[1:], strict=False)):
        middle = (x0 + x1) / 2
        path += f"H{x1:.1f}" if k % 2 else f"C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"
    return path


def _mean(numbers, default):
    return sum(numbers) / len(numbers) if numbers else default
