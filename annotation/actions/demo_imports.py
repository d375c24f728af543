"""Files that the demo's researcher may try an import with, in the study's folder on the server."""

import shutil
from pathlib import Path

from django.conf import settings

from annotation.actions.demo_studies import STUDY


def lay_out_imports() -> Path | None:
    """Copy them, unless the folder is there already: whatever it holds by then is the researcher's. The folder."""
    if settings.IMPORT_ROOT is None:
        return None
    folder: Path = settings.IMPORT_ROOT / STUDY
    if not folder.exists():
        aside = folder.with_name(f".{folder.name}")
        shutil.copytree(settings.DEMO_ROOT / "imports", aside, dirs_exist_ok=True)
        aside.rename(folder)
    return folder
