"""What shut lids look like: the colours of skin, paint and lashes, and how sharp they are."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from tests.lids import blinking, enlarged, the_face
from vivify.animate import Performer
from vivify.animate.eyes import eye_patch, lashes, plain
from vivify.faces.topology import EYES, RIGHT_EYE


def test_brown_lashes_do_not_hide_grey_lids() -> None:
    """Lids a tenth bluer and less red than skin become the skin's own colour but for a twenty-fifth, though in the mean
    browner lashes make up for them; lashes stay darker than half of the skin.
    """
    eye = Performer(*the_face())._lids._eyes[0]
    skin, fresh = eye.resting.skin.astype(np.float32), eye.resting.lashes / np.float32(255)
    lashed = np.zeros((64, 96), bool)
    lashed[44:52, 16:80] = True
    made = np.where(lashed[..., None], 0.3 * skin * np.float32([1.5, 1, 0.5]), skin * np.float32([0.9, 1, 1.1]))
    coloured = eye.in_skin_colours(made, fresh, np.zeros((64, 96), np.float32))
    where = (fresh == 1) & ~lashed
    lid, bare = (picture[where].mean(axis=0) for picture in (coloured, skin))
    assert np.abs((lid / lid.mean()) / (bare / bare.mean()) - 1).max() < 0.045
    assert (coloured[lashed].mean(axis=1) < 0.5 * skin[lashed].mean(axis=1)).all()


def test_lashes_keep_the_colour_they_have_around_the_open_eye() -> None:
    """Lashes guessed as grey as skin become as red and as little blue as they are told to be, within a tenth, and no lighter
    or darker; where they are so already nothing changes.
    """
    eye = replace(Performer(*the_face())._lids._eyes[0], lash_colour=np.float32([0.3, -0.15, -0.3]))
    skin, fresh = eye.resting.skin.astype(np.float32), np.ones((64, 96), np.float32)
    made = skin.copy()
    made[40:52, 16:80] *= 0.4
    once = eye.in_skin_colours(made, fresh, np.zeros((64, 96), np.float32))
    np.testing.assert_allclose(once.mean(axis=2), made.mean(axis=2), rtol=0.02)
    np.testing.assert_allclose(plain.lash_colour(once, skin, fresh, np.zeros(3, np.float32)), eye.lash_colour, atol=0.03)
    twice = eye.in_skin_colours(once, fresh, np.zeros((64, 96), np.float32))
    assert np.abs(twice - once)[40:52, 16:80].mean() < 0.1 * np.abs(once - made)[40:52, 16:80].mean()


def test_what_is_dark_around_an_open_eye_tells_the_colour_of_its_lashes() -> None:
    """Red lashes stay red when the eye shuts, and are a little redder than they were."""
    skin = np.full((64, 96, 3), (200, 160, 140), np.uint8)
    opening = cv2.ellipse(np.zeros((64, 96), np.uint8), (48, 40), (24, 8), 0, 0, 360, (255,), -1)
    colour = {
        name: plain.shut_lash_colour(np.where(opening[..., None] > 0, np.uint8(levels), skin), skin, opening)
        for name, levels in (("red", (130, 55, 40)), ("black", (75, 75, 75)))
    }
    assert colour["red"][0] > 0.2
    assert colour["black"][0] < 0.1
    assert colour["red"][2] < -0.2
    assert colour["black"][2] > -0.1


def test_lines_of_shut_lids_are_sharp_in_a_sharp_photo_alone() -> None:
    """An edge drawn as softly as the network does gets a quarter steeper in a photo blurred by a pixel of the patch, and
    stays as it is in one that is as soft itself; level skin never changes.
    """
    edge = np.repeat(np.where(np.arange(64) < 32, 60, 180).astype(np.float32)[:, None, None], 96, axis=1).repeat(3, axis=2)
    soft = cv2.GaussianBlur(edge, (0, 0), 2.0)
    steep = {blur: float(np.diff(lashes.sharpened(soft, blur)[:, 48, 0]).max()) for blur in (1.0, 2.0, 3.0)}
    assert steep[2.0] == steep[3.0] == float(np.diff(soft[:, 48, 0]).max())
    assert 1.2 * steep[2.0] < steep[1.0] < 1.5 * steep[2.0]
    level = np.full_like(edge, 90)
    np.testing.assert_allclose(lashes.sharpened(level, 0.5), level, atol=1e-3)


def test_lids_of_a_blurred_photo_are_no_sharper_than_its_eyes() -> None:
    """In a photo blurred by a fourteenth of an eye's width the line of shut lids is no sharper than the open eye was, and
    would be twice as sharp; in a sharp photo nothing is blurred.
    """
    pixels, face = enlarged(2.0)
    assert [lashes.softened(eye.blur) for eye in Performer(pixels, face)._lids._eyes] == [0, 0]
    width = float(np.linalg.norm(face.landmarks[RIGHT_EYE.outer, :2] - face.landmarks[RIGHT_EYE.inner, :2]))
    blurred = cv2.GaussianBlur(pixels, (0, 0), width / 14)
    (shut,) = blinking(blurred, face, 1.0)
    x0, y0 = face.landmarks[list(RIGHT_EYE.opening), :2].min(axis=0).astype(int) - 4
    x1, y1 = face.landmarks[list(RIGHT_EYE.opening), :2].max(axis=0).astype(int) + 4
    opened, closed = (
        cv2.Laplacian(cv2.GaussianBlur(picture, (0, 0), 1.0), cv2.CV_32F)[y0:y1, x0:x1] for picture in (blurred, shut)
    )
    assert np.percentile(np.abs(closed), 95) <= np.percentile(np.abs(opened), 95)


def test_eye_shadow_of_a_strong_colour_comes_down_with_the_lid() -> None:
    """Where the photo's lids are painted red, what of them a blink shows, lashes and all, has more than half of that colour;
    bare lids are told to be bare, and get none.
    """
    pixels, face = enlarged(2.0)
    painted = pixels.astype(np.float32)
    for eye in EYES:
        lid = np.concatenate([face.landmarks[list(eye.upper[0]), :2], face.landmarks[list(eye.upper[2])[::-1], :2]])
        mask = cv2.fillPoly(np.zeros(pixels.shape[:2], np.uint8), [np.round(lid).astype(np.int32)], (1,))
        painted[mask > 0] *= (1.3, 0.6, 0.5)
    painted = np.clip(painted, 0, 255).astype(np.uint8)
    rests = [eye_patch.Resting.of(RIGHT_EYE, each, face.landmarks) for each in (pixels, painted)]
    assert not plain.paint(rests[0].picture, rests[0].skin, rests[0].opening).any()

    shut = [blinking(each, face, 1.0)[0].astype(np.float32) for each in (pixels, painted)]
    opening = cv2.fillPoly(
        np.zeros(pixels.shape[:2], np.uint8), [np.round(face.landmarks[list(RIGHT_EYE.opening), :2]).astype(np.int32)], (1,)
    )
    rows = np.flatnonzero(opening.any(axis=1))
    opening[rows[len(rows) // 2] :] = 0  # above its lashes
    bare, red = (picture[opening > 0].mean(axis=0) for picture in shut)
    turned = (red / red.mean()) / (bare / bare.mean())
    wanted = np.array([1.3, 0.6, 0.5]) * 3 / (bare / bare.mean() @ (1.3, 0.6, 0.5))
    assert ((turned - 1) / (wanted - 1)).min() > 0.5
