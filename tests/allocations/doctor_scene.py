"""`usher doctor` where all is there, for people and for programs."""
import os
import pathlib

import harness
import yaml


def settings_of(folder):
    """The proxy is for https only: its password is read, and it is not asked."""
    secret = os.path.join(folder, "secret")
    pathlib.Path(secret).write_text("s", encoding="utf-8")
    return {"graph": {"client_secret_file": secret, "proxy": "http://p:1", "proxy_username": "u",
                      "proxy_password_file": secret}}


def play(scene, world, repeat):
    path = os.path.join(world.folder, "doctor.yaml")
    pathlib.Path(path).write_text(yaml.safe_dump(world.settings), encoding="utf-8")
    try:
        for more in ([], ["--json"]):
            repeat(scene, [harness.BIN, "doctor", "-c", path, *more],
                   lambda found, failed: found.returncode == 0)
    finally:
        world.close()
