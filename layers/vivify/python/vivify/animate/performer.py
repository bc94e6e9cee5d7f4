"""One face of one photo, ready to be moved: everything computed once, and a frame drawn from it on demand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from vivify.animate.eyes.eyeball import PaintedEye
from vivify.animate.eyes.lids import Eyelids, Lidless
from vivify.animate.eyes.spectacles import worn
from vivify.animate.graph_painter import GraphPainter
from vivify.animate.layers import Layers, split
from vivify.animate.mouth import Mouth, at_corners, in_sight, on_seam
from vivify.animate.painter import CvPainter, Painter
from vivify.animate.person.borders import Borders, within_bars, without_tips
from vivify.animate.person.creases import Creases
from vivify.animate.person.folds import Folds
from vivify.animate.person.furrows import furrows
from vivify.animate.person.place import Place
from vivify.animate.person.reach import Reach
from vivify.animate.person.shades import Shades
from vivify.animate.person.surface import build_surface
from vivify.animate.person.territory import Territory
from vivify.animate.person.warp import Warp
from vivify.animate.sketch import Deformation, Grid, Shading, Sketch
from vivify.arrays import Float, Pixels
from vivify.depth.estimate import DepthMap, estimate
from vivify.depth.head import HeadFrame, Turn
from vivify.depth.silhouette import person_matte
from vivify.faces.geometry import Pyramid
from vivify.faces.hands import covered, find_hands
from vivify.faces.pose import rotation
from vivify.faces.topology import EYES, MESH, OUTER_LIPS
from vivify.faces.types import Face, Pose
from vivify.models import Provider
from vivify.motion import SHUT, FaceTrack, Limits, Lips, Motion, Room, retarget
from vivify.motion.limits import SMALL_CHILD
from vivify.motion.relax import worry

_UNSURE_EDGE = 0.1  # eye distances around the matte's edge that the plate never trusts


class Performer:
    """Moves one face. Construction analyses (matte, depth, mesh, layers); a frame is then sketched, painted and placed.

    ``photo``: (H, W, 3) uint8 RGB, never written to. ``neighbours``: the other faces, which it must not drag. ``lean``: eye
    distances that its body must be able to go (``vivify.motion.leaning``); beside neighbours it leans by 1 at most.
    ``body``: 0..1, the share of the head's way that the body goes, None for people's usual.
    """

    def __init__(
        self,
        photo: Pixels,
        face: Face,
        neighbours: Sequence[Face] = (),
        provider: Provider = "cpu",
        lean: float = 1.0,
        body: float | None = None,
    ) -> None:
        lean = min(1.0, lean) if neighbours else lean
        everywhere = HeadFrame.of(face)
        picture = within_bars(photo, face.landmarks)
        self.region = Reach.of(lean).window(everywhere, picture)
        corner = np.array([self.region.x0, self.region.y0, 0], np.float32)
        self._pixels = np.ascontiguousarray(self.region.of(photo))
        self._head = everywhere.seen_from(corner)
        landmarks = on_seam(self._pixels, (face.landmarks - corner).astype(np.float32), self._head)
        self._landmarks = at_corners(self._pixels, landmarks, self._head)
        matte = without_tips(person_matte(self._pixels, self._landmarks, self._head, provider), self._head.unit)
        self.depth: DepthMap = estimate(self._landmarks, self._head, matte)
        self._shape = self._head.local(self._landmarks)
        others = [HeadFrame.of(other).seen_from(corner) for other in neighbours]
        territory = Territory(self._head, others)
        borders = Borders(self._head, picture.seen_from(self.region), matte)
        cut_beside, cut_above = borders.cut_off()
        cut_through = borders.cut_through(self._landmarks[:MESH, :2])
        room = Room(lean, borders.room(), cut_beside, cut_above, cut_through, territory.crowded)
        self.limits = Limits.of(self._shape, face.pose, room)
        self._place = Place(self._pixels, matte, territory) if others else None  # or nobody else is there
        self._surface = build_surface(self._landmarks, territory, matte, self.depth.person, borders, lean, body)
        own = None if self._place is None else self._place.share
        self._layers = split(self._pixels, matte, _UNSURE_EDGE * self._head.unit, own)
        height, width = matte.shape
        self._warp = Warp(self._surface, (width, height), self._head.unit)
        self._painter = _painter(self._layers, self._warp.grid, provider)
        self._eyes = [PaintedEye(eye, self._pixels, self._landmarks) for eye in EYES]
        self._lids = Eyelids(self._layers, self._pixels, self._landmarks, provider)
        self._folds = Folds(self._landmarks)
        smoothed = furrows(self._pixels, self._landmarks, self._warp.grid, self._head.unit, worry(self._shape))
        self._creases = Creases(self._landmarks, self._warp.grid, smoothed)
        self._shades = Shades(self._pixels, self._landmarks, self._head.unit)
        milk = SMALL_CHILD in self.limits.reasons
        self._mouth = Mouth(self._pixels, self._landmarks, self._head, milk=milk)
        glasses = worn(self._pixels, self._landmarks, self._head)
        self.limits = self.limits.parted_by(self._mouth.parting).behind_spectacles(glasses).seeing(self._lids.seen)
        if not in_sight(self._pixels, self._landmarks, self._head):
            self.limits = self.limits.without_mouth()
        hands = find_hands(Pyramid(self._pixels), self._landmarks)
        outlines = (OUTER_LIPS, *(eye.opening for eye in EYES))
        lips, right, left = (covered(hands, self._landmarks[list(outline), :2]) for outline in outlines)
        self.limits = self.limits.behind_hands(lips, (right, left))

    def track(self, motion: Motion, mouth_width: float, lips: Lips = SHUT) -> FaceTrack:
        """``motion`` fitted to this face; ``mouth_width``, ``lips``: of whom it was measured on, see ``retarget``."""
        return retarget(motion, self._shape, self.limits, mouth_width, lips)

    def perform(self, tracks: Iterable[FaceTrack]) -> Iterator[Pixels]:
        """The region, (H, W, 3) uint8, at every frame of every one of ``tracks``, in order; each is to be placed."""
        size = self._painter.batch
        firsts = ((track, first) for track in tracks for first in range(0, len(track), size))
        return self._painter.paint(self.sketches(track, range(len(track))[first : first + size]) for track, first in firsts)

    def place(self, frame: Pixels, picture: Pixels) -> None:
        """Puts ``picture`` of the region into ``frame`` (the whole photo, (H, W, 3) uint8), in place."""
        here = self.region.of(frame)
        if self._place is None:
            here[...] = picture
        else:
            self._place.put(here, picture)

    def draw(self, frame: Pixels, track: FaceTrack, index: int) -> None:
        """Paints this face into ``frame`` (the whole photo, (H, W, 3) uint8) as it is at frame ``index`` of its track."""
        (picture,) = self._painter.paint([self.sketches(track, [index])])
        self.place(frame, picture)

    def sketches(self, track: FaceTrack, frames: Sequence[int]) -> list[Sketch]:
        """The face at each of these frames of its track: everything but the pixels."""
        lidless = [self._without_lids(track, index) for index in frames]
        return [
            replace(frame.sketch, patches=(*frame.sketch.patches, *lids))
            for frame, lids in zip(lidless, self._lids.patches(lidless), strict=True)
        ]

    def _without_lids(self, track: FaceTrack, index: int) -> Lidless:
        vertices = self._vertices(track, index)
        source = self._surface.vertices[:, :2].copy()
        for eye, closure in zip(self._eyes, track.lids[index], strict=True):
            eye.tuck_rims(source, closure)
        deformation = self._warp.deformation(vertices, source)
        shading = self._shading(track, index, vertices, deformation)
        eyes = tuple(patch for eye in self._eyes for patch in eye.patches(vertices, track.gaze[index]))
        mouth = self._mouth.patches(vertices, self._turn(track, index), track.bite[index])
        return Lidless(Sketch(deformation, shading, (*eyes, *mouth)), vertices, track.lids[index])

    def _shading(self, track: FaceTrack, index: int, vertices: Float, deformation: Deformation) -> Shading | None:
        folds = self._folds.gains(self._expression(track, index))
        if folds is None:  # nor are there creases in a face at rest
            return None
        face = self._warp.around_face(vertices)
        gains, creases = face.of(self._warp.spread(folds)), self._creases.over(track.displacement[index], deformation, face)
        return Shading(self._warp.grid, face, self._shades.of(gains if creases is None else gains * creases))

    def _expression(self, track: FaceTrack, index: int) -> Float:
        """(468, 3): what the face does by itself, region pixels in the camera frame."""
        axes = self._head.rotation.astype(np.float32)
        return (track.displacement[index] @ axes.T) * np.float32(self._head.unit)

    def _vertices(self, track: FaceTrack, index: int) -> Float:
        chest = track.chest[index] * np.float32(self._head.unit)
        return self._surface.moved(self._expression(track, index), self._turn(track, index), chest)

    def _turn(self, track: FaceTrack, index: int) -> Turn:
        """How the head stands at frame ``index`` of its track, against the photo."""
        axes = self._head.rotation
        yaw, pitch, tilt = (float(a) for a in track.rotation[index])
        right, down, away = track.translation[index].astype(np.float64)
        roll = np.radians(self._head.roll)
        cos, sin = np.cos(roll), np.sin(roll)
        return Turn(
            rotation=axes @ rotation(Pose(yaw, pitch, tilt)) @ axes.T,
            pivot=self._head.neck,
            shift=np.array([cos * right - sin * down, sin * right + cos * down, 0.0]) * self._head.unit,
            # Seen from where portraits are taken, a head that moves away looks smaller.
            zoom=1 / (1 + away),
        )


def _painter(layers: Layers, grid: Grid, provider: Provider) -> Painter:
    """OpenCV on the CPU, which it suits best; the graph, which answers the same, on a GPU."""
    return CvPainter(layers) if provider == "cpu" else GraphPainter(layers, grid, provider)
