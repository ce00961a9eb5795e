"""Signs a film with Content Credentials (C2PA), with the clips that it was made from as ingredients.

The library `c2pa-python` does it; it is an extra of the package. Nothing is asked over the network: no time stamp, no
revocation list, no manifest that lies elsewhere. C2PA 2.1 calls a film without a trusted time stamp valid while its
certificate is.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from io import BytesIO
from typing import Any

from hailuo_batch.core.origin import Disclosure
from hailuo_batch.errors import InputError
from hailuo_batch.values import dataclass

_MP4 = "video/mp4"
_OFFLINE = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
_CURVES = {"secp256r1": b"es256", "secp384r1": b"es384", "secp521r1": b"es512"}
_NO_LIBRARY = "Content Credentials need one more package:\n    pip install 'hailuo-batch[c2pa]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A certificate with those above it, and its private key, both in PEM."""

    certificates: bytes = field(repr=False)
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredient:
    """A clip that a film was made from, with its bytes as they are in the store."""

    title: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a film's Content Credentials say: the state that the library finds, who signed, and its ingredients."""

    state: str  # "Valid", "Trusted" or "Invalid"
    source_type: str
    signed_by: str
    ingredients: tuple[str, ...]


def sign_film(data: bytes, disclosure: Disclosure, key: SigningKey, ingredients: Sequence[Ingredient] = ()) -> bytes:
    """The film with credentials of its own; those that it had are left to the ingredients.

    Raises `InputError` where the certificate or the key cannot sign.
    """
    library = _load_library()
    with _explain_errors(library):
        info = library.C2paSignerInfo(_algorithm(key.key), key.certificates, key.key, None)
        with library.Signer.from_info(info) as signer, _offline(library) as context:
            builder = library.Builder(_manifest(disclosure), context)
            builder.set_intent(library.C2paBuilderIntent.CREATE, _source_type(library, disclosure))
            for each in ingredients:
                members = {"title": each.title, "relationship": "componentOf"}
                builder.add_ingredient(members, _MP4, BytesIO(each.data))
            signed = BytesIO()
            builder.sign(signer, _MP4, BytesIO(data), signed)
    return signed.getvalue()


def read_credentials(data: bytes) -> Credentials | None:
    """What a film's credentials say; None where it has none that can be read."""
    library = _load_library()
    try:
        with _offline(library) as context, library.Reader(_MP4, BytesIO(data), context=context) as reader:
            manifest, state = reader.get_active_manifest() or {}, reader.get_validation_state()
    except library.C2paError:
        return None
    actions = (
        action
        for each in manifest.get("assertions", ())
        if str(each.get("label", "")).startswith("c2pa.actions")
        for action in each["data"].get("actions", ())
    )
    return Credentials(
        state=str(state),
        source_type=next((str(each["digitalSourceType"]) for each in actions if each.get("digitalSourceType")), ""),
        signed_by=str(manifest.get("signature_info", {}).get("common_name", "")),
        ingredients=tuple(str(each.get("title", "")) for each in manifest.get("ingredients", ())),
    )


def _load_library() -> Any:  # it has no types
    try:
        import c2pa
    except ImportError:
        raise InputError("Content Credentials cannot be written here", why=_NO_LIBRARY) from None
    return c2pa


@contextmanager
def _offline(library: Any) -> Iterator[Any]:
    with library.Context(library.Settings.from_dict(_OFFLINE)) as context:
        yield context


@contextmanager
def _explain_errors(library: Any) -> Iterator[None]:
    try:
        yield
    except library.C2paError as error:
        why = f"The library says: {' '.join(str(error).split())[:300]}."
        remedy = "A certificate for C2PA has the key usage digitalSignature and is signed by another one."
        raise InputError("the film was not signed", why=why, remedy=remedy) from None


def _algorithm(key: bytes) -> bytes:
    """The name that C2PA has for a key's way to sign."""
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        found = load_pem_private_key(key, None)
    except (ValueError, TypeError):
        raise InputError("the private key cannot be read", why="It must be in PEM, without a password.") from None
    if isinstance(found, EllipticCurvePrivateKey) and found.curve.name in _CURVES:
        return _CURVES[found.curve.name]
    if isinstance(found, RSAPrivateKey):
        return b"ps256"
    if isinstance(found, Ed25519PrivateKey):
        return b"ed25519"
    raise InputError("the private key is of a kind that C2PA does not sign with", remedy="Use one of P-256.")


def _source_type(library: Any, disclosure: Disclosure) -> Any:
    kinds = library.C2paDigitalSourceType
    return {
        "trainedAlgorithmicMedia": kinds.TRAINED_ALGORITHMIC_MEDIA,
        "compositeWithTrainedAlgorithmicMedia": kinds.COMPOSITE_WITH_TRAINED_ALGORITHMIC_MEDIA,
        "algorithmicMedia": kinds.ALGORITHMIC_MEDIA,
    }[disclosure.source_type.rpartition("/")[2]]


def _manifest(disclosure: Disclosure) -> Mapping[str, object]:
    name, _, version = disclosure.tool.partition(" ")
    return {
        "claim_generator_info": [{"name": name, "version": version}],
        "title": disclosure.title,
        "format": _MP4,
        "assertions": [],
    }
