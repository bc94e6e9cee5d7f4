"""What was done to measured motions before they became the library's: each edit is told in the template's source."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from vivify.easing import smoothstep
from vivify.faces import mean_face, mirror_index
from vivify.faces.topology import MESH, MOUTH_CORNERS
from vivify.motion import Motion, Template
from vivify.motion.retarget import LIDS_FOLLOW, LOOKS_ON
from vivify.motion.smooth import fill_gaps, smooth

LEAST_WINK = 0.3  # of the way to shut: less is no wink, and is not stretched to one
SMILING_LIDS = 0.18  # of the way to shut
BLINKING, AROUND_BLINKS = 0.1, 0.1  # of the way to shut; seconds before and after that brows move along
BROADEST = 0.9  # of how broad a smile becomes
STAYS, GOES = 1.4, 1.5  # seconds that a smile stays; times as long as it came that it goes
OUTBREAK, BURST = 14, 16  # frames until a laugh has broken out, and until it is half over
SETTING_OFF = 0.4  # seconds of rest around a turn; in which a head begins to bob
AGAIN, FAINTER = 0.85, 0.7  # of a motion after which it comes again; as far then as before: nobody stops amid a shake
LETS_GO = 0.06  # seconds: sigma over which heads that swing are smoothed
SHAKES = 0.14  # seconds: sigma over which a turn is smoothed; over 0.2 no head stayed turned, and none set off as people do
HALF_FADES = 2.0  # centimetres on either side of the face's middle in which one half gives way to the other


def unchanged(take: Template) -> Motion:
    return take.motion


def lids_alike(take: Template) -> Motion:
    """Both lids do what the two do on average."""
    both = take.motion.lids.mean(axis=1, keepdims=True).repeat(2, axis=1)
    return replace(take.motion, lids=both)


def held_smile(take: Template) -> Motion:
    """A smile that stays: while it is broadest it lasts twice as long. Left and right alike, for one corner higher than the
    other is a smirk; lids as they narrow in a smile and no further: a blink that the take only half holds is left out.
    """
    motion = evened(replace(take, motion=lids_alike(take)))
    motion = replace(motion, lids=np.minimum(motion.lids, SMILING_LIDS).astype(np.float32))
    first, last = broadest(motion)
    held = motion.during(slice(first, last)).at_length(2 * (last - first))
    return joined(motion.during(slice(first)), held, motion.during(slice(last, None)))


def smile_and_back(take: Template) -> Motion:
    """A smile whose end the clip does not hold: it stays while it is broadest, and goes as it came, slower. Left and right
    alike.
    """
    motion = evened(replace(take, motion=lids_alike(take)))
    first, last = broadest(motion)
    came = motion.during(slice(first))
    stays = motion.during(slice(first, last)).at_length(round(STAYS * take.fps))
    return joined(came, stays, backwards(came).at_length(round(GOES * first)))


def laughing(face: Template, smile: Template, head: Template) -> Motion:
    """A laugh that breaks out twice, from half-way to its end back to its outbreak and on again, over a smile that stays as
    long. Left and right of the face alike; the head bobs along, as far to one side as to the other.
    """
    laugh = evened(replace(face, motion=lids_alike(face)))
    motion = joined(
        laugh.during(slice(OUTBREAK + BURST)),
        backwards(laugh.during(slice(OUTBREAK, OUTBREAK + BURST))),
        laugh.during(slice(OUTBREAK, None)),
    )
    count = len(motion)
    smiling, bobs = (each.at_length(count) for each in (smile_and_back(smile), head.motion))
    ease = smoothstep(np.minimum(np.arange(count), np.arange(count)[::-1]) / (SETTING_OFF * face.fps))
    middle = (bobs.rotation.max(axis=0) + bobs.rotation.min(axis=0)) / 2
    return replace(
        motion,
        displacement=motion.displacement + smiling.displacement,
        rotation=bobs.rotation - middle,
        translation=bobs.translation,
    ).eased(ease)


def backwards(motion: Motion) -> Motion:
    """From its last frame to its first."""
    return Motion(*(getattr(motion, curve.name)[::-1] for curve in fields(Motion)))


def broadest(motion: Motion) -> tuple[int, int]:
    """The first and the last frame of a smile in which it is at its broadest."""
    right, left = MOUTH_CORNERS
    wider = motion.displacement[:, left, 0] - motion.displacement[:, right, 0]
    first, *_, last = (int(i) for i in np.flatnonzero(wider > BROADEST * wider.max()))
    return first, last


def joined(*motions: Motion) -> Motion:
    """One after another."""
    return Motion(*(np.concatenate([getattr(motion, curve.name) for motion in motions]) for curve in fields(Motion)))


def sitting(take: Template, other: Template) -> Motion:
    """Unblinking, and the head goes as both heads do together: one sways, the other is never quite at rest. The eyes stay on
    the viewer.
    """
    motion, more = unblinking(take), other.motion.at_length(len(take.motion))
    rotation, translation = motion.rotation + more.rotation, motion.translation + more.translation
    return looking_on(replace(motion, rotation=rotation, translation=translation))


def unblinking(take: Template) -> Motion:
    """The lids rest, and what brows do in a blink is bridged: blinks come at times of their own."""
    blinking = take.motion.lids.max(axis=1) > BLINKING
    reach = round(AROUND_BLINKS * take.fps)
    awake = np.convolve(blinking, np.ones(2 * reach + 1), mode="same") < 1
    return replace(
        take.motion, lids=np.zeros_like(take.motion.lids), displacement=fill_gaps(take.motion.displacement, awake)
    )


def wink(take: Template, *, left: bool) -> Motion:
    """The person's own left or right half of the face, fading out across the nose; its lid's closing is brought to shut."""
    aside = mean_face()[:, 0] * (1 if left else -1)
    displacement = take.motion.displacement * smoothstep((aside / HALF_FADES + 1) / 2)[:, None]
    lids = take.motion.lids.copy()
    lids[:, 0 if left else 1] = 0
    lids /= max(float(np.percentile(lids.max(axis=1), 75)), LEAST_WINK)
    return replace(take.motion, lids=np.clip(lids, 0, 1), displacement=displacement.astype(np.float32))


def left_wink(take: Template) -> Motion:
    return wink(take, left=True)


def right_wink(take: Template) -> Motion:
    return wink(take, left=False)


def evened(take: Template) -> Motion:
    """Left and right of the face do what the two do on average."""
    moved, other = take.motion.displacement, mirror_index()[:MESH]
    mirrored = moved[:, other] * np.array([-1, 1, 1], np.float32)
    return replace(take.motion, displacement=((moved + mirrored) / 2).astype(np.float32))


def rolled(take: Template) -> Motion:
    """The head's roll alone, as calm as a turn."""
    motion = calm_turn(take)
    return replace(motion, rotation=motion.rotation * np.array([0, 0, 1], np.float32))


