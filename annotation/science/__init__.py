"""Agreement, consensus, learnability, ambiguity, sampling: pure functions, plain values in, a frozen result out.

No Django, no Celery, no clock, no global randomness: a seed is an argument. "Undefined" is a value with a reason
(`types.Undefined`), never nan. Bad input raises `types.ScienceError`, a sentence for the reader. Ids (latent, rater,
institution) are strings: pass `str(pk)` or a pseudonym.

What to call, each from the file of its name (`from annotation.science.alpha import alpha`):

Values (`types`)
    Answer(latent, rater, value, institution="", reading=1, scores=(), round="")
        one rater's answer to one rubric item; value None is "cannot tell from these snippets"
    CalibrationAnswer(rater, latent, reference_share, n_classes, scores=())
    LearnabilityScore(scorer, value)        of a label and its rationale; an answer may have several, one a scorer
    Item: closed_item(classes) | ordinal_item(classes, decay=1.0) | open_item()
    Undefined(reason) · Interval(low, high) · Estimate(value, interval, ..., .low, .high, .interval_reason)

Agreement: one first reading per (latent, rater), as a table
    table.RatingTable.from_answers(answers, domain=None)        values: str, numbers, or frozensets for "sets"
    alpha.alpha(table, level, *, seed, replicates=2000) -> Estimate | Undefined
        level: "nominal" | "ordinal" | "interval" | "sets" (MASI)
    gwet.gwet(table, weights="identity", *, seed, replicates=2000) -> Estimate | Undefined
        weights: "identity" (AC1) | "linear" | "quadratic" | "ordinal" (AC2)
    raw_agreement.raw_agreement(table, *, seed, replicates=2000) -> Estimate | Undefined
    unit_agreement.unit_agreement(table, level) -> tuple[UnitAgreement, ...]

Consensus: all readings, so that a repeat is a split vote
    majority.majority(answers) -> tuple[Majority, ...]                   one per latent, ties shown
    dawid_skene.dawid_skene(answers, item) -> DawidSkene | Undefined     .of(latent) -> {value: posterior}
    clc.clc(answers, item, params=ClcParameters(), *, seed, calibration=()) -> ClcResult | Undefined
        .latents: LatentConsensus(latent, classes, q, theta, n_eff, flip_rate, entropy, ...)
        .raters: RaterWeight(rater, prior, reliability, ...)   .answers: omega and likelihood ratio of each answer
    members.answers_by_member(answers, members) -> {member: yes/no answers}      set-valued items, one problem a member

What happens next
    ambiguity.judge(consensus, thresholds=Thresholds(), *, extra_rounds_used, institutions_in_study) -> Verdict
        outcome: "accepted" | "needs_raters" | "recruiting" | "persistent", with reasons in words

Which latents are rated, and provenance
    sampling.draw_sample(density, documents, strata, *, wanted, seed, minimum_documents=20, maximum_density=0.05)
    digest.digest(records) -> sha256 in hex, whatever the order of the records

Simulated raters, for the demo study (one numpy Generator, passed along)
    simulated_world.simulated_latents(candidates, rng, ambiguous_share=0.25, flags=()) -> tuple[SimulatedLatent, ...]
        Candidates(latent, concepts=(ConceptOption(concept, category), ...), clinical=True), fitting concept first
    simulated_world.simulated_raters({institution: names}, rng) -> tuple[SimulatedRater, ...]
    simulated_world.spread_reads(latents, raters, per_latent, rng) -> tuple[Read, ...]     or your own slots as Reads
    simulate.simulated_ratings(latents, raters, reads, rng) -> tuple[SimulatedRating, ...]
        .chosen: index among the latent's concepts (0 fitting, 1 rival, 2 and up worse), for the caller's rationale
"""
