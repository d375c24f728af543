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
    alpha.alpha(table, level, *, seed, replicates=2000, distances=None) -> Estimate | Undefined
        level: "nominal" | "ordinal" | "interval" | "sets" (MASI) | "hierarchy" (concepts, with their distances)
    hierarchy.concept_distances(values, broader) -> (values, values), 0 to 1        broader: {name: broader names}
    between_groups.alpha_between(table, group_of, level, *, seed) -> Estimate | Undefined     across institutions only
    gwet.gwet(table, weights="identity", *, seed, replicates=2000) -> Estimate | Undefined
        weights: "identity" (AC1) | "linear" | "quadratic" | "ordinal" | "sets" | "hierarchy" (AC2); WEIGHTS_AT[level]
    raw_agreement.raw_agreement(table, *, seed, replicates=2000) -> Estimate | Undefined
    unit_agreement.unit_agreement(table, level) -> tuple[UnitAgreement, ...]
    pairwise.pairwise_kappa(table, level) -> tuple[PairKappa, ...]       every two raters: n, raw, kappa or why not
    influence.influence(table, level, *, seed) -> tuple[Influence, ...]  alpha without each rater, and the change
    retest.retest_agreement(answers, level, *, seed, domain=None) -> RetestAgreement(raters, everyone)    all readings
    planning.plan(answers, item, level, *, wanted_width, raters, latents, seed) -> Plan | Undefined
        from a pilot: .cells (expected width of alpha's interval by raters a latent and latents), .cheapest

Consensus: all readings, so that a repeat is a split vote
    majority.majority(answers) -> tuple[Majority, ...]                   one per latent, ties shown
    dawid_skene.dawid_skene(answers, item) -> DawidSkene | Undefined     .of(latent) -> {value: posterior}
    clc.clc(answers, item, params=ClcParameters(), *, seed, calibration=()) -> ClcResult | Undefined
        .latents: LatentConsensus(latent, classes, q, theta, n_eff, flip_rate, entropy, ...)
        .raters: RaterWeight(rater, prior, reliability, ...)   .answers: omega and likelihood ratio of each answer
    members.answers_by_member(answers, members) -> {member: yes/no answers}      set-valued items, one problem a member

    explain.breakdowns(result) -> {latent: tuple[AnswerBreakdown, ...]}        weights, where from, and without her
    sensitivity.leave_one_out(answers, item, params, thresholds, *, seed, level, extra_rounds, institutions_in_study)
        -> tuple[LeftOut, ...]: alpha, verdicts and changed labels without each rater, institution and round, refitted

What happens next
    ambiguity.judge(consensus, thresholds=Thresholds(), *, extra_rounds_used, institutions_in_study) -> Verdict
        outcome: "accepted" | "needs_raters" | "recruiting" | "persistent", with reasons in words
    ambiguity_preview.preview(consensuses, thresholds, extra_rounds, institutions_in_study) -> Preview of how many

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
