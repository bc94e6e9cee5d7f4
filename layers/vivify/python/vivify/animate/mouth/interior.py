"""The inside of one photo's mouth: drawn anew for every frame in which the lips part farther than in the photo.

Lips move with the mesh. Where the photo already shows the inside of the mouth those pixels stay, carried by the skull, and
only what is uncovered beyond them is made.
"""

from __future__ import annotations

import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

from vivify.animate.mouth.anatomy import EYES_APART
from vivify.animate.mouth.arches import draw_row
from vivify.animate.mouth.cavity import Surface, behind_teeth
from vivify.animate.mouth.lips import Rim, between_lips
from vivify.animate.mouth.match import match
from vivify.animate.mouth.rows import PaintedRow
from vivify.animate.mouth.shown import Shown
from vivify.animate.mouth.tones import LUMA, Tones, read_tones
from vivify.animate.mouth.view import View
from vivify.animate.patch import Patch, Window
from vivify.arrays import Float, Pixels
from vivify.depth.head import HeadFrame, Turn
from vivify.depth.raster import filled
from vivify.easing import smoothstep
from vivify.faces.topology import (
    INNER_LIPS,
    LOWER_INNER_LIP,
    MESH,
    MOUTH_CORNERS,
    OUTER_LIPS,
    UPPER_INNER_LIP,
    mouth_width,
)
from vivify.motion.bite import LOWER_LIP, NOSE, UPPER_LIP, bite

Matrix = NDArray[np.float64]

# In eye distances.
_PARTING, _PARTED = 0.008, 0.035  # lips that part this much farther than in the photo begin to show, and show all
_ZIPPED = 0.03  # beside where they part, lips cling to each other up to here
_SLIDING, _SLID = 0.012, 0.035  # likewise, lips that on average slide this far over teeth which the photo shows
_EDGE = 0.011  # softness of the lips' edge
_SOFT = 0.016  # of the end of a way
# Lips nearer than the first are one line; of 200 filmed smiles curved and as wide as this 19 in 20 show teeth.
_ONE_LINE, _CURVED, _GRIN = 0.03, 0.02, 0.98
# Photos with as much colour tell lips from teeth by it, so far from their line to their edge.
_COLOURED, _INTO_LIP = 0.5, 0.25
_UNTOLD_PART = 0.25  # of the way, that lips part before what the photo does not tell to be skull's or jaw's
# In millimetres.
_MARGIN = 5.0
_USUAL_WIDTH = 51.0  # of a mouth
_TEETH_SCALE = (0.8, 14.0)  # pixels per millimetre that rows are drawn at
_UNDER, _UNDER_REACH = 0.5, 1.6  # how dark the shade is just below the upper row, and how far it reaches
_DEEP_SHADE = 0.4  # power of the lips' shade on what is behind the teeth
_BEHIND = 0.7  # that the made row stays above the edge of the photo's own, so as not to show below it
_CROWN = 9.5  # of the upper teeth: a lip that rises farther takes them along, no gum is shown that the photo has not
# Lips so far apart, between which it is darker than this, of the skin, hide the upper teeth; nearer ones leave too little
# light to tell: one of two filmed people with dark slits of 1.5 mm shows upper teeth when the jaw drops.
_GAP, _DARK = 2.5, 0.5
_SHADY = 2.0  # below the upper lip: there dim teeth end, or its shade
_STEPS = 6  # of a curve from one of the lips' landmarks to the next
_FINE = 1000  # pixels: how large the opening is drawn at least
_WIDE = (14.0, 20.0)  # millimetres between lips that begin to show more tongue than teeth, and do
_COARSE = 128  # pixels: light and flesh are smooth and are computed on a picture of this side


