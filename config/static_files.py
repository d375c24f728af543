"""Static files under names that hold a digest of their content, so that browsers may keep them for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """Also follows `import` between JavaScript modules: a module has one address, and is loaded once."""

    support_js_module_import_aggregation = True
