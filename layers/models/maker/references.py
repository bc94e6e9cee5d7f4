"""What MediaPipe itself answers on real photos, for the tests to compare with: numbers only, never pixels.

Each photo is named by its path under the folder of photos. Stored under ``<photo>|<what>``:

    size        (2,) int32      width and height in pixels
    rect        (5,) float32    MediaPipe's crop: centre x, y, width, height (of the photo's), radians
    landmarks   (478, 3) float32  MediaPipe's landmarks, of the photo's width (x, z) and height (y)
    short, full (n, 17) float32   detections: score; then, of the photo: x, y, width, height, six keypoints
    mask        (8192,) uint8   person or not (probability above 0.5) at 256 x 256, packed eight to a byte

and of photos in which a hand is to be seen, of the one that MediaPipe sees best:

    palm        (1, 19) float32 score; then, of the photo: x, y, width, height, seven keypoints
    hand_rect   (5,) float32    MediaPipe's crop, as above
    hand        (21, 3) float32 landmarks, as above

``group|<name>`` lists the landmarks of a group: what moves together in a face.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import cv2
import mediapipe
import numpy as np
from google.protobuf import text_format
from mediapipe.calculators.tensor import (  # noqa: F401  (register the options that the graph below uses)
    image_to_tensor_calculator_pb2,
    inference_calculator_pb2,
)
from mediapipe.framework import calculator_pb2
from mediapipe.python import packet_creator, packet_getter
from mediapipe.python._framework_bindings import calculator_graph
from mediapipe.python.solutions import face_mesh_connections
from mediapipe.python.solutions.face_detection import FaceDetection

from . import archive, wheel

FOLDER = Path(__file__).resolve().parents[3] / "tests" / "engine" / "references"

PHOTOS = (
    "portrait/scikit-image__data_astronaut.png",  # the repository's own fixture: smile, small in the picture
    "portrait/cognitive-services-sample-data-files__images_Family1-Daughter1.jpg",  # child, 95 px
    "portrait/cognitive-services-sample-data-files__images_detection1.jpg",  # glasses, three-quarter view
    "portrait/hallo3__images_0008.jpg",  # beard and glasses
    "portrait/hallo3__images_0001.jpg",  # toddler
    "portrait/Arc2Face__examples_freeman.jpg",  # dark skin, beard
    "portrait/hallo__reference_images_3.jpg",  # black and white
    "portrait/SadTalker__source_image_art_20.png",  # painting
    "portrait/LivePortrait__source_s9.jpg",  # Mona Lisa
    "profile/insightface__pose_left_wryneck.png",  # head tilted
    "group/face-api.js__images_bbt1.jpg",  # several people
)

HANDS = (
    "portrait/face-detection__examples_obama.jpg",  # a fist below the chin
    "portrait/facetorch__input_test2.jpg",  # both hands at the cheeks
    "portrait/mind-ar-js__assets_face1.jpeg",  # a toddler's fist
)

_SEGMENTATION = """
input_stream: "image"
node { calculator: "ImageToTensorCalculator" input_stream: "IMAGE:image" output_stream: "TENSORS:input"
  options { [mediapipe.ImageToTensorCalculatorOptions.ext] {
    output_tensor_width: 256 output_tensor_height: 256
    output_tensor_float_range { min: 0 max: 1 } border_mode: BORDER_ZERO } } }
node { calculator: "TfLiteCustomOpResolverCalculator" output_side_packet: "OP_RESOLVER:resolver" }
node { calculator: "InferenceCalculator" input_stream: "TENSORS:input"
  input_side_packet: "OP_RESOLVER:resolver" output_stream: "TENSORS:output"
  options { [mediapipe.InferenceCalculatorOptions.ext] {
    model_path: "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite"
    delegate { xnnpack {} } } } }
