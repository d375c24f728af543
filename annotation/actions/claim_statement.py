"""The claim as one statement, and how it finds a place among a hundred thousand without looking at more than a few.

A rater begins at a place of her own in the round's shuffled order (`Slot.turn`) and goes on from there, round to the
beginning, along the index of free places. Of the next 16 that she may have she takes the one with the least hash of
latent and rater: two raters who begin close together still meet the latents in different orders.
"""

from annotation.rules.handing_out import FIRST_TIME, FOR_ANYONE, FREE, barred, had, hers_alone, of_her_institution

_RATER, _INSTITUTION, _NOW = "%(rater)s", "%(institution)s", "%(now)s"
_WALKED = f"s.round_id = t.round_id AND s.priority = t.priority AND {FREE} AND {FOR_ANYONE}"
_HERS = f"{of_her_institution(_INSTITUTION)} AND {FIRST_TIME}"
_REPEATS = "s.round_id = ANY(%(repeating)s::bigint[])"
_FIRST_FREE = f"SELECT min(s.priority) FROM annotation_slot s WHERE {FREE} AND {FOR_ANYONE} AND s.round_id ="

CLAIM = f"""
WITH RECURSIVE
barred AS MATERIALIZED ({barred(_RATER)}),
had AS MATERIALIZED ({had(_RATER)}),
tier (round_id, place, priority) AS (  -- the priorities that have a free place, each by one step into the index
    SELECT r.id, r.place, ({_FIRST_FREE} r.id)
    FROM unnest(%(walked)s::bigint[]) WITH ORDINALITY AS r (id, place)
    UNION ALL
    SELECT t.round_id, t.place, ({_FIRST_FREE} t.round_id AND s.priority > t.priority)
    FROM tier t WHERE t.priority IS NOT NULL
),
walk AS MATERIALIZED (
    SELECT near.id, t.place, t.priority
    FROM (SELECT * FROM tier WHERE priority IS NOT NULL ORDER BY place, priority) t CROSS JOIN LATERAL (
        (SELECT s.id FROM annotation_slot s WHERE {_WALKED} AND s.turn >= %(offset)s AND {_HERS}
         ORDER BY s.turn, s.id LIMIT %(width)s)
        UNION ALL
        (SELECT s.id FROM annotation_slot s WHERE {_WALKED} AND s.turn < %(offset)s AND {_HERS}
         ORDER BY s.turn, s.id LIMIT %(width)s)
    ) near
    LIMIT %(width)s
),
near (id, step, place, priority) AS (
    -- What she holds already: the one that she worked on last has the longest lease.
    SELECT s.id, 0, 0, -extract(epoch FROM s.lease_expires_at) FROM annotation_slot s
    WHERE %(held)s AND s.state = 'leased' AND s.rater_id = {_RATER} AND s.round_id = ANY(%(open)s::bigint[])
    UNION ALL
    -- What she had begun before her lease ran out. Whether it is free is asked below: asked here as well, the planner
    -- takes the index of free places for it and walks the whole round.
    SELECT s.id, 1, 0, s.priority FROM annotation_draft d
    JOIN annotation_slot s ON s.round_id = d.round_id AND s.latent_id = d.latent_id
    WHERE d.rater_id = {_RATER} AND d.round_id = ANY(%(walked)s::bigint[]) AND {FOR_ANYONE} AND {_HERS}
    UNION ALL
    SELECT s.id, 2, array_position(%(reserved)s::bigint[], s.round_id), s.priority FROM annotation_slot s
    WHERE s.round_id = ANY(%(reserved)s::bigint[])
      AND {hers_alone(person=_RATER, institution=_INSTITUTION, now=_NOW, repeats=_REPEATS)}
    UNION ALL
    SELECT id, 3, place, priority FROM walk WHERE (SELECT count(*) FROM walk) >= %(spare)s
),
picked AS (
    SELECT s.id FROM near JOIN annotation_slot s ON s.id = near.id
    WHERE {FREE} OR (s.state = 'leased' AND s.rater_id = {_RATER})
    ORDER BY near.step, near.place, near.priority, hashint8extended(s.latent_id, {_RATER}), s.id
    LIMIT 1 FOR NO KEY UPDATE OF s SKIP LOCKED
),
taken AS (
    UPDATE annotation_slot SET state = 'leased', rater_id = {_RATER}, lease_expires_at = %(expires)s,
        lease_token = coalesce(lease_token, gen_random_uuid())
    WHERE id = (SELECT id FROM picked)
    RETURNING *
)
SELECT EXISTS (SELECT 1 FROM near WHERE step > 1), {{columns}} FROM (SELECT 1) one LEFT JOIN taken ON true
"""
"""Parameters: rater, institution, now, expires; `open`, `repeating`: round ids; `reserved`, `walked`: round ids in the
order in which they come; `offset`: where she begins; `width`: how many places she looks at; `spare`: how many must be
there for her to take one that anyone may have; `held`: whether she may be given what she holds.

Answers one row: whether there was anything free, and the slot that she was given, or nulls.
"""
