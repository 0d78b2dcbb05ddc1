"""Starting, watching and stopping the processes of the system, and getting MinIO and Redis without Docker or root."""
