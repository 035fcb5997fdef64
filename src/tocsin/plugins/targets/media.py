"""What a place must be told of a file that it cannot see for itself: its media type, and how long caches may keep it.

The same as the file server and `deploy/nginx.conf` say; a test compares them.
"""

from pathlib import PurePosixPath

CACHE = "public, max-age=15, stale-while-revalidate=45, stale-if-error=180"
"""Fresh for a quarter of a minute; a cache may bridge a dead origin, but never past the five minutes that a page
calls itself valid. How these were derived: docs/explanation/publishing.md."""

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".xml": "application/xml",
    ".atom": "application/atom+xml",
    ".rss": "application/rss+xml",
    ".svg": "image/svg+xml; charset=utf-8",
    ".ics": "text/calendar; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".pdf": "application/pdf",
}


def media_type(name: str) -> str:
    """Return the media type of a file of that name, with its character set where it is a text."""
    return MEDIA_TYPES.get(PurePosixPath(name).suffix, "application/octet-stream")
