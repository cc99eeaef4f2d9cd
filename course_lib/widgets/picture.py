"""Show a matplotlib picture that a screen reader can read, too."""

import base64
import html
import io


def picture(figure, alt: str) -> None:
    """Show a matplotlib figure as a PNG with a text alternative, and close it.

    figure: the matplotlib Figure.
    alt: what the picture shows, in words, for those who cannot see it.

    Outside a notebook only the words are printed.
    """
    from IPython import get_ipython
    from IPython.display import display
    from matplotlib import pyplot
    from PIL import Image

    pyplot.close(figure)  # else the notebook would show it once more below the cell
    if get_ipython() is None:
        print(f"[picture: {alt}]")
        return
    width, height = (round(100 * inches) for inches in figure.get_size_inches())
    full, small = io.BytesIO(), io.BytesIO()
    figure.savefig(full, format="png", dpi=150, facecolor="white")
    with Image.open(full) as image:
        image.convert("RGB").quantize(128).save(
            small, "PNG", optimize=True
        )  # a third of the size, for the notebook file
    data = base64.b64encode(small.getvalue()).decode()
    image = (
        f'<img alt="{html.escape(alt, quote=True)}" width="{width}" height="{height}" '
        f'style="max-width:100%;height:auto" src="data:image/png;base64,{data}">'
    )
    display({"text/html": image, "text/plain": alt}, raw=True)