node { calculator: "TensorsToFloatsCalculator" input_stream: "TENSORS:output" output_stream: "FLOATS:mask" }
"""


def write(photos: Path) -> None:
    """Run MediaPipe on every photo and store its answers in tests/engine/references."""
    stored: dict[str, np.ndarray] = {f"group|{k}": np.array(v, np.int16) for k, v in groups().items()}
    for names, asked in ((PHOTOS, answers), (HANDS, hand)):
        for name in names:
            bgr = cv2.imread(str(photos / name), cv2.IMREAD_COLOR)
            if bgr is None:
                raise SystemExit(f"no photo {name}")
            stored.update({f"{name}|{what}": value for what, value in asked(bgr[..., ::-1].copy()).items()})
    FOLDER.mkdir(parents=True, exist_ok=True)
    archive.save(FOLDER / "mediapipe.npz", stored)


def answers(rgb: np.ndarray) -> dict[str, np.ndarray]:
    """Everything MediaPipe says about the faces of one photo, (H, W, 3) uint8 RGB."""
    made: dict[str, np.ndarray] = {"size": np.array([rgb.shape[1], rgb.shape[0]], np.int32)}
    found = _run(
        calculator_graph.CalculatorGraph(
            binary_graph_path=str(wheel.PACKAGE / "modules/face_landmark/face_landmark_front_cpu.binarypb")
        ),
        rgb,
        ("face_rects_from_detections", "multi_face_landmarks"),
        num_faces=packet_creator.create_int(1),
        use_prev_landmarks=packet_creator.create_bool(False),
        with_attention=packet_creator.create_bool(True),
    )
    if "multi_face_landmarks" in found:
        made["rect"] = _rect(found["face_rects_from_detections"])
        made["landmarks"] = _points(found["multi_face_landmarks"])
    # The least scores of MediaPipe's own graphs (full range ignores the solution's argument, and keeps to
    # 0.6).
    for k, (kind, least) in enumerate((("short", 0.5), ("full", 0.6))):
        with FaceDetection(model_selection=k, min_detection_confidence=least) as detector:
            made[kind] = _detections(detector.process(rgb).detections or [])
    graph = text_format.Parse(_SEGMENTATION, calculator_pb2.CalculatorGraphConfig())
    found = _run(calculator_graph.CalculatorGraph(graph_config=graph), rgb, ("mask",))
    made["mask"] = np.packbits(np.array(packet_getter.get_float_list(found["mask"])) > 0.5)
    return made


def hand(rgb: np.ndarray) -> dict[str, np.ndarray]:
    """What MediaPipe says about the hand it sees best in one photo, (H, W, 3) uint8 RGB."""
    found = _run(
        calculator_graph.CalculatorGraph(
            binary_graph_path=str(wheel.PACKAGE / "modules/hand_landmark/hand_landmark_tracking_cpu.binarypb")
        ),
        rgb,
        ("palm_detections", "hand_rects_from_palm_detections", "multi_hand_landmarks"),
        num_hands=packet_creator.create_int(1),
        model_complexity=packet_creator.create_int(1),
        use_prev_landmarks=packet_creator.create_bool(False),
    )
    return {
        "size": np.array([rgb.shape[1], rgb.shape[0]], np.int32),
        "palm": _detections(packet_getter.get_proto_list(found["palm_detections"])[:1]),
        "hand_rect": _rect(found["hand_rects_from_palm_detections"]),
        "hand": _points(found["multi_hand_landmarks"]),
    }


def groups() -> dict[str, list[int]]:
    """Landmarks by what they belong to: the wheel's contours, the irises, and the rest of the mesh."""
    c = face_mesh_connections
    contours = {
        "lips": c.FACEMESH_LIPS,
        "right_eye": c.FACEMESH_RIGHT_EYE,
        "left_eye": c.FACEMESH_LEFT_EYE,
        "brows": c.FACEMESH_RIGHT_EYEBROW | c.FACEMESH_LEFT_EYEBROW,
        "nose": c.FACEMESH_NOSE,
        "oval": c.FACEMESH_FACE_OVAL,
    }
    made = {name: sorted(set(itertools.chain(*edges))) for name, edges in contours.items()}
    made |= {"right_iris": list(range(468, 473)), "left_iris": list(range(473, 478))}
    made["skin"] = sorted(set(range(468)).difference(*made.values()))
    return made


def _run(graph: Any, rgb: np.ndarray, streams: tuple[str, ...], **side_packets: Any) -> dict[str, Any]:
    """Feed one picture to a graph; returns the packets that came out, by stream."""
    found: dict[str, Any] = {}
    for stream in streams:
        graph.observe_output_stream(stream, found.__setitem__)
    graph.start_run(side_packets)
    frame = packet_creator.create_image_frame(rgb, image_format=mediapipe.ImageFormat.SRGB)
    graph.add_packet_to_input_stream("image", frame.at(0))
    graph.close_all_packet_sources()
    graph.wait_until_done()
    return found


def _rect(packet: Any) -> np.ndarray:
    r = packet_getter.get_proto_list(packet)[0]
    return np.array([r.x_center, r.y_center, r.width, r.height, r.rotation], np.float32)


def _points(packet: Any) -> np.ndarray:
    return np.array([(p.x, p.y, p.z) for p in packet_getter.get_proto_list(packet)[0].landmark], np.float32)


def _detections(found: list[Any]) -> np.ndarray:
    rows = []
    for detection in found:
        place = detection.location_data
        box = place.relative_bounding_box
        keypoints = [v for p in place.relative_keypoints for v in (p.x, p.y)]
        rows.append([detection.score[0], box.xmin, box.ymin, box.width, box.height, *keypoints])
    return np.array(rows, np.float32).reshape(len(rows), -1 if rows else 17)
