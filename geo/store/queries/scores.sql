-- What a community makes its score of.

-- name: list_terms(community_id)
SELECT indicator_id, weight FROM score_template WHERE community_id = :community_id ORDER BY weight DESC, indicator_id;

-- name: lock_score(community_id)$
-- One who changes the score of a community after the other.
SELECT 1 FROM pg_advisory_xact_lock(hashtextextended('score_template', :community_id));

-- name: clear_terms(community_id)!
DELETE FROM score_template WHERE community_id = :community_id;

-- name: put_term(community_id, indicator_id, weight)!
INSERT INTO score_template (community_id, indicator_id, weight) VALUES (:community_id, :indicator_id, :weight);
