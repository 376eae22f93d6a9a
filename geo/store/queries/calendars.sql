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

-- name: list_own_days(community_id)
-- The same days with what was noted on them.
SELECT day, is_workday, note FROM calendar_day WHERE community_id = :community_id ORDER BY day;

-- name: list_own_clocks(community_id)
-- Each category's own times, and those the community has set instead.
SELECT
    c.code, c.response_amount, c.response_unit, c.deadline_amount, c.deadline_unit,
    own.response_amount, own.response_unit, own.deadline_amount, own.deadline_unit
FROM category AS c
LEFT JOIN community_category AS own ON own.category_code = c.code AND own.community_id = :community_id
ORDER BY c.code;

-- name: lock_calendar(community_id)$
-- One who changes the working time of a community after the other.
SELECT 1 FROM pg_advisory_xact_lock(hashtextextended('community_calendar', :community_id));

-- name: delete_hours(community_id)!
DELETE FROM community_calendar WHERE community_id = :community_id;

-- name: insert_hours(community_id, opens, closes)!
INSERT INTO community_calendar (community_id, opens, closes) VALUES (:community_id, :opens, :closes);

-- name: delete_day(community_id, day)!
DELETE FROM calendar_day WHERE community_id = :community_id AND day = :day;

-- name: insert_day(community_id, day, is_workday, note)!
INSERT INTO calendar_day (community_id, day, is_workday, note) VALUES (:community_id, :day, :is_workday, :note);

-- name: delete_clock(community_id, category_code)!
DELETE FROM community_category WHERE community_id = :community_id AND category_code = :category_code;

-- name: insert_clock(community_id, category_code, response_amount, response_unit, deadline_amount, deadline_unit)!
INSERT INTO community_category (
    community_id, category_code, response_amount, response_unit, deadline_amount, deadline_unit)
VALUES (:community_id, :category_code, :response_amount, :response_unit, :deadline_amount, :deadline_unit);
