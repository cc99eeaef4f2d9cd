import subprocess
import sys

import pytest
from fake_course import FakeCourse

from course_lib.lesson.errors import BuildError
from course_lib.lesson.stub import source, stub

MODULE = '''
import json
import math
import numpy as np
from collections import Counter, defaultdict

EPSILON = 1e-9


def tokens(text: str) -> list[str]:
    """Split a text."""
    return text.split()


def _squared(x):
    return x * x


def count(text: str, weights: np.ndarray) -> Counter:
    """Count the words.

    text: é, the text.
    """
    # the way to do it
    total = math.fsum(_squared(w) for w in weights) + EPSILON
    return Counter(tokens(text))


def scaffold(text: str):
    """Find the most frequent word."""
    counts = tokens(text)
    # BEGIN SOLUTION
    counts = Counter(counts)
    # END SOLUTION
    for word in counts:
        if word:
            # BEGIN SOLUTION
            return word
            # END SOLUTION
    return None


def größe(x): return math.sqrt(x)


class Model:
    """A model."""

    size = 3

    def __init__(self, data):
        """Remember the data."""
        self.data = data

    @property
    def total(self) -> float:
        return math.fsum(self.data)


class Half:
    """Half given."""

    def __init__(self, data):
        self.data = data

    def best(self):
        """The best."""
        # BEGIN SOLUTION
        return Counter(self.data).most_common(1)
        # END SOLUTION
'''


@pytest.fixture
def module(tmp_path, monkeypatch):
    return FakeCourse(tmp_path, monkeypatch).reference(MODULE)


def test_a_stub_has_the_signature_the_docstring_and_the_imports_of_the_solution_but_not_the_solution(module):
    assert stub(module, "count") == (
        "import math\n"
        "import numpy as np\n"
        "from collections import Counter\n"
        "\n\n"
        "def count(text: str, weights: np.ndarray) -> Counter:\n"
        '    """Count the words.\n'
        "\n"
        "    text: é, the text.\n"
        '    """\n'
        '    raise NotImplementedError("write count here")'
    )


def test_a_full_source_imports_the_helpers_of_its_module(module):
    text = source(module, "count")
    assert "from course_lib.reference.counting import EPSILON, _squared, tokens\n" in text
    assert "    return Counter(tokens(text))" in text


def test_a_helper_taught_before_is_the_notebooks_own(module):
    text = source(module, "count", {f"{module}.tokens"})
    assert "import EPSILON, _squared\n" in text


def test_a_helper_is_imported_in_a_stub_only_where_the_visible_text_calls_it(module):
    assert "course_lib" not in stub(module, "count")
    assert "from course_lib.reference.counting import tokens\n" in stub(module, "scaffold")
    assert "course_lib" not in stub(module, "scaffold", {f"{module}.tokens"})


def test_regions_become_one_raise_each_and_the_scaffold_stays(module):
    assert stub(module, "scaffold").splitlines()[-6:] == [
        "    counts = tokens(text)",
        '    raise NotImplementedError("write scaffold here")',
        "    for word in counts:",
        "        if word:",
        '            raise NotImplementedError("write scaffold here")',
        "    return None",
    ]
    assert "SOLUTION" not in source(module, "scaffold")
    assert "            return word" in source(module, "scaffold")


def test_a_function_on_one_line_without_docstring_gets_a_stub(module):
    assert stub(module, "größe") == 'import math\n\n\ndef größe(x):\n    raise NotImplementedError("write größe here")'


def test_the_methods_of_a_class_become_stubs_and_the_rest_of_it_stays(module):
    text = stub(module, "Model")
    assert text == (
        "import math\n\n\n"
        "class Model:\n"
        '    """A model."""\n\n'
        "    size = 3\n\n"
        "    def __init__(self, data):\n"
        '        """Remember the data."""\n'
        '        raise NotImplementedError("write Model.__init__ here")\n\n'
        "    @property\n"
        "    def total(self) -> float:\n"
        '        raise NotImplementedError("write Model.total here")'
    )


def test_regions_in_a_class_leave_its_other_methods_alone(module):
    text = stub(module, "Half")
    assert "        self.data = data\n" in text
    assert text.endswith('        """The best."""\n        raise NotImplementedError("write Half.best here")')


def test_names_that_a_function_binds_itself_are_not_imported(tmp_path, monkeypatch):
    module = FakeCourse(tmp_path, monkeypatch).reference(
        """
        import json

        def near(): ...

        def other(near, x):
            json = x
            return [near(json) for near in x]
        """
    )
    assert source(module, "other").startswith("def other")


def test_a_function_of_an_earlier_topic_is_imported_unless_this_lesson_taught_it(tmp_path, monkeypatch):
    course = FakeCourse(tmp_path, monkeypatch)
    course.reference("def tokens(text): return text.split()", "words")
    module = course.reference("from course_lib.reference.words import tokens\n\ndef count(x): return len(tokens(x))")
    assert source(module, "count").startswith("from course_lib.reference.words import tokens\n\n\ndef")
    assert source(module, "count", {"course_lib.reference.words.tokens"}).startswith("def")
    assert stub(module, "count").startswith("def")


