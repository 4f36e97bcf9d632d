-- Both engines have the same tables, columns and index names; a change here is made in ../postgres too.

-- Words of a name also begin after quotes, brackets and other signs.
DELETE FROM key_name_part;
INSERT INTO key_name_part (app_id, part, key_id)
    WITH RECURSIVE place (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM place WHERE n < (SELECT MAX(length(name_key)) FROM api_key)),
        before (signs) AS (SELECT ' -_./:,([@+#''"<>&=|;{!*?%~\)]}“”‘’«»–—…·')
    SELECT app_id, substr(name_key, n), id FROM api_key JOIN place ON n <= length(name_key) CROSS JOIN before
    WHERE instr(signs, substr(name_key, n - 1, 1)) > 0 AND instr(signs, substr(name_key, n, 1)) = 0;
