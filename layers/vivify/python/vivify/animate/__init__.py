"""Moves the photo's own pixels: a performer analyses one face once and then draws it at any frame of its track."""

from vivify.animate.performer import Performer

__all__ = ["Performer"]
