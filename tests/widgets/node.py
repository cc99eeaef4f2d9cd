"""A widget's pure functions in Node: arithmetic that needs no browser."""

import json
import shutil
import subprocess

from course_lib.widgets.base import browser_code

NODE = shutil.which("node")


CALL = """
import { readFileSync } from 'node:fs';
const { code, calls } = JSON.parse(readFileSync(0, 'utf8'));
const module = await import('data:text/javascript;base64,' + Buffer.from(code).toString('base64'));
const plain = (_, v) => (ArrayBuffer.isView(v) ? [...v] : v);
console.log(JSON.stringify(calls.map(([name, ...arguments_]) => module[name](...arguments_)), plain));
"""


def node(name, *calls):
    """Call exported functions of a widget's module: node("window", ["pairs", ...], ...) -> what each returned."""
    text = json.dumps({"code": browser_code(name)[0], "calls": calls})
    done = subprocess.run(
        [NODE, "--input-type=module", "-e", CALL], input=text, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
