"""Registers and verifies with fixie-creds' own cache; what it answers is one line of JSON.

    ask_fixie_creds.py FOLDER register USER EMAIL
    ask_fixie_creds.py FOLDER verify USER          (the token on standard input)
    ask_fixie_creds.py FOLDER reset USER EMAIL

fixie-creds comes from PyPI; the package `fixie` that it stands on does not (another one is
called so there), and of xonsh it takes three functions: both are stood in for here.
"""

import json
import os
import sys
import types


def stand_in(name, **members):
    module = types.ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module


def expand_and_make_dir(path):
    os.makedirs(path, exist_ok=True)
    return path


def unused(*_):
    raise AssertionError("not used with a folder of one's own")


stand_in("fixie")
stand_in("fixie.environ", ENV={}, ENVVARS={}, expand_and_make_dir=expand_and_make_dir)
stand_in("xonsh")
stand_in("xonsh.tools", is_string=unused, ensure_string=unused, always_false=unused)

from fixie_creds.cache import CACHE  # noqa: E402

folder, verb, *words = sys.argv[1:]
CACHE.credsdir = folder
if verb == "verify":
    words.append(sys.stdin.read().strip())
print(json.dumps(getattr(CACHE, verb)(*words)))
