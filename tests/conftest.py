import pytest


@pytest.fixture(autouse=True)
def _files_go_to_a_folder_of_the_test(request: pytest.FixtureRequest) -> None:
    if "engine" not in request.node.path.parts:
        settings = request.getfixturevalue("settings")
        settings.DATA_DIR = request.getfixturevalue("tmp_path")
        settings.MEDIA_ROOT = str(settings.DATA_DIR / "files")
