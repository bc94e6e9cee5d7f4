"""The figures as tables on a terminal, and which of them hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.bench.depth import AGREES
from tests.bench.eyes import SHUT, SMALLER, WAYS
from tests.bench.outside import SIGNALS
from tests.bench.patches import ALIKE, LARGE, STEADY
from tests.bench.reenactment import BESIDES, MEASURES, METHODS

FOLLOWS = 0.95
SHARP = 0.1
Report = dict[str, Any]
Figure = tuple[str, str, str, bool]  # what, wanted, found, holds


def reenactment(rows: list[Report]) -> list[Figure]:
    print("\nReenactment of what was filmed: PSNR in dB and SSIM of the face box, landmark error in % of the eye distance")
    shown = (*MEASURES, *BESIDES)
    print(f"{'clip':<10}" + "".join(f"{k:^21}" for k in shown) + "  lost  behind the still photo")
    print(" " * 10 + "".join(f"{m:>7}" for m in METHODS) * len(shown))
    for row in rows:
        if "skipped" in row:
            print(f"{row['clip']:<10} {row['skipped']}")
            continue
        cells = "".join(f"{row[m][k]:>7.2f}" for k in shown for m in METHODS)
        behind = ", ".join(row["behind_still"]) or ("-" if row["moves"] else "does not move")
        print(f"{row['clip']:<10}{cells}  {row['lost']:>4}  {behind}")
    done = [row for row in rows if "skipped" not in row]
    if not done:
        return []
    mean = {m: {k: float(np.mean([row[m][k] for row in done])) for k in shown} for m in METHODS}
    print(f"{'mean':<10}" + "".join(f"{mean[m][k]:>7.2f}" for k in shown for m in METHODS))
    for row in done:
        did = ", ".join(f"{k} {v:.2f}" if k in ("shift", "growth") else f"{k} {v:.0f}" for k, v in row["did"].items())
        print(f"{row['clip']:<10} moved at most: {did}")
    losers = [f"{row['clip']} ({', '.join(row['behind_still'])})" for row in done if row["behind_still"]]
    count = sum(row["moves"] for row in done)
    named = f"{count - len(losers)} of {count}" + (f"; not {', '.join(losers)}" if losers else "")
    figures: list[Figure] = [("ahead of the still photo by all three", "every clip that moves", named, not losers)]
    for k in shown:
        ours, theirs = mean["vivify"][k], mean["warp"][k]
        ahead = ours < theirs if k in ("landmarks", "aligned") else ours > theirs
        figures.append((f"ahead of 2-D warp on average, {k}", f"{theirs:.3f}", f"{ours:.3f}", ahead))
    return figures


def following(rows: list[Report]) -> list[Figure]:
    done = [row for row in rows if "skipped" not in row]
    print("\nFollowing: correlation (gain) of driven and measured; in brackets where the driver is not clear of the noise")
    print(f"{'clip':<10}" + "".join(f"{name:>18}" for name in SIGNALS) + f"{'driver blinks to':>18}")
    for row in done:
        cells = []
        for name in SIGNALS:
            f = row["following"][name]
            text = f"{f['r']:.3f} ({f['gain']:.2f})"
            cells.append(f"{text if f['clear'] else '[' + text + ']':>18}")
        print(f"{row['clip']:<10}" + "".join(cells) + f"{row['deepest_blink']:>18.2f}")
    figures: list[Figure] = []
    for name in SIGNALS:
        clear = [(row["clip"], row["following"][name]) for row in done if row["following"][name]["clear"]]
        low = [
            f"{clip} {f['r']:.2f} (its track {f['track']:.2f}, the film read again {f['reader']:.2f})"
            for clip, f in clear
            if f["r"] < FOLLOWS
        ]
        found = f"{len(clear) - len(low)} of {len(clear)}" + (f"; not {', '.join(low)}" if low else "")
        figures.append((f"following, {name}", f"r >= {FOLLOWS} in all", found, not low))
    return figures


def steadiness(rows: list[Report]) -> list[Figure]:
    print("\nSteadiness: levels changed at rest; second over first difference; landmark noise in % of the eye distance")
    print("floor: the ratio read of the photo itself, moved as one along the same track")
    head = f"{'photo':<48}{'at rest':>8}{'points':>8}{'rendered':>10}{'track':>8}{'ratio':>7}{'floor':>7}"
    head += f"{'still':>8}{'output':>8}{'ratio':>7}"
    print(f"{head}  background")
    for r in rows:
        ground = r["background"]
        print(
            f"{r['photo'][:46]:<48}{r['rest']:>8}{r['points']:>8}{r['rendered']:>10.3f}{r['track']:>8.3f}{r['ratio']:>7.3f}"
            f"{r['floor']:>7.3f}{r['still_noise']:>8.3f}{r['output_noise']:>8.3f}{r['noise_ratio']:>7.3f}"
            f"  {ground['changed']} pixels of {ground['share']:.0%} changed"
        )
    jerk, noise = max(r["ratio"] for r in rows), max(r["noise_ratio"] for r in rows)
    rest, ground = max(r["rest"] for r in rows), max(r["background"]["most"] for r in rows)
    return [
        ("frames at rest identical, levels", "0", f"{rest}", rest == 0),
        ("second over first difference, worst", "<= 1.1 x track", f"{jerk:.3f} x", jerk <= 1.1),
        ("landmark noise over a still video, worst", "<= 1.1 x", f"{noise:.3f} x", noise <= 1.1),
        ("background change, levels", "0", f"{ground}", ground == 0),
    ]


def eyes(report: dict[str, list[Report]]) -> list[Figure]:
    print("\nEyes: opening at full blink over rest, seen on the picture, right and left; - where the photo's is not open.")
    print("Straight across the eye; then between partners among the landmarks, which slide along a shut lid")
    seen: dict[str, list[float]] = {name: [] for name in WAYS}
    for row in report["photos"]:
        name = row["photo"][-52:]
        if "rest" not in row:
            print(f"{name:<54} {row.get('skipped', 'lost')}")
            continue
        cells = "  ".join("".join("     -" if r is None else f"{r:>6.2f}" for r in row[measure]) for measure in WAYS)
        for measure, values in seen.items():
            values += [ratio for ratio in row[measure] if ratio is not None]
        right, left = row["rest"]
        print(f"{name:<54} face {row['face']:>5} px, yaw {row['yaw']:>4.0f}, rest {right:.2f} {left:.2f}{cells}")
    people = report["people"]
    if not seen["across"] or not people:
        return []
    print("Real blinks, and ours of the same people: opening over rest across the eye, right and left")
    pairs = [(row["clip"], *row["real"]["across"], *row["ours"]["across"]) for row in people]
    print("  ".join("{} {:.2f} {:.2f}, {:.2f} {:.2f}".format(*pair) for pair in pairs))
    print("The same real blinks, the frames made smaller")
    for size in SMALLER:
        rows = [row["smaller"][size] for row in people if size in row["smaller"]]
        told = {measure: [ratio for row in rows for ratio in row[measure]] for measure in WAYS}
        print(f"  face {size:>4} px  " + "; ".join(f"{measure} {_shut(values)}" for measure, values in told.items()))
    figures = []
    for measure, values in seen.items():
        real, ours = ([r for row in people for r in row[whose][measure]] for whose in ("real", "ours"))
        failed = any(value > SHUT for value in values)
        name = "eyes close" if measure == "across" else f"eyes close, {measure}"
        figures.append((name, f"<= {SHUT:.2f} of rest", f"{_shut(values)}, worst {max(values):.2f}", not failed))
        figures.append(
            (f"{name} as real ones", _shut(real), f"same people {_shut(ours)}", bool(np.median(ours) <= np.median(real)))
        )
    real, ours = ([r for row in people for r in row["lively"][whose]] for whose in ("real", "ours"))
    alike, found = (f"{_alike(ratios)} of {len(ratios)}, median {np.median(ratios):.2f}" for ratios in (real, ours))
    figures.append(("lids as lively as skin, as real ones", alike, f"same people {found}", _alike(ours) >= _alike(real)))
    return figures


def _alike(ratios: list[float]) -> int:
    """How many are about 1."""
    return sum(abs(ratio - 1) <= ALIKE for ratio in ratios)


def _shut(ratios: list[float]) -> str:
    return f"{sum(r <= SHUT for r in ratios)} of {len(ratios)}, median {np.median(ratios):.2f}"


def patches(report: dict[str, list[Report]]) -> list[Figure]:
    print(
        "\nLids: the Laplacian of shut lids over that of the skin right below, at the photo's own size, 1400 pixels at most"
    )
    seen = []
    for row in report["lids"]:
        if row.get("ratio") is None:
            print(f"{row['photo'][-52:]:<54} {row.get('skipped', 'no eye that shuts')}")
            continue
        seen.append(row)
        print(f"{row['photo'][-52:]:<54} eye {row['eye']:>4} px {row['ratio']:>6.2f}")
    print("Flicker: second over first difference around eyes and mouth, over that of the bare warp")
    for row in report["flicker"]:
        cells = "".join(
            f"  {place} " + ("   -" if row[place] is None else f"{row[place]:.2f}") for place in ("eyes", "mouth")
        )
        print(f"{row['photo'][-52:]:<54} {row['motion']:<12}{cells}")
    large = [row for row in seen if row["eye"] >= LARGE]
    figures = [_as_lively(*told) for told in (("large faces", large), ("all faces", seen)) if told[1]]
    for place in ("eyes", "mouth"):
        rows = sorted((row for row in report["flicker"] if row[place] is not None), key=lambda row: row[place])
        off = sum(row[place] > STEADY for row in rows)
        if rows:
            found = f"{rows[-1][place]:.2f} x ({rows[-1]['photo']}, {rows[-1]['motion']}); above it {off} of {len(rows)}"
            figures.append((f"flicker around {place}, worst", f"<= {STEADY} x the bare warp", found, not off))
    return figures


def _as_lively(name: str, rows: list[Report]) -> Figure:
    off = [f"{row['photo']} {row['ratio']:.2f}" for row in rows if abs(row["ratio"] - 1) > ALIKE]
    found = f"{len(rows) - len(off)} of {len(rows)}, median {np.median([row['ratio'] for row in rows]):.2f}"
    return (
        f"lids as lively as skin, {name}",
        f"within {ALIKE:.0%} of it",
        found + (f"; not {', '.join(off)}" if off and len(off) < 8 else ""),
        not off,
    )


def sharpness(rows: list[Report]) -> list[Figure]:
    print(
        "\nSharpness at the photo's own size: Laplacian energy of the face over the photo's; in a turn, the softest frame's"
    )
    print(f"{'photo':>80}   at rest, as 8-bit YUV   encoded   in a turn, drawn   encoded")
    for r in rows:
        size = "{} x {}".format(*r["size"])
        print(
            f"{r['photo'][:46]:<48}{size:>12}, face {r['face']:>4} px{r['own']:>5.0f}"
            f"{r['as_video']:>24.2f}{r['rest']:>10.2f}{r['turn_drawn']:>19.2f}{r['turn']:>10.2f}"
        )
    off = [
        f"{r['photo']} {r['rest']:.2f} (as 8-bit YUV, before any compression, {r['as_video']:.2f})"
        for r in rows
        if abs(r["rest"] - 1) > SHARP
    ]
    found = f"{len(rows) - len(off)} of {len(rows)}" + (f"; not {', '.join(off)}" if off else "")
    return [("sharpness at rest, native size, encoded", f"within {SHARP:.0%} of the photo's", found, not off)]


def depth(rows: list[Report]) -> list[Figure]:
    done = sorted((row for row in rows if "skipped" not in row), key=lambda row: row["correlation"])
    print("\nDepth: correlation of the map, looked up at the landmarks, with the mesh's own; those who agree least")
    for row in done[:3]:
        print(f"{row['photo'][-52:]:<54}{row['correlation']:>6.3f}")
    off = [f"{row['photo']} {row['correlation']:.2f}" for row in done if row["correlation"] < AGREES]
    holes = [row["photo"] for row in done if not row["whole"]]
    found = f"{len(done) - len(off)} of {len(done)} photos" + (f"; not {', '.join(off)}" if off else "")
    return [
        ("depth agrees with the mesh", f"r >= {AGREES} in all", found, not off),
        ("pixels without a depth", "none", ", ".join(holes) or "none", not holes),
    ]


def speed(report: Report) -> list[Figure]:
    rows, long = report["rows"], report["long"]
    print("\nSpeed: one process a row; the floor is the slower of the encoder alone and reading and writing all pixels")
    head = ("side", "frames", "frames/s", "ms", "CPU ms", "encoder", "memory", "x floor", "ms/Mpx", "peak MB")
    print("".join(f"{name:>9}" for name in head))
    for row in (*rows, long):
        pixels = row["size"][0] * row["size"][1] / 1e6
        print(
            f"{row['side']:>9}{row['frames']:>9}{row['frames_per_second']:>9.1f}{row['frame_ms']:>9.2f}"
            f"{row['cpu_ms']:>9.2f}"
            f"{row['encoder_ms']:>9.2f}{row['memory_ms']:>9.2f}"
            f"{row['over_floor']:>9.1f}{row['frame_ms'] / pixels:>9.1f}{row['memory_mb']:>9.0f}"
        )
    _stages(rows)
    at = {row["side"]: row for row in rows}
    analysis = max(row["analysis_s"] for row in rows)
    memory = max(row["memory_mb"] for row in (*rows, long))
    frames, held = report["cpu_per_frame_long_over_short"], report["memory_long_over_short"]
    pixels = report["ms_per_megapixel"][-1] / report["ms_per_megapixel"][1]
    return [
        ("frames a second at 512", ">= 25", f"{at[512]['frames_per_second']:.1f}", at[512]["frames_per_second"] >= 25),
        ("frames a second at 1080", ">= 8", f"{at[1080]['frames_per_second']:.1f}", at[1080]["frames_per_second"] >= 8),
        ("memory", "<= 1500 MB", f"{memory:.0f} MB", memory <= 1500),
        ("CPU time a frame, 60 s over 4 s of clip", "linear: <= 1.15", f"{frames:.2f}", frames <= 1.15),
        ("memory, 60 s over 4 s of clip", "constant: <= 1.05", f"{held:.2f}", held <= 1.05),
        ("time a pixel, 2160 over 512", "linear: <= 1.15", f"{pixels:.2f}", pixels <= 1.15),
        ("analysis, networks loaded, worst size", "<= 1.5 s", f"{analysis:.2f} s", analysis <= 1.5),
    ]


def gpu(report: Report) -> list[Figure]:
    print(
        "\nThe graph that paints frames on a GPU"
        + ("" if report["cuda"] else ", here on the CPU; a GPU is unmeasured: no CUDA")
    )
    head = ("side", "batch", "opening s", "sketch ms", "paint ms", "computing ms", "lids ms", "there kB", "back kB")
    print("".join(f"{name:>13}" for name in (*head, "frames/s", "no computing")))
    for row in report["rows"]:
        times = "".join(f"{row[name]:>13.2f}" for name in ("open_s", "sketch_ms", "paint_ms", "painting_ms", "lids_ms"))
        bytes_each_way = f"{row['sent_kb']:>13.0f}{row['returned_kb']:>13.0f}"
        clip = f"{row['frames_per_second']:>13.1f}{row['not_arithmetic']:>13.0%}"
        print(f"{row['side']:>13}{row['batch']:>13}{times}{bytes_each_way}{clip}")
    return []


def _stages(rows: list[Report]) -> None:
    """A row a stage: what a photo costs, what a frame costs, and the floor under it."""
    once = {"find and judge faces": "faces", "matte, depth, mesh, layers": "depth"}
    print(f"{'ms a photo':<36}" + "".join(f"{row['side']:>9}" for row in rows))
    for name, stage in once.items():
        _line(name, [1e3 * row["stages"][stage] for row in rows])
    print("CPU ms a frame")
    for name in rows[0]["stages_cpu_ms"]:
        _line(name, [row["stages_cpu_ms"][name] for row in rows])
    print("ms a frame")
    _line("waiting for the encoder", [1e3 * row["stages"]["encode"] / row["frames"] for row in rows])
    _line("floor: the encoder alone", [row["encoder_ms"] for row in rows])
    _line("floor: all pixels read and written", [row["memory_ms"] for row in rows])


def _line(name: str, values: list[float]) -> None:
    print(f"  {name:<34}" + "".join(f"{value:>9.2f}" for value in values))


def figures(rows: Sequence[Figure]) -> None:
    print(f"\n{'figure':<46}{'wanted':<26}{'holds':<7}found")
    for what, wanted, found, holds in rows:
        print(f"{what:<46}{wanted:<26}{'yes' if holds else 'NO':<7}{found}")


PRINTERS: dict[str, Callable[[Any], list[Figure]]] = {
    "speed": speed,
    "gpu": gpu,
    "depth": depth,
    "eyes": eyes,
    "patches": patches,
    "steadiness": steadiness,
    "sharpness": sharpness,
    "reenactment": reenactment,
    "following": following,
}
