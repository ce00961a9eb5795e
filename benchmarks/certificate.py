"""A certificate of the benchmark's own, for measuring https on loopback; made by `cryptography` (of the dev group)."""

import datetime
import ipaddress
import ssl
from collections.abc import Mapping
from pathlib import Path

_CERTIFICATE, _KEY = "certificate.pem", "key.pem"


def make_certificate(folder: Path) -> None:
    """Writes a key (P-256) and a certificate for 127.0.0.1 that is valid for a day."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / _CERTIFICATE).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / _KEY).write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def serving(folder: str) -> ssl.SSLContext | None:
    """What a server on loopback needs for https; None without a folder."""
    if not folder:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(folder) / _CERTIFICATE, Path(folder) / _KEY)
    return context


def trust(folder: str) -> Mapping[str, str]:
    """What the environment of a process needs so that it trusts the certificate of the folder."""
    return {"SSL_CERT_FILE": str(Path(folder) / _CERTIFICATE)} if folder else {}
