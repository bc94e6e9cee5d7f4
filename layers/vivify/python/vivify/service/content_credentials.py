"""Content Credentials (C2PA): a signed statement inside the file of who made it and how, that survives no change of it.

The statement says that Vivify made the file and names IPTC's digital source type. It holds no thumbnail and nothing of
the photo. The private key stays in KMS; the certificate chain is the owner's.
"""

from __future__ import annotations

import json
from pathlib import Path

from vivify import __version__
from vivify.cloud import keys
from vivify.cloud.settings import PublishClip
from vivify.errors import CloudError, VideoError, VivifyError
from vivify.video import DIGITAL_SOURCE_TYPE

_MANIFEST = {
    "claim_generator_info": [{"name": "Vivify", "version": __version__}],
    "assertions": [
        {
            "label": "c2pa.actions",
            "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": DIGITAL_SOURCE_TYPE}]},
        }
    ],
}


def sign(path: Path, content_type: str, settings: PublishClip) -> None:
    """Signs ``path`` (MP4, JPEG or WebP) in place where a key is configured; does nothing where none is.

    Raises CloudError where AWS does not sign, VideoError where the chain does not fit the key or the file.
    """
    if not settings.provenance_key:
        return
    import c2pa  # in this function's own layer; nobody else needs it

    failures: list[VivifyError] = []

    def with_our_key(data: bytes) -> bytes:
        try:
            return keys.sign_es256(settings.provenance_key, data)
        except CloudError as error:
            failures.append(error)  # c2pa would swallow it, and with it whether a retry helps
            return b""

    chain = keys.secret(settings.provenance_chain)
    signed = path.with_name(f"signed-{path.name}")
    try:
        with (
            c2pa.Context.from_dict({"builder": {"thumbnail": {"enabled": False}}}) as context,
            c2pa.Signer.from_callback(with_our_key, c2pa.C2paSigningAlg.ES256, chain) as signer,
            c2pa.Builder.from_json(json.dumps(_MANIFEST), context=context) as builder,
            path.open("rb") as source,
            signed.open("w+b") as target,
        ):
            builder.sign(signer, content_type, source, target)
    except c2pa.C2paError as error:
        raise failures[0] if failures else VideoError("The file could not be signed: does the chain fit the key?") from error
    signed.replace(path)
