"""A picture comes with its text alternative, and only once."""

from matplotlib import pyplot as plt

from course_lib.widgets.picture import picture


def test_outside_a_notebook_a_picture_is_its_words(capsys):
    figure, _ = plt.subplots()
    picture(figure, "a straight line")
    assert capsys.readouterr().out == "[picture: a straight line]\n"
    assert not plt.fignum_exists(figure.number)


def test_in_a_notebook_a_picture_is_an_image_with_alternative_text(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.get_ipython", lambda: object())
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(bundle))
    figure, _ = plt.subplots(figsize=(4, 3))
    picture(figure, 'rising "fast" & <far>')
    (bundle,) = shown
    assert bundle["text/plain"] == 'rising "fast" & <far>'
    assert 'alt="rising &quot;fast&quot; &amp; &lt;far&gt;"' in bundle["text/html"]
    assert 'width="400" height="300"' in bundle["text/html"]
    assert "data:image/png;base64,iVBOR" in bundle["text/html"]
