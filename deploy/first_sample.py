"""Once, after all services: the bundled sample goes into an empty bucket, so that a champion is live by itself."""

from ventas.launcher.first_sample import upload_first_sample
from ventas.settings import load_settings

if __name__ == "__main__":
    uploaded = upload_first_sample(load_settings())
    print(f"uploaded {uploaded}" if uploaded else "the bucket was used before: nothing was uploaded")
