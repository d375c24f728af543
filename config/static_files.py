"""Static files under names that hold a digest of their content, so that browsers may keep them for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage

IMPORT_FROM = (r"""(?P<matched>from\s+"(?P<url>\.{1,2}/[^"]+\.js)")""", 'from "%(url)s"')


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """Also follows `import … from "./other.js"` in our own modules: each has one address, and is loaded once.

    Not in those of packages, some of which name what they do not ship; Django's own switch would.
    """

    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("js/*.js", (IMPORT_FROM,)))
