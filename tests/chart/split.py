#!/usr/bin/env python3
"""Splits rendered manifests on standard input: what Kubernetes itself knows goes to one file as
YAML, what an operator defines to another as a JSON list.

usage: split.py OWN OPERATORS
"""
import json
import sys

import yaml

OPERATORS = ("keda.sh/", "monitoring.coreos.com/", "external-secrets.io/")

objects = [item for item in yaml.safe_load_all(sys.stdin) if item]
operators = [item for item in objects if item["apiVersion"].startswith(OPERATORS)]
with open(sys.argv[1], "w", encoding="utf-8") as file:
    yaml.safe_dump_all([item for item in objects if item not in operators], file)
with open(sys.argv[2], "w", encoding="utf-8") as file:
    json.dump(operators, file)
