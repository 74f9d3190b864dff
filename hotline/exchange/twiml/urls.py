"""The URLs in a document. Relative ones are relative to where the document came from."""

from urllib.parse import urljoin, urlsplit

from hotline.exchange.twiml.documents import TwimlError


class Urls:
    """Remembers where the current document came from ("" for an inline one)."""

    def __init__(self) -> None:
        self.base = ""
        self._origin = ""

    def become(self, base: str) -> None:
        """Set where the current document came from."""
        if not self._origin or not base.startswith(self._origin + "/"):
            parts = urlsplit(base)
            self._origin = f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else ""
        self.base = base

    def absolute(self, url: str, tag: str) -> str:
        """Return ``url`` as an absolute URL. Raises TwimlError, which names ``tag``."""
        url = url.strip()
        if self._origin and url[:1] == "/" and url[1:2] != "/" and "/." not in url and url.isprintable():
            # This is the usual case, and urljoin takes longer than the rest of a turn.
            return self._origin + url
        try:
            joined = urljoin(self.base, url)
            parts = urlsplit(joined)
        except ValueError:
            raise TwimlError(11100, f"<{tag}> has an address that is none") from None
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            code = 11100 if self.base or parts.scheme else 15004
            raise TwimlError(code, f"<{tag}> has no absolute URL")
        return joined
