"""The path of one upload: etl, retrain, promote, and the sweep that forgets none."""
