"""The TLS certificates of Zoom and AWS: which authorities are trusted, and the error for a certificate that is not."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from .errors import SettingsError, UntrustedCertificateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# requests reads the first (Requests, SSL Cert Verification), boto3 the second (Boto3, Using environment variables).
CA_BUNDLES = ("REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE")


def check_ca_bundles(environ: Mapping[str, str]) -> None:
    """Raise `SettingsError` if a variable names a file that is missing, or that has no certificate."""
    for name in CA_BUNDLES:
        if path := environ.get(name):
            try:
                ssl.create_default_context(cafile=path)
            except OSError as error:
                raise SettingsError(
                    f"{name} is {path!r:.200}, which cannot be read ({type(error).__name__}): set it to the path of a"
                    " file of PEM certificates, such as /opt/ca-bundle.pem of a Lambda layer."
                ) from None


def untrusted_certificate(error: BaseException, whose: str) -> UntrustedCertificateError | None:
    """Return the error to raise if a certificate that could not be verified is the cause, None otherwise."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return UntrustedCertificateError(
                f"The TLS certificate of {whose} cannot be verified ({cause.verify_message}): if a proxy or firewall"
                f" inspects TLS, exempt this host from the inspection, or set {' and '.join(CA_BUNDLES)} to a file with"
                " the proxy's CA certificate."
            )
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and those that it wraps; requests and urllib3 keep some only in `args` and `reason`."""
    waiting, seen = [error], set[int]()
    while waiting:
        found = waiting.pop()
        if id(found) not in seen:
            seen.add(id(found))
            yield found
            wrapped = (found.__cause__, found.__context__, getattr(found, "reason", None), *found.args)
            waiting += [each for each in wrapped if isinstance(each, BaseException)]
