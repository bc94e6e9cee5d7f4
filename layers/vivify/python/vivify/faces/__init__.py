"""Faces: where they are in a photo, their 478 landmarks, where the head points, and whether they can be animated.

    find_faces(photo) -> [Face]          largest first, each with a verdict (None: it can be animated)
    require_animatable(faces) -> [Face]  those that can, or the error that says why none can
    portrait_crop(face, size) -> Crop    head and shoulders upright
    Landmarker().track(frame)            landmarks from frame to frame of a video

Coordinates are pixels of the photo, angles degrees; ``vivify.faces.types`` says how they are counted.
"""

from vivify.faces.crop import portrait_crop
from vivify.faces.find import find_faces, require_animatable
from vivify.faces.pose import head_fit, head_pose, mean_face, mirror_index, rotation
from vivify.faces.track import Landmarker
from vivify.faces.types import Crop, Face, Pose, Verdict

__all__ = [
    "Crop",
    "Face",
    "Landmarker",
    "Pose",
    "Verdict",
    "find_faces",
    "head_fit",
    "head_pose",
    "mean_face",
    "mirror_index",
    "portrait_crop",
    "require_animatable",
    "rotation",
]
