"""Frames to a clip and back, through ffmpeg's own process: streaming, in constant memory, never half a file.

    ClipWriter   frames -> H.264 MP4 (or the lossless file between the animating job and the publishing step)
    transcode    that lossless file -> the final MP4
    read_frames  any video -> RGB frames
    probe        what a clip really holds
    write_poster, write_preview
    declare      what each finished file says of how it was made

Imports neither numpy nor Pillow until pixels are asked for: the publishing step has only ffmpeg.
"""

from vivify.video.declare import DIGITAL_SOURCE_TYPE
from vivify.video.pictures import write_poster, write_preview
from vivify.video.probe import ClipInfo, probe
from vivify.video.reader import read_frames
from vivify.video.writer import ClipWriter, transcode

__all__ = [
    "DIGITAL_SOURCE_TYPE",
    "ClipInfo",
    "ClipWriter",
    "probe",
    "read_frames",
    "transcode",
    "write_poster",
    "write_preview",
]
