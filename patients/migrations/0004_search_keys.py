import django.contrib.postgres.indexes
from django.db import migrations, models

# The words of a name, and what one slip of the hand makes of each; see patients/search.py for how they are asked.
FUNCTION = """
CREATE FUNCTION patient_search_keys(name text, email text, phone text) RETURNS text[]
IMMUTABLE STRICT PARALLEL SAFE COST 5000 LANGUAGE sql AS $$
  WITH whole AS (SELECT regexp_split_to_table(name, ' ') AS word),
       words AS (SELECT word FROM whole UNION SELECT regexp_split_to_table(word, '[-''’‘‐‑–.]') FROM whole),
       other AS (SELECT lower(email) AS email, regexp_replace(phone, '[^0-9]', '', 'g') AS digits)
  SELECT coalesce(array_agg(DISTINCT key), '{}') FROM (
    SELECT substr(word, n, 3) FROM whole, generate_series(1, length(word) - 2) AS n
    UNION ALL SELECT '^' || left(word, n) FROM words, generate_series(1, least(length(word), 2)) AS n
    UNION ALL SELECT '~' || word FROM words WHERE length(word) > 2
    UNION ALL SELECT '~' || overlay(word PLACING '' FROM n FOR 1)
      FROM words, generate_series(1, length(word)) AS n WHERE length(word) BETWEEN 4 AND 40
    UNION ALL SELECT substr(email, n, 3) FROM other, generate_series(1, length(email) - 2) AS n
    UNION ALL SELECT '#' || substr(digits, n, 3) FROM other, generate_series(1, length(digits) - 2) AS n
  ) AS found (key)
$$
"""


class Migration(migrations.Migration):
    dependencies = [("patients", "0003_score_band_set")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION patient_search_keys(text, text, text)"),
        migrations.AddIndex(
            model_name="patient",
            index=django.contrib.postgres.indexes.GinIndex(
                models.Func("folded_name", "email", "phone", function="patient_search_keys"),
                fastupdate=False,
                name="patient_by_search_keys",
            ),
        ),
        migrations.AddIndex(
            model_name="patient",
            index=models.Index(fields=["clinic", "date_of_birth"], name="patient_by_birth"),
        ),
    ]
