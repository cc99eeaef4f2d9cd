"""What the widgets' tests rest on: one Chromium for all of them keeps asyncio free for the others."""

import asyncio


def test_asyncio_is_free_while_a_browser_waits(sleeping_chromium):
    async def answer():
        await asyncio.sleep(0)
        return 7

    assert asyncio.run(answer()) == 7


def test_and_the_browser_wakes_up_again(new_page):
    assert new_page().evaluate("() => 3 + 4") == 7
