"""The dice as solids: wire frames of d4 to d100, turned in space and drawn in braille, hidden edges left out."""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from rolltrain_tui.tui.drawing.braille import Canvas

Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]
PHI = (1 + math.sqrt(5)) / 2
FRAMES = 24
"""Positions of a tumbling die that are told apart."""


@dataclass(frozen=True, slots=True)
class Solid:
    """Vertices on the unit sphere; every edge with the outward normals of the two faces that meet in it."""

    vertices: tuple[Vector, ...]
    edges: tuple[tuple[int, int, Vector, Vector], ...]
    rest: Matrix
    """The turn that brings a face to the front."""


def _corners(sides: int) -> list[Vector]:
    signs = (-1.0, 1.0)
    match sides:
        case 4:
            return [(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)]
        case 6:
            return [(x, y, z) for x in signs for y in signs for z in signs]
        case 8:
            return [(s, 0, 0) for s in signs] + [(0, s, 0) for s in signs] + [(0, 0, s) for s in signs]
        case 10 | 100:
            return _trapezohedron()
        case 12:
            cube = [(x, y, z) for x in signs for y in signs for z in signs]
            return cube + [v for a in signs for b in signs for v in ((0, a / PHI, b * PHI), (a / PHI, b * PHI, 0), (a * PHI, 0, b / PHI))]
        case _:
            return [v for a in signs for b in signs for v in ((0, a, b * PHI), (a, b * PHI, 0), (a * PHI, 0, b))]


def _trapezohedron() -> list[Vector]:
    """Ten kites: a zigzag belt of ten corners and two tips, the tips' height such that four corners of a kite share a plane."""
    height = 0.105
    belt = [(math.cos(math.pi * i / 5), height if i % 2 else -height, math.sin(math.pi * i / 5)) for i in range(10)]
    cosine = math.cos(math.pi / 5)
    tip = height * (1 + cosine) / (1 - cosine)
    return [*belt, (0.0, tip, 0.0), (0.0, -tip, 0.0)]


def _minus(a: Vector, b: Vector) -> Vector:
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _cross(a: Vector, b: Vector) -> Vector:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def _unit(a: Vector) -> Vector:
    length = math.sqrt(_dot(a, a))
    return (a[0] / length, a[1] / length, a[2] / length)


@lru_cache(maxsize=8)
def solid(sides: int) -> Solid:
    """The die with this number of sides. A d100 is drawn as a d10, a number without a solid as a d20."""
    corners = [(float(x), float(y), float(z)) for x, y, z in _corners(sides)]
    longest = max(math.sqrt(_dot(v, v)) for v in corners)
    vertices = tuple((v[0] / longest, v[1] / longest, v[2] / longest) for v in corners)
    faces = _faces(vertices)
    edges = tuple(
        (i, j, shared[0], shared[1])
        for i, j in combinations(range(len(vertices)), 2)
        if len(shared := [normal for normal, members in faces.items() if i in members and j in members]) == 2
    )
    front, members = next(iter(faces.items()))
    return Solid(vertices, edges, _facing(front, [vertices[i] for i in sorted(members)]))


def _faces(vertices: tuple[Vector, ...]) -> dict[Vector, frozenset[int]]:
    """Outward normal -> corners of every face: the planes through three corners that leave all others on one side."""
    faces: dict[frozenset[int], Vector] = {}
    for a, b, c in combinations(vertices, 3):
        normal = _unit(_cross(_minus(b, a), _minus(c, a)))
        distances = [_dot(normal, _minus(v, a)) for v in vertices]
        if max(distances) > 1e-6 and min(distances) < -1e-6:
            continue
        outward = normal if max(distances) <= 1e-6 else (-normal[0], -normal[1], -normal[2])
        faces[frozenset(i for i, distance in enumerate(distances) if abs(distance) <= 1e-6)] = outward
    return {normal: members for members, normal in faces.items()}


def _facing(normal: Vector, members: list[Vector]) -> Matrix:
    """The rotation that turns `normal` to the viewer (+z) and the sharpest corner of the face upwards."""
    centre = tuple(sum(v[axis] for v in members) / len(members) for axis in range(3))
    away = [_minus(v, (centre[0], centre[1], centre[2])) for v in members]
    up = _unit(max(away, key=lambda v: _dot(v, v)))
    return (_cross(up, normal), up, normal)


def _turned(matrix: Matrix, v: Vector) -> Vector:
    return (_dot(matrix[0], v), _dot(matrix[1], v), _dot(matrix[2], v))


def _spin(frame: int) -> Matrix:
    """One of FRAMES positions on a tumble that ends, at frame 0, where it began."""
    a = 2 * math.pi * frame / FRAMES
    c, s, c2, s2 = math.cos(a), math.sin(a), math.cos(2 * a), math.sin(2 * a)
    return ((c, -s * c2, s * s2), (s, c * c2, -c * s2), (0.0, s2, c2))


@lru_cache(maxsize=256)
def picture(sides: int, frame: int, columns: int, rows: int) -> tuple[str, ...]:
    """The die in braille, `rows` lines of `columns` characters; frame 0 is at rest with a face to the front."""
    body = solid(sides)
    canvas = Canvas(columns, rows)
    radius = min(canvas.width, canvas.height) / 2 - 0.6
    spin = _spin(frame % FRAMES)
    turned = [_turned(spin, _turned(body.rest, v)) for v in body.vertices]
    for i, j, one, other in body.edges:
        if max(_turned(spin, _turned(body.rest, one))[2], _turned(spin, _turned(body.rest, other))[2]) > 1e-6:
            x0, y0 = turned[i][0], turned[i][1]
            x1, y1 = turned[j][0], turned[j][1]
            half_x, half_y = (canvas.width - 1) / 2, (canvas.height - 1) / 2
            canvas.line(half_x + radius * x0, half_y - radius * y0, half_x + radius * x1, half_y - radius * y1)
    return tuple(canvas.text(row) for row in range(canvas.rows))
