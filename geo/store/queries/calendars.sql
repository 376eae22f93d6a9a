-- The working time and the clocks that a community has set for itself.

-- name: list_hours(community_id)
-- When its working day opens and closes, in minutes after midnight.
SELECT CAST(extract(epoch FROM opens) / 60 AS integer), CAST(extract(epoch FROM closes) / 60 AS integer)
FROM community_calendar
WHERE community_id = :community_id
ORDER BY opens;

-- name: list_days(community_id)
-- The days it works or rests against the yearly notice.
SELECT day, is_workday FROM calendar_day WHERE community_id = :community_id;

-- name: list_clocks(community_id)
-- The times of each category, its own where it has some.
SELECT
    c.code,
    coalesce(own.response_amount, c.response_amount), coalesce(own.response_unit, c.response_unit),
    coalesce(own.deadline_amount, c.deadline_amount), coalesce(own.deadline_unit, c.deadline_unit)
FROM category AS c
LEFT JOIN community_category AS own ON own.category_code = c.code AND own.community_id = :community_id
ORDER BY c.code;
