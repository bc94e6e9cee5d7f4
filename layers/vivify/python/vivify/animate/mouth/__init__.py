"""The inside of the mouth, which a photo of closed lips does not hold: teeth, gums, tongue and throat of our own."""

from vivify.animate.mouth.corners import at_corners
from vivify.animate.mouth.interior import Mouth
from vivify.animate.mouth.seam import on_seam
from vivify.animate.mouth.sight import in_sight

__all__ = ["Mouth", "at_corners", "in_sight", "on_seam"]
