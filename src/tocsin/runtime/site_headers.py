"""What every answer from the public site says besides its content, whoever serves it.

The file server, the application and `deploy/nginx.conf` say the same; a test compares them.
"""

from pathlib import PurePosixPath

from tocsin.kernel.language import LANGUAGES
from tocsin.plugins.targets.media import CACHE, media_type

SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}

SHARED_TYPES = frozenset({".json", ".xml", ".atom", ".rss", ".svg", ".js", ".ics"})
"""What other sites' pages and programs may read and show."""

SHARED = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}


def headers_for(name: str) -> dict[str, str]:
    """Return the headers of the site's file of that name, its length, coding and tag aside."""
    suffix = PurePosixPath(name).suffix
    language = name.partition("/")[0]
    return {
        "Content-Type": media_type(name),
        "Cache-Control": CACHE,
        "Vary": "Accept-Encoding",
        **SECURITY,
        **(SHARED if suffix in SHARED_TYPES else {}),
        **({"Content-Language": language} if language in LANGUAGES else {}),
    }
