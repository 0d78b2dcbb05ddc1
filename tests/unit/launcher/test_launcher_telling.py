"""What the launcher says where its output is no terminal."""

from ventas.launcher.telling import PROGRESS_SECONDS, Telling


def test_news_is_never_dropped_however_soon_it_comes() -> None:
    """That a version was refused comes seconds after the line that says which one is built."""
    said: list[str] = []
    telling = Telling(said.append, lambda: 0.0)
    news = ["MinIO: building MinIO A", "MinIO: in place of A, which is refused", "MinIO: building MinIO B"]
    for line in news:
        telling(line)
        telling("MinIO: 7 packages compiled, 3 s: github.com/minio/minio")
    assert said == news


def test_how_far_it_is_is_said_once_in_a_while() -> None:
    said: list[str] = []
    now = iter(float(second) for second in range(1000))
    telling = Telling(said.append, lambda: next(now))
    for packages in range(100):
        telling(f"MinIO: {packages} packages compiled, 0 s: x")
    assert 2 <= len(said) <= 100 / PROGRESS_SECONDS