def leaning(smile: Motion, head: Template) -> Motion:
    """A ``smile`` for as long as it lasts with a ``head`` that calmly leans to somebody, the eyes staying on the viewer."""
    leans = looking_on(calm_turn(head)).at_length(len(smile))
    return replace(smile, rotation=leans.rotation, translation=leans.translation, gaze=smile.gaze + leans.gaze)


def held_smile_leaning(take: Template, head: Template) -> Motion:
    """A smile that stays, of somebody who leans the head."""
    return leaning(held_smile(take), head)


def smile_and_back_leaning(take: Template, head: Template) -> Motion:
    """A smile that goes as it came, likewise."""
    return leaning(smile_and_back(take), head)


def calm_turn(take: Template) -> Motion:
    """The head turns about its neck without the shakes of who speaks, and has time to set off and to come to rest. Both lids
    alike.
    """
    pause = Motion.still(round(SETTING_OFF * take.fps))
    motion = joined(pause, lids_alike(take), pause)
    return about_the_neck(replace(motion, rotation=smooth(motion.rotation, SHAKES * take.fps)))


def about_the_neck(motion: Motion) -> Motion:
    """The head turns, and goes nowhere besides."""
    return replace(motion, translation=np.zeros_like(motion.translation))


def startled(take: Template) -> Motion:
    """Both lids alike, the head about its neck alone."""
    return about_the_neck(lids_alike(take))


def looking_on(motion: Motion) -> Motion:
    """The same, the eyes staying on the viewer while the head turns and nods, the upper lids going up and down with them."""
    gaze = motion.rotation[:, :2] * LOOKS_ON
    return replace(motion, gaze=gaze, lids=motion.lids + np.float32(LIDS_FOLLOW) * gaze[:, 1:])


def turn_looking_on(take: Template) -> Motion:
    """A calm turn, the eyes staying on the viewer."""
    return looking_on(calm_turn(take))


def nod_looking_on(take: Template) -> Motion:
    """A nod, likewise."""
    return looking_on(let_go(take.motion, take.fps))


def let_go(motion: Motion, fps: float) -> Motion:
    """A head that swings, and neither begins nor ends with a jerk."""
    pause = Motion.still(round(2 * LETS_GO * fps))
    motion = joined(pause, motion, pause)
    rotation, translation = (smooth(curve, LETS_GO * fps) for curve in (motion.rotation, motion.translation))
    return replace(motion, rotation=rotation, translation=translation)


def two_blinks(first: Template, second: Template) -> Motion:
    """The second begins 0.4 seconds after the first; where both shut the lids, the more shut counts. Both lids alike."""
    at = round(0.4 * first.fps)
    count = at + len(second.motion)
    lids = np.zeros((2, count, 2), np.float32)
    lids[0, : len(first.motion)] = lids_alike(first).lids
    lids[1, at:] = lids_alike(second).lids
    return replace(Motion.still(count), lids=lids.max(axis=0))


def twice(take: Template) -> Motion:
    """The same again, about the neck, and fainter: the second time begins while the first comes to rest. The eyes stay on
    the viewer.
    """
    motion = about_the_neck(take.motion)
    at = round(AGAIN * len(motion))
    curves = []
    for curve in (getattr(motion, field.name) for field in fields(Motion)):
        both = np.zeros((at + len(motion), *curve.shape[1:]), np.float32)
        both[: len(motion)] += curve
        both[at:] += np.float32(FAINTER) * curve
        curves.append(both)
    return looking_on(let_go(Motion(*curves), take.fps))


def mouth_and_brows(mouth: Template, brows: Template) -> Motion:
    """The mouth's motion and the brows', left and right alike, in the brows' time."""
    count = round(brows.seconds * mouth.fps)
    one, other = mouth.motion.at_length(count), evened(brows).at_length(count)
    return replace(one, displacement=one.displacement + other.displacement)
