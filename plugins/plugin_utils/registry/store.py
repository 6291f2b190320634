"""What else a registry keeps beside images: parts of any size, and what is attached to an image."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from typing import IO, Any

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.client import RegistryClient, RegistryError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.http import Answer, host_of, persistent
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.image_reference import ImageReference

# How many tags are requested at once.
PAGE = 200
_NEXT = re.compile(r'<([^>]*)>\s*;\s*rel="?next"?')


class RegistryStore(RegistryClient):
    """A client that reads layers and attaches things."""

    @contextlib.contextmanager
    def open_blob(self, image: ImageReference, digest: str) -> Iterator[IO[bytes]]:
        """Open what may be too large for the memory, such as a layer, to be read once from its beginning."""
        path, scope = f"/v2/{image.repository}/blobs/{digest}", f"repository:{image.repository}:pull"
        known = self._basic or self._tokens.get(scope)
        # No HEAD beforehand: registries send it to storage whose addresses are signed for GET.
        opened = self._opened(path, known)
        if isinstance(opened, Answer) and opened.status == HTTPStatus.UNAUTHORIZED and not self._is_elsewhere(opened):
            opened = self._opened(path, self._logged_in(opened.headers, scope, known))
        if isinstance(opened, Answer):
            raise self._unexpected(f"a part of the image {image}", opened)
        try:
            with opened:
                yield opened
        except (OSError, http.client.HTTPException) as error:
            raise self._no_connection(self.host, error) from error

    def _opened(self, path: str, authorization: str | None) -> http.client.HTTPResponse | Answer:
        """The response, still to be read, or what was said in its place."""
        host = ImageReference(self.host, "").api_host
        responses: list[http.client.HTTPResponse] = []

        def send() -> Answer:
            request = urllib.request.Request(f"{self.scheme}://{host}{path}")
            if authorization:
                # Not sent on to another host when the registry redirects.
                request.add_unredirected_header("Authorization", authorization)
            try:
                responses.append(self._open(request))
            except urllib.error.HTTPError as error:
                with error:
                    return Answer(error.code, error.headers, error.read(), host_of(error.url))
            except urllib.error.URLError as error:
                raise (error.reason if isinstance(error.reason, OSError) else error) from error
            return Answer(responses[0].status, responses[0].headers, b"")

        try:
            answer = persistent(send, self.timeout)
        except (OSError, http.client.HTTPException) as error:
            raise self._no_connection(host, error) from error
        return responses[0] if responses else answer

    def put_blob(self, image: ImageReference, content: bytes) -> str:
        """Store ``content`` beside the layers of ``image``, and return its digest."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        blobs, scope = f"/v2/{image.repository}/blobs", f"repository:{image.repository}:pull,push"
        there = self._ask("HEAD", f"{blobs}/{digest}", scope=scope)
        # A registry sends on to storage what it has, whether or not the storage takes a HEAD.
        if there.status == HTTPStatus.OK or self._is_elsewhere(there):
            return digest
        begun = self._ask("POST", f"{blobs}/uploads/", scope=scope, data=b"")
        place = urllib.parse.urlsplit(begun.headers.get("Location", ""))
        if begun.status != HTTPStatus.ACCEPTED or not place.path:
            raise self._unexpected("a place to upload to", begun)
        # Only the path counts: behind a proxy, a registry often has a wrong idea of its own scheme and name.
        query = f"{place.query}&" if place.query else ""
        path = f"{place.path}?{query}digest={urllib.parse.quote(digest)}"
        answer = self._ask("PUT", path, scope=scope, data=content, content_type="application/octet-stream")
        if answer.status != HTTPStatus.CREATED:
            raise self._unexpected("an upload", answer)
        return digest

    def referrers(self, image: ImageReference, digest: str) -> list[dict[str, Any]]:
        """Return descriptors of what was attached to the image of this digest, such as its bill of materials.

        A registry without the API for it (distribution before 3) keeps an index of them under a tag made of the digest.
        """
        path, scope = f"/v2/{image.repository}/referrers/{digest}", f"repository:{image.repository}:pull"
        answer = self._ask("GET", path, scope=scope)
        if answer.status == HTTPStatus.OK:
            body: bytes | None = answer.body
        else:
            tagged = self.manifest(ImageReference(image.host, image.repository, tag=digest.replace(":", "-")))
            body = tagged.body if tagged else None
        try:
            return list(json.loads(body)["manifests"]) if body else []
        except (ValueError, KeyError, TypeError) as error:
            raise RegistryError(f"The registry {self.host} has a list of attachments that cannot be read") from error

    def tags(self, image: ImageReference) -> list[str]:
        """Return all tags of the repository; none of one that is not there."""
        path, scope = f"/v2/{image.repository}/tags/list?n={PAGE}", f"repository:{image.repository}:pull"
        found: list[str] = []
        while path:
            answer = self._ask("GET", path, scope=scope)
            if answer.status == HTTPStatus.NOT_FOUND:
                return []
            if answer.status != HTTPStatus.OK:
                raise self._unexpected(f"the tags of {image.name}", answer)
            try:
                found += [str(tag) for tag in json.loads(answer.body)["tags"] or []]
            except (ValueError, KeyError, TypeError) as error:
                raise RegistryError(f"The registry {self.host} has a list of tags that cannot be read") from error
            # Only path and query count: behind a proxy, a registry often has a wrong idea of its own scheme and name.
            following = _NEXT.search(answer.headers.get("Link", ""))
            parts = urllib.parse.urlsplit(following[1]) if following else None
            path = f"{parts.path}?{parts.query}" if parts else ""
        return sorted(set(found))

    def delete(self, image: ImageReference) -> bool:
        """Remove the manifest of this digest, with all tags that name it; whether it was there."""
        scope = f"repository:{image.repository}:pull,push,delete"
        answer = self._ask("DELETE", f"/v2/{image.repository}/manifests/{image.digest}", scope=scope)
        if answer.status == HTTPStatus.METHOD_NOT_ALLOWED:
            raise RegistryError(
                f"The registry {self.host} does not allow deletions (405): switch them on (of distribution:"
                " storage.delete.enabled: true, or REGISTRY_STORAGE_DELETE_ENABLED=true)"
            )
        if answer.status not in (HTTPStatus.OK, HTTPStatus.ACCEPTED, HTTPStatus.NOT_FOUND):
            raise self._unexpected(f"the removal of {image}", answer)
        return answer.status != HTTPStatus.NOT_FOUND
