"""What the institutions of a study are called, by the code that stands for them in results."""

from annotation.models import Institution, Study


def institution_names(study: Study) -> dict[str, str]:
    found = Institution.objects.filter(membership__study=study).distinct()
    return dict(found.values_list("code", "name"))
