"""What a latent's profile says, in sentences for a physician."""

from annotation import gateway
from annotation.enums import LatentFlag
from annotation.queries.latent_profile import SHARES_FROM, MatchesInSae, ProfileSheet
from annotation.views.drawing.figures import count, decimal, percent


def flag_words(flag: LatentFlag, profile: ProfileSheet) -> str:
    """Why the latent carries the flag, and what that means for rating it."""
    if flag == LatentFlag.DEAD:
        return "It fires on no token of this corpus: there is nothing to rate."
    if flag == LatentFlag.DENSE:
        return (
            f"It fires on more than {percent(gateway.DENSE_FROM)} of tokens: too often to stand for one clinical idea."
        )
    first = next(iter(profile.peak_tokens), None)
    which = f" ({percent(first.share)}, n = {count(first.firings)})" if first else ""
    return (
        f"One token has at least {percent(gateway.SINGLE_TOKEN_FROM)} of its firings{which}: it may stand for a word "
        "rather than an idea."
    )


def match_words(found: MatchesInSae) -> str:
    """Whether the latent is one, several or none in the other SAE."""
    place = f"{found.sae} ({found.hook_point})" if found.hook_point else found.sae
    if found.sharing > 1:
        verdict = f"{found.sharing} latents of {place} share this one’s activations: it is split there."
    elif found.sharing == 1 and found.siblings:
        verdict = (
            f"One latent of {place} shares this one’s activations, and is the best match of {count(found.siblings)} "
            f"more here: this SAE splits what that one holds together."
        )
    elif found.sharing == 1:
        verdict = f"One latent of {place} shares this one’s activations."
    else:
        verdict = f"No latent of {place} shares this one’s activations; the nearest are listed."
    return f"{verdict} Shared: r of at least {decimal(SHARES_FROM)}."
