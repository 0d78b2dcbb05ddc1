"""Back-up of a running system, and its restore into an empty one: ledger, MLflow's database, buckets.

A backup is a folder, or a tar file of the same content:

    manifest.json       last to be written: what all else is, with sizes and SHA-256
    ledger.sqlite|.sql  the ledger, as SQLite's online backup or pg_dump gives it
    mlflow.sqlite|.sql  MLflow's database
    objects/00000001    objects of the buckets, in the order in which they came

Databases are taken first and buckets after them: an object without a row does no harm, a row without its object does.
Secrets (tokens, keys, `.env`) are no part of it: a restored system makes its own.
"""