FOLDER = {
    "__init__": """
        from course_lib.reference.counting.cutting import tokens
        from course_lib.reference.counting.shares import count, shares
        """,
    "cutting": """
        def tokens(text): return text.split()

        def _lower(text): return text.lower()
        """,
    "shares": """
        from collections import Counter

        from course_lib.reference.counting.cutting import _lower, tokens

        def count(text, tokens=tokens): return Counter(tokens(_lower(text)))

        def _total(counts): return sum(counts.values())

        def shares(text): return {word: n / _total(count(text)) for word, n in count(text).items()}
        """,
}


def test_a_topic_in_a_folder_is_found_through_its_init(tmp_path, monkeypatch):
    module = FakeCourse(tmp_path, monkeypatch).folder(FOLDER)
    taught = {f"{module}.tokens", f"{module}.count"}
    assert source(module, "tokens") == "def tokens(text): return text.split()"
    assert stub(module, "count", taught) == (
        "from collections import Counter\n\n\n"
        'def count(text, tokens=tokens):\n    raise NotImplementedError("write count here")'
    )
    assert source(module, "shares", taught).startswith(f"from {module}.shares import _total\n\n\ndef shares")
    assert source(f"{module}.shares", "shares", taught) == source(module, "shares", taught)
    with pytest.raises(BuildError, match=f"{module} has no function or class share; it has count, shares, tokens"):
        stub(module, "share")
    with pytest.raises(BuildError, match="no such module"):
        stub(f"{module}.absent", "count")


def test_what_a_folder_passes_on_is_imported_from_the_topic_and_the_rest_from_its_part(tmp_path, monkeypatch):
    module = FakeCourse(tmp_path, monkeypatch).folder(FOLDER)
    assert source(module, "count").startswith(
        "from collections import Counter\n\n"
        f"from {module}.cutting import _lower\n"
        f"from {module} import tokens\n\n\ndef count"
    )
    assert source(module, "shares").startswith(
        f"from {module}.shares import _total\nfrom {module} import count\n\n\ndef shares"
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("    # BEGIN SOLUTION\n    pass\n", "line 2: # BEGIN SOLUTION without # END SOLUTION"),
        ("    # BEGIN SOLUTION\n    # BEGIN SOLUTION\n    pass\n    # END SOLUTION\n", "line 3: # BEGIN"),
        ("    pass\n    # END SOLUTION\n    pass\n", "line 3: # END SOLUTION without"),
        ("    # Begin solution\n    pass\n    # END SOLUTION\n    pass\n", "line 2: write the marker"),
        ("    if x:\n        pass\n    # BEGIN SOLUTION\n    else:\n        pass\n    # END SOLUTION\n    y = (\n"
         "    # BEGIN SOLUTION\n    1)\n    # END SOLUTION\n    z = 1\n", "without its solution it is no Python"),
    ],
)  # fmt: skip
def test_broken_markers_are_refused_with_module_function_and_line(tmp_path, monkeypatch, body, said):
    module = FakeCourse(tmp_path, monkeypatch).reference(f"def f(x):\n{body}")
    with pytest.raises(BuildError, match=f"^{module}, f, line") as error:
        stub(module, "f")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_name_or_module_is_refused_and_the_right_names_are_listed(module):
    with pytest.raises(BuildError, match="no function or class cuont; it has Half, Model, count"):
        stub(module, "cuont")
    with pytest.raises(BuildError, match="no such module"):
        stub("course_lib.reference.absent", "count")


def test_a_class_that_leaves_nothing_to_write_is_refused(tmp_path, monkeypatch):
    module = FakeCourse(tmp_path, monkeypatch).reference("class Point:\n    x: int\n")
    with pytest.raises(BuildError, match="nothing to write"):
        stub(module, "Point")


def test_every_public_function_of_the_course_gives_a_stub_that_is_refused_when_called():
    """The reference itself is read, not imported."""
    code = (
        "import ast, sys\n"
        "from pathlib import Path\n"
        "import course_lib.reference as r\n"
        "from course_lib.lesson.stub import stub, source\n"
        "found = set()\n"
        "for path in Path(r.__file__).parent.rglob('*.py'):\n"
        "    parts = path.relative_to(Path(r.__file__).parent).with_suffix('').parts\n"
        "    module = f'course_lib.reference.{parts[0]}'\n"
        "    for node in ast.parse(path.read_text(encoding='utf-8')).body:\n"
        "        if isinstance(node, ast.FunctionDef) and not node.name.startswith('_'):\n"
        "            assert 'raise NotImplementedError' in stub(module, node.name)\n"
        "            compile(source(module, node.name), module, 'exec')\n"
        "            found.add(node.name)\n"
        "assert found >= {'cosine_similarity', 'attend', 'backward'}\n"
        "assert 'numpy' not in sys.modules and 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
