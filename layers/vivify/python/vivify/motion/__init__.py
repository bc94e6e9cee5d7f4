"""Motions: a library measured from real video, composed into one track and fitted to this face's own geometry."""

from vivify.motion.bite import bite
from vivify.motion.compose import Life, compose, frame_count
from vivify.motion.driver import Driver, follow, require_followable
from vivify.motion.extraction import extract
from vivify.motion.library import library, template
from vivify.motion.limits import Limits, Room, leaning
from vivify.motion.lips import SHUT, Lips
from vivify.motion.parts import PARTS, only, strengthen
from vivify.motion.retarget import FaceTrack, retarget
from vivify.motion.role import Role
from vivify.motion.storyboard import Beat, delayed, ends, in_turn, load_storyboard
from vivify.motion.template import Motion, Template

__all__ = [
    "PARTS",
    "SHUT",
    "Beat",
    "Driver",
    "FaceTrack",
    "Life",
    "Limits",
    "Lips",
    "Motion",
    "Role",
    "Room",
    "Template",
    "bite",
    "compose",
    "delayed",
    "ends",
    "extract",
    "follow",
    "frame_count",
    "in_turn",
    "leaning",
    "library",
    "load_storyboard",
    "only",
    "require_followable",
    "retarget",
    "strengthen",
    "template",
]
