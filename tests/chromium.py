"""Where the browser is. Browser tests are skipped without it, loudly; REQUIRE_ALL=1 makes that a failure."""

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")
HOW = "Browser tests are SKIPPED: no Chromium here. On Debian:  apt-get install chromium"


def chromium() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


if __name__ == "__main__" and chromium() is None:
    print(f"\n{HOW}\n")