class Mouth:
    """``region``: (H, W, 3) uint8 RGB; ``landmarks``: (>=468, 3) float32 in it; ``head``: its frame in region pixels;
    ``milk``: whether the teeth are a small child's.
    """

    def __init__(self, region: Pixels, landmarks: Float, head: HeadFrame, *, milk: bool = False) -> None:
        self._head = head
        self._points = landmarks[:MESH].astype(np.float64)
        self._shape = region.shape
        self._rest = _gaps(landmarks)
        self._rim = Rim(region, landmarks)
        millimetre = head.unit / EYES_APART
        right, left = landmarks[list(MOUTH_CORNERS), :2]
        width = float(np.linalg.norm(left - right)) / millimetre
        self._size = float(np.clip((width / _USUAL_WIDTH) ** 0.35, 0.88, 1.06))
        self._tones = read_tones(region, landmarks, head.unit)
        rng = np.random.default_rng(_seed(landmarks, head))
        scale = float(np.clip(1.3 * millimetre, *_TEETH_SCALE))
        upper, lower = (draw_row(upper=upper, milk=milk, scale=scale, rng=rng) for upper in (True, False))
        self._tongue = Surface.draw(rng)
        shape = head.local(landmarks[:MESH])
        self._bite_at_rest = bite(shape, np.zeros((1, MESH, 3), np.float32))[0]
        place = View.of(self._points[UPPER_LIP, :2], head, Turn.none(), self._bite_at_rest, 1.0).beside_lip(0, 0)
        self._shown = Shown.read(region, landmarks, place, self._tones)
        found, self._end, self._covered = None, None, 0.0
        edge = None if self._shown is None else self._shown.edge
        grins = _grins_shut(shape) and not _are_red(region, landmarks, self._tones)
        self._untold = grins if edge is None else not (edge.hanging or edge.lower)
        if self._shown is not None and edge is not None:
            self._covered = edge.covered
            behind = 0.0 if self._covered else _BEHIND
            end = float(edge.at(np.zeros(1, np.float32))[0]) - behind
            # Else the slit, a lower row, or what may be the lip's own shade does not tell where upper teeth end.
            if not edge.lower and (self._shown.worth.front > 0.5 or (not self._covered and end > _SHADY)):
                self._end = end
            at_rest = View.of(self._points[UPPER_LIP, :2], head, Turn.none(), self._at_edge(self._bite_at_rest), self._size)
            found = match(PaintedRow(upper, self._tones, upper=True), at_rest, self._shown, behind)
        self._lower_alone = edge is not None and edge.lower
        # Wide open it tells what is seen below its upper teeth, too.
        self._tells_lower = self._lower_alone or (self._shown is not None and self._shown.gap > _WIDE[0])
        self._dark = self._shown is None and _is_dark(region, landmarks, _GAP * millimetre, _DARK * self._tones.skin)
        # The lower row is behind its lip there, too.
        self._lower_by = self._rest.max() / head.unit - self._bite_at_rest[1] if self._dark else 0.0
        self._upper = PaintedRow(upper, self._tones, upper=True, match=found and found[0])
        self._lower = PaintedRow(lower, self._tones, upper=False, match=found and found[1])

    @property
    def parting(self) -> float:
        """The share of the way that its lips may part: little, where the photo does not tell what teeth hang behind them."""
        return _UNTOLD_PART if self._untold else 1.0

    def patches(self, vertices: Float, turn: Turn, rows: Float) -> list[Patch]:
        """The inside of the mouth; nothing while the lips are where the photo has them.

        ``vertices``: (>=468, 3), the landmarks moved, region pixels; ``turn``: of the head; ``rows``: (3,), where the teeth
        are, see ``vivify.motion.bite``.
        """
        if self._untold:  # nothing hangs from the upper lip: what the photo shows goes along with both
            return []
        polygon, parting = self._parted(vertices), float((_gaps(vertices) - self._rest).max()) / self._head.unit
        still = turn.of(self._points)[:, :2]  # a face that made no faces
        still += (vertices[list(NOSE), :2] - still[list(NOSE)]).mean(axis=0)
        risen = float((still[UPPER_LIP] - vertices[UPPER_LIP, :2]) @ self._head.rotation[:2, 1]) / self._head.unit
        rows = np.array([self._upper_edge(rows[0], risen), rows[1] + self._lower_by, rows[2]], np.float32)
        view = View.of(still[UPPER_LIP], self._head, turn, self._at_edge(rows), self._size)
        moved = (rows - self._bite_at_rest).astype(float) * EYES_APART
        if self._tells_lower:  # and that keeps to the lower lip
            fallen = float((vertices[LOWER_LIP, :2] - still[LOWER_LIP]) @ self._head.rotation[:2, 1]) / self._head.unit
            moved[1] = fallen * EYES_APART if self._lower_alone else max(moved[1], fallen * EYES_APART)
        own = view.beside_lip(0, moved[0]), view.beside_lip(moved[2], moved[1])
        if self._shown is None:
            strength = smoothstep((parting - _PARTING) / (_PARTED - _PARTING))
        else:  # teeth that the photo shows stay as they are behind lips that close or slide over them, too
            rest = still[list(INNER_LIPS)]
            slid = np.linalg.norm(polygon - rest, axis=1).mean() / self._head.unit
            strength = smoothstep((slid - _SLIDING) / (_SLID - _SLIDING))
            parting = max(parting, slid)  # what lips slide off they shade no more, either
            # A tongue that a wide mouth shows reaches from cheek to cheek: it widens with them.
            wider = max(float(np.linalg.norm(polygon[10] - polygon[0]) / np.linalg.norm(rest[10] - rest[0])), 1.0)
            own[1][:, 0] *= 1 + (wider - 1) * smoothstep((self._shown.gap - _WIDE[0]) / (_WIDE[1] - _WIDE[0]))
        if strength == 0:
            return []
        window = Window.around(polygon, _MARGIN * view.millimetre, self._shape)
        if window is None:
            return []
        rgb = self._drawn(polygon, window, view, own, parting * EYES_APART)
        alpha = _opening(polygon, window, max(_EDGE * self._head.unit, 0.6 * self._tones.blur)) * strength
        return [Patch(window, rgb, alpha.astype(np.float32))]

    def _parted(self, vertices: Float) -> Float:
        """(20, 2): the inner lips, together wherever they are not farther apart than in the photo, or, where that shows
        teeth, not apart.
        """
        upper, lower = vertices[list(UPPER_INNER_LIP), :2], vertices[list(LOWER_INNER_LIP), :2]
        down = self._head.rotation[:2, 1].astype(np.float32)
        apart = (lower - upper) @ down / self._head.unit
        if self._shown is None:
            apart -= np.minimum(self._rest / self._head.unit, apart)
        shut = (1 - smoothstep(apart / _ZIPPED))[:, None] / 2
        polygon = vertices[list(INNER_LIPS), :2].copy()
        polygon[1:10], polygon[:10:-1] = upper + shut * (lower - upper), lower + shut * (upper - lower)
        return polygon

    def _upper_edge(self, told: float, risen: float) -> float:
        """Where the upper row ends under a lip that has ``risen``, eye distances: where ``told``, if no teeth are seen."""
        if self._dark:  # they end behind the lip: no more of them is seen than it rises
            return min(told, 0.0)
        if self._end is None:
            return told
        room = max(_CROWN - self._end + self._covered, 0.0) / EYES_APART
        return float(self._bite_at_rest[0]) - _beyond(risen, room)  # held by the skull, until the lip has uncovered them

    def _at_edge(self, rows: Float) -> Float:
        """``rows`` with the upper one where the photo says that its teeth end."""
        if self._end is None:
            return rows
        moved = rows.copy()
        moved[0] += self._end / EYES_APART - self._bite_at_rest[0]
        return moved

    def _drawn(self, polygon: Float, window: Window, view: View, own: tuple[Matrix, Matrix], parting: float) -> Float:
        tones = self._tones
        width, height = window.size
        shrink = min(1.0, _COARSE / max(window.size))
        few = (max(2, round(width * shrink)), max(2, round(height * shrink)))
        # Coarse pixels' centres in the frame.
        x = ((np.arange(few[0], dtype=np.float32) + 0.5) * (width / few[0]) - 0.5 + window.x0)[None]
        y = ((np.arange(few[1], dtype=np.float32) + 0.5) * (height / few[1]) - 0.5 + window.y0)[:, None]
        a, b = view.grid(x, y)
        shrunk = np.asarray((polygon - window.corner + 0.5) * (few[0] / width, few[1] / height) - 0.5, np.float32)
        lips = between_lips(shrunk, few, view.down, view.millimetre * few[0] / width, tones.side)
        under = 1 - _UNDER * np.exp(np.minimum(self._upper.place(view, a, b)[1], 0) / _UNDER_REACH)
        opening = cv2.contourArea(polygon) / view.millimetre**2
        deep = behind_teeth(view, a, b, tones, opening, self._tongue)
        deep *= (lips.shade * np.sqrt(lips.corners))[..., None] ** (_DEEP_SHADE * tones.warm)

        def enlarged(field: Float) -> Float:
            return np.asarray(cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)

        rgb = enlarged(deep)
        fine_x = np.arange(window.x0, window.x1, dtype=np.float32)[None]
        fine_y = np.arange(window.y0, window.y1, dtype=np.float32)[:, None]
        fine_a, fine_b = view.grid(fine_x, fine_y)
        below = np.asarray(lips.shade * lips.corners * under, np.float32)
        rows = [(self._lower, below), (self._upper, lips.shade)]
        for row, light in rows[1:] if self._tells_lower else rows:
            colour, alpha = row.seen(view, fine_a, fine_b)
            rgb = rgb * (1 - alpha) + colour * enlarged(np.asarray(light[..., None] ** tones.warm, np.float32))
        rim, weight = self._rim.at(shrunk, lips)
        rgb += (enlarged(rim) - rgb) * enlarged(weight)[..., None]
        rgb = np.asarray(cv2.GaussianBlur(rgb, (0, 0), tones.blur), np.float32)
        rgb = _grainy(rgb, tones, window)
        if self._shown is not None:
            self._shown.lay_on(rgb, window, own, parting, enlarged(lips.cast))
        return rgb


