#!/usr/bin/env python3
"""The compose file, as far as that goes without Docker: images with a version, mounts that are
there, services that wait for one that is there, and settings that the worker takes.
"""
import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
COMPOSE = ROOT / "deploy/compose/compose.yaml"
USHER = os.environ.get("USHER_BIN", ROOT / "build/release/usher")
problems = []


def check_image(name, service):
    image = re.sub(r"\$\{\w+:-(.*)\}", r"\1", service["image"])
    if not re.search(r":v?\d+\.\d+", image) or image.count("/") > 1:
        problems.append(f"{name}: {image} has no version, or a registry of its own")


def check_mounts(name, service, volumes):
    for mount in service.get("volumes", []):
        source, target = mount.split(":")[:2]
        here = (COMPOSE.parent / source).exists() if source.startswith(".") else source in volumes
        if not here or not target.startswith("/"):
            problems.append(f"{name}: {source} is not there")


def check_waits(name, service, services):
    waits = list(service.get("depends_on", {}))
    if (mode := service.get("network_mode", "")).startswith("service:"):
        waits.append(mode.removeprefix("service:"))
    for other in waits:
        wanted = service.get("depends_on", {}).get(other, {}).get("condition")
        if other not in services:
            problems.append(f"{name}: there is no {other}")
        elif wanted == "service_healthy" and "healthcheck" not in services[other]:
            problems.append(f"{name}: waits for {other}, which never says that it is healthy")


def check_settings(service):
    if not Path(USHER).exists():
        print(f"left out: the settings, for there is no {USHER}")
        return
    environment = {"PATH": os.environ["PATH"], **service["environment"]}
    run = subprocess.run([USHER, "config", "check", "-c", ROOT / "config/usher.yaml"],
                         env=environment, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        problems.append(f"usher: exit {run.returncode}\n{run.stdout}{run.stderr}")


compose = yaml.safe_load(COMPOSE.read_text("utf-8"))
for service_name, definition in compose["services"].items():
    check_image(service_name, definition)
    check_mounts(service_name, definition, compose["volumes"])
    check_waits(service_name, definition, compose["services"])
check_settings(compose["services"]["usher"])
print("\n".join(problems) or f"{len(compose['services'])} services")
sys.exit(bool(problems))
