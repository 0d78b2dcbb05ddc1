"""A model compiled for one question at a time: the same answer as the pipeline's, without tables of one row.

Made when a version is loaded, from the fitted pipeline, and only used where it answers as that does.
"""
