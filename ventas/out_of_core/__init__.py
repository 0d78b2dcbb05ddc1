"""Cleaning of files larger than memory: the same readers, block by block, and DuckDB for what needs all rows at once.

An upload above OUT_OF_CORE_BYTES comes here, and gives what `ventas.ingest` would give, by three passes:

1. `text`: the file becomes UTF-8 with `\\n` line ends, on disk.
2. `evidence`: the decimal mark and other things that the whole file decides.
3. `staging`: the cells are read and judged row by row; good rows go into a Parquet file, bad ones into another.

Then `database` finds the series and the rows that repeat each other, and `whole` the report's facts.
"""
