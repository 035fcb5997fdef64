"""Publishes the site into an S3-compatible bucket.

A bucket cannot switch many objects at once. Each object changes at once, though, and each page stands by itself: it
says its own time and needs only assets that were there before it. So they go up in that order: assets first, then
pages and feeds, ways in last, the stamp that says which version is shown after all of them. A reader who is on the
way through meanwhile may see pages of two versions, each whole and each with its own time; never a mixed page.
"""

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tocsin.kernel.errors import DeliveryError
from tocsin.plugins.targets.media import CACHE, media_type
from tocsin.plugins.targets.settings import TargetSettings

TOGETHER = 16
ANSWERS_WITHIN_S = 10
LAST = ("heartbeat.json", "version.json")


class S3Target:
    """A bucket, and a prefix in it; `client` is boto3's, made for one thread or shared by many as boto3 allows."""

    def __init__(self, client: Any, *, bucket: str, prefix: str = "", together: int = TOGETHER) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix
        self._together = together
        self._held: dict[str, str] | None = None

    def publish(self, files: Mapping[str, bytes], *, version: int) -> int:
        """Upload what is new or has changed, in an order that never breaks a page; then remove what is gone."""
        del version  # the stamp among the files says it
        plain = {name: content for name, content in files.items() if not _is_form(name, files)}
        try:
            held = self._held if self._held is not None else self._listed()
            self._held = None
            changed = [name for name, content in plain.items() if held.get(name) != _digest(content)]
            for step in _in_order(changed):
                self._upload(step, plain)
            self._remove([name for name in held if name not in plain])
        except Exception as error:
            raise _refusal(error, self._bucket) from error
        self._held = {name: _digest(content) for name, content in plain.items()}
        return len(changed)

    def read(self, name: str) -> bytes:
        """Return an object as the bucket shows it now."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)
            content: bytes = answer["Body"].read()
        except Exception as error:
            raise _refusal(error, self._bucket) from error
        return content

    def _listed(self) -> dict[str, str]:
        # The tag of an object that went up in one piece is its MD5: what is there already need not go again.
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
        return {
            entry["Key"].removeprefix(self._prefix): entry["ETag"].strip('"')
            for page in pages
            for entry in page.get("Contents", ())
        }

    def _upload(self, names: Sequence[str], files: Mapping[str, bytes]) -> None:
        with ThreadPoolExecutor(self._together) as pool:
            list(pool.map(lambda name: self._put(name, files[name]), names))

    def _put(self, name: str, content: bytes) -> None:
        self._client.put_object(
            Bucket=self._bucket,
            Key=self._prefix + name,
            Body=content,
            ContentType=media_type(name),
            CacheControl=CACHE,
        )

    def _remove(self, names: Sequence[str]) -> None:
        for start in range(0, len(names), 1000):
            keys = [{"Key": self._prefix + name} for name in names[start : start + 1000]]
            self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": keys, "Quiet": True})


def build(settings: TargetSettings) -> S3Target:
    """Return the target for `bucket` at `endpoint` (none for Amazon's), with `access_key` and `secret_key`."""
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "s3",
        endpoint_url=settings.text("endpoint", "") or None,
        region_name=settings.text("region", "us-east-1"),
        aws_access_key_id=settings.text("access_key"),
        aws_secret_access_key=settings.text("secret_key"),
        config=Config(
            connect_timeout=ANSWERS_WITHIN_S,
            read_timeout=ANSWERS_WITHIN_S,
            max_pool_connections=TOGETHER,
            retries={"max_attempts": 3, "mode": "standard"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    return S3Target(client, bucket=settings.text("bucket"), prefix=settings.text("prefix", ""))


def _in_order(names: Sequence[str]) -> Sequence[Sequence[str]]:
    assets = [name for name in names if name.startswith("assets/")]
    last = [name for name in LAST if name in names]
    ways_in = [name for name in names if name == "index.html" or name.endswith("/index.html")]
    others = [name for name in names if name not in {*assets, *last, *ways_in}]
    return [step for step in (assets, others, ways_in, last) if step]


def _is_form(name: str, files: Mapping[str, bytes]) -> bool:
    # A bucket cannot choose by what its reader accepts; whatever stands before it compresses.
    return name.endswith((".gz", ".br")) and name[:-3] in files


def _digest(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _refusal(error: Exception, bucket: str) -> DeliveryError:
    return DeliveryError(
        "target.refused", f"The storage refused: {error}.", permanent=False, where=bucket, hint="It is tried again."
    )
