"""Faces: where they are in a photo, their 478 landmarks, where the head points, and whether they can be animated.

    find_faces(photo) -> [Face]          largest first, each with a verdict (None: it can be animated)
    require_animatable(faces) -> [Face]  those that can, or the error that says why none can
    chosen(faces, which) -> [Face]       those of them that are to move
    head_and_shoulders(face, shape)      the box that is a portrait of one of them
    portrait(pixels, faces, subject)     that part of a photo, and the faces in it
    resized(pixels, faces, size)         a photo at the size of a clip, and the faces in it
    Landmarker().track(frame)            landmarks from frame to frame of a video

Coordinates are pixels of the photo, angles degrees; ``vivify.faces.types`` says how they are counted.
"""

from vivify.faces.crop import LONGEST_SIDE, head_and_shoulders, portrait, resized
from vivify.faces.find import chosen, find_faces, require_animatable
from vivify.faces.pose import head_pose, mean_face, mirror_index, rotation
from vivify.faces.track import Landmarker
from vivify.faces.types import Face, Pose, Verdict

__all__ = [
    "LONGEST_SIDE",
    "Face",
    "Landmarker",
    "Pose",
    "Verdict",
    "chosen",
    "find_faces",
    "head_and_shoulders",
    "head_pose",
    "mean_face",
    "mirror_index",
    "portrait",
    "require_animatable",
    "resized",
    "rotation",
]