def _beyond(way: float, room: float) -> float:
    """How much farther than ``room`` a ``way`` goes, softly: nothing at no way, all that is left at a long one."""
    return _SOFT * float(np.logaddexp(0, (way - room) / _SOFT) - np.logaddexp(0, -room / _SOFT))


def _opening(polygon: Float, window: Window, softness: float) -> Float:
    """(h, w) float32: 1 between lips that ``polygon`` outlines, soft at their edge; 0 where they touch."""
    fine = max(1, round(_FINE / max(window.size)))  # the outline that is drawn with a polygon is a pixel wide
    large = ((polygon - window.corner + 0.5) * fine - 0.5).astype(np.float32)
    mask = filled(_curved(large), (window.size[0] * fine, window.size[1] * fine))
    small = cv2.resize(mask, window.size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), max(softness, 0.3)) / 255, np.float32)


def _curved(polygon: Float) -> Float:
    """``polygon`` (N, 2) with a smooth line through its points: Catmull and Rom's."""
    before, after, last = (np.roll(polygon, by, axis=0) for by in (1, -1, -2))
    t = (np.arange(_STEPS, dtype=np.float32) / _STEPS)[None, :, None]
    here, before, after, last = (each[:, None] for each in (polygon, before, after, last))
    cubic = (-before + 3 * here - 3 * after + last) * t**3 + (2 * before - 5 * here + 4 * after - last) * t**2
    return np.asarray((cubic + (after - before) * t) / 2 + here, np.float32).reshape(-1, 2)


