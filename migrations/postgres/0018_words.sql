-- Both engines have the same tables, columns and index names; a change here is made in ../sqlite too.

-- Words of a name also begin after quotes, brackets and other signs.
DELETE FROM key_name_part;
INSERT INTO key_name_part (app_id, part, key_id)
    SELECT app_id, substr(name_key, n), id FROM api_key CROSS JOIN LATERAL generate_series(2, length(name_key)) AS n
    CROSS JOIN (SELECT ' -_./:,([@+#''"<>&=|;{!*?%~\)]}“”‘’«»–—…·' AS signs) AS before
    WHERE strpos(signs, substr(name_key, n - 1, 1)) > 0 AND strpos(signs, substr(name_key, n, 1)) = 0;
