#!/usr/bin/env python3
"""Looks into an image: its configuration, its size, its files, its list of parts.

usage: check_image.py OCI-LAYOUT ROOT VERSION REVISION
"""
import hashlib
import json
import os
import re
import stat
import sys
from pathlib import Path

MIB = 1 << 20
PROGRAMS = {"redis-server", "usher", "usher-sandbox"}
problems = []


def expect(good, text):
    if not good:
        problems.append(text)


def blob(layout, digest):
    path = layout / "blobs" / Path(*digest.split(":"))
    data = path.read_bytes()
    expect(hashlib.sha256(data).hexdigest() == path.name, f"{path.name} is not its own hash")
    return data


def check_layout(layout, version, revision):
    index = json.loads((layout / "index.json").read_text())
    manifest = json.loads(blob(layout, index["manifests"][0]["digest"]))
    config = json.loads(blob(layout, manifest["config"]["digest"]))
    size = sum(layer["size"] for layer in manifest["layers"])
    print(f"test_image: {size / MIB:.1f} MiB compressed, {len(manifest['layers'])} layer(s)")
    expect(size < 60e6, f"{size} bytes compressed, and 60 MB is the limit")
    settings = config["config"]
    expect(settings["User"] == "65532:65532", f"it runs as {settings.get('User')}")
    expect(settings["Entrypoint"] == ["/usr/bin/usher"], f"it starts {settings['Entrypoint']}")
    expect(settings["Cmd"] == ["run"], f"its command is {settings['Cmd']}")
    labels = settings["Labels"]
    for name, value in {"title": "usher", "version": version, "revision": revision,
                        "licenses": "Apache-2.0"}.items():
        expect(labels.get("org.opencontainers.image." + name) == value, f"label {name}: {labels}")
    expect(re.fullmatch(r"\d{4}(-\d\d){2}T(\d\d:){2}\d\dZ",
                        labels["org.opencontainers.image.created"]), "label created")
    secret = re.compile(r"proxy|password|token", re.I)
    expect(not any(secret.search(name) for name in settings["Env"]), f"Env: {settings['Env']}")


def walk(root):
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = Path(folder) / name
            yield "/" + str(path.relative_to(root)), path.lstat()


def check_files(root):
    total = 0
    for name, status in walk(root):
        kind = stat.S_IFMT(status.st_mode)
        expect(kind in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK), f"{name} is no plain file")
        if kind == stat.S_IFLNK:
            target = os.readlink(root / name[1:])
            at = root / target.lstrip("/") if target.startswith("/") else \
                (root / name[1:]).parent / target
            expect(at.exists() or at.is_symlink(), f"{name} leads to nothing")
            continue
        expect(not status.st_mode & (stat.S_ISUID | stat.S_ISGID), f"{name} is setuid or setgid")
        expect(name == "/tmp" or not status.st_mode & stat.S_IWOTH, f"anybody may write {name}")
        expect((status.st_uid, status.st_gid) == (0, 0), f"{name} is not root's")
        total += status.st_size if kind == stat.S_IFREG else 0
        executable = kind == stat.S_IFREG and status.st_mode & 0o111
        expect(not executable or name.startswith(("/usr/bin/", "/usr/lib")), f"{name} is a program")
    print(f"test_image: {total / MIB:.1f} MiB of files")
    found = {path.name for path in (root / "usr/bin").iterdir()}
    expect(found == PROGRAMS, f"/usr/bin has {sorted(found)}")
    for folder in ("sbin", "usr/sbin", "usr/lib/gcc", "var/lib/dpkg", "usr/include"):
        expect(not (root / folder).exists(), f"/{folder} is there")
    expect((root / "usr/share/doc/usher/LICENSE").exists(), "no licence")


def elf_files(root):
    for name, status in walk(root):
        if stat.S_ISREG(status.st_mode):
            with open(root / name[1:], "rb") as file:
                if file.read(4) == b"\x7fELF":
                    yield name


def check_parts(root):
    """SPDX 2.3: every program and library is in it, by name, version and hash."""
    document = json.loads((root / "usr/share/sbom/usher.spdx.json").read_text())
    expect(document["spdxVersion"] == "SPDX-2.3", document["spdxVersion"])
    expect(document["dataLicense"] == "CC0-1.0", document["dataLicense"])
    ids = [item["SPDXID"] for item in document["packages"] + document["files"]]
    expect(len(ids) == len(set(ids)), "an SPDXID is there twice")
    expect(all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", each) for each in ids), "an odd SPDXID")
    known = set(ids) | {"SPDXRef-DOCUMENT"}
    origin = {}
    for each in document["relationships"]:
        expect({each["spdxElementId"], each["relatedSpdxElement"]} <= known, f"{each}")
        if each["relationshipType"] == "GENERATED_FROM":
            origin[each["spdxElementId"]] = each["relatedSpdxElement"]
    packages = {each["SPDXID"]: each for each in document["packages"]}
    for each in packages.values():
        expect(re.match(r"\d", each["versionInfo"]), f"{each['name']} has no version")
    names = {each["name"] for each in packages.values()}
    expect({"usher", "librdkafka", "hiredis"} <= names, f"parts: {sorted(names)}")
    files = {each["fileName"][1:]: each for each in document["files"]}
    for name in elf_files(root):
        expect(name in files, f"{name} is not in the list of parts")
        if name not in files:
            continue
        sums = {each["algorithm"]: each["checksumValue"] for each in files[name]["checksums"]}
        real = hashlib.sha256((root / name[1:]).read_bytes()).hexdigest()
        expect(sums["SHA256"] == real, f"{name} has another hash in the list of parts")
        expect(origin.get(files[name]["SPDXID"]) in packages, f"{name} comes from nowhere")
    print(f"test_image: {len(packages)} parts, {len(files)} programs and libraries")


def main():
    layout, root = Path(sys.argv[1]), Path(sys.argv[2])
    check_layout(layout, sys.argv[3], sys.argv[4])
    check_files(root)
    check_parts(root)
    for problem in problems:
        print("test_image:", problem)
    sys.exit(bool(problems))


main()