def _grins_shut(shape: Float) -> bool:
    """Whether the landmarks ``shape``, (>=468, 3), eye distances, tell lips shut that grin: then they took teeth for lip."""
    gap = shape[list(LOWER_INNER_LIP), 1] - shape[list(UPPER_INNER_LIP), 1]
    curve = shape[[*UPPER_INNER_LIP[4:5], *LOWER_INNER_LIP[4:5]], 1].mean() - shape[list(MOUTH_CORNERS), 1].mean()
    return bool(gap.max() < _ONE_LINE and curve > _CURVED and mouth_width(shape) > _GRIN)


def _are_red(region: Pixels, landmarks: Float, tones: Tones) -> bool:
    """Whether both lips are as red as flesh next to their line, and so no row of teeth; nothing in black and white is."""
    inner, outer = landmarks[list(INNER_LIPS), :2], landmarks[list(OUTER_LIPS), :2]
    at = (inner + _INTO_LIP * (outer - inner)).astype(np.float32)[None]
    seen = cv2.remap(region, at, np.empty(0, np.float32), cv2.INTER_LINEAR)[0]
    upper, lower = (np.median(lip, axis=0) + 1 for lip in (seen[1:10], seen[11:]))
    flesh = tones.inside[0] / tones.inside[1]
    return bool(tones.colour > _COLOURED and min(upper[0] / upper[1], lower[0] / lower[1]) > flesh)


def _is_dark(region: Pixels, landmarks: Float, gap: float, dark: float) -> bool:
    """Whether lips at least ``gap`` pixels apart have nothing brighter than ``dark`` between them."""
    upper, lower = landmarks[list(UPPER_INNER_LIP[2:7]), :2], landmarks[list(LOWER_INNER_LIP[2:7]), :2]
    if np.linalg.norm(lower - upper, axis=1).min() < gap:
        return False
    part = np.linspace(0.25, 0.75, 5, dtype=np.float32)[:, None, None]
    at = (upper * (1 - part) + lower * part).astype(np.float32)
    return bool(np.median(cv2.remap(region, at, np.empty(0, np.float32), cv2.INTER_LINEAR) @ LUMA) < dark)


def _grainy(rgb: Float, tones: Tones, window: Window) -> Float:
    """``rgb`` with the photo's own grain, weaker in the dark."""
    rows = np.arange(window.y0, window.y1) % tones.grain.shape[0]
    columns = np.arange(window.x0, window.x1) % tones.grain.shape[1]
    weight = np.clip(0.35 + 0.65 * (rgb @ LUMA) / tones.skin, 0, 1)
    return np.asarray(np.clip(rgb + tones.grain[rows][:, columns] * weight[..., None], 0, 255), np.float32)


def _gaps(points: Float) -> Float:
    """(9,): how far apart the inner lips are, in the unit of ``points``."""
    upper, lower = points[list(UPPER_INNER_LIP), :2], points[list(LOWER_INNER_LIP), :2]
    return np.asarray(np.linalg.norm(upper - lower, axis=1), np.float32)


def _seed(landmarks: Float, head: HeadFrame) -> int:
    """A number of this face's own, the same for every clip of one photo, at any size but for rare rounding."""
    return zlib.crc32(np.round(head.local(landmarks[list(OUTER_LIPS)]), 1).astype(np.float32).tobytes())
