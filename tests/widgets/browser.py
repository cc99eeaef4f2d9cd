"""Chromium, and a widget's own browser code in an empty page, without Jupyter: the real Python widget is the kernel.

    with chromium() as browser: ...           # started once, because it takes a second
    view = BarePage(page, widget)             # page: of playwright; or the fixture mount(widget, dark=False, width=900)
    choose(view, "relu"); slide(view, "steps", 5); press(view, "play"); write(view, "prompt", "a dog")
    read_out(view), note(view), pixels(view)  # what a reader sees when everything asked has been answered
    view.sent                                 # every change and message that the browser sent to Python
    view.close()                              # ends the view; returns what it left behind, {} when all is well

What the browser sends reaches the widget, and what the widget answers reaches the browser, as in a notebook.
"""

import asyncio
import base64
import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any

OUTSIDE = re.compile(r"^(https?|wss?)://(?!127\.0\.0\.1|localhost)")
HIDDEN_STATE = {"layout", "comm", "tabbable", "tooltip"}

# Counts what a view must undo when it ends. The module comes from a blob; playwright's own listeners do not.
COUNTERS = r"""() => {
  if (window.__kept) return;
  const kept = window.__kept = { listeners: new Set(), observers: new Set(), timers: new Set() };
  const add = EventTarget.prototype.addEventListener, remove = EventTarget.prototype.removeEventListener;
  const ours = () => new Error().stack.includes('blob:');
  const same = (r, t, type, fn) => r.target === t && r.type === type && r.fn === fn;
  EventTarget.prototype.addEventListener = function (type, fn, options) {
    if (!(this instanceof AbortSignal) && ours()) {
      const record = { target: this, type, fn };
      kept.listeners.add(record);
      options?.signal && add.call(options.signal, 'abort', () => kept.listeners.delete(record));
    }
    return add.call(this, type, fn, options);
  };
  EventTarget.prototype.removeEventListener = function (type, fn, options) {
    for (const r of kept.listeners) if (same(r, this, type, fn)) kept.listeners.delete(r);
    return remove.call(this, type, fn, options);
  };
  for (const name of ['ResizeObserver', 'IntersectionObserver', 'MutationObserver']) {
    window[name] = class extends window[name] {
      observe(...a) { ours() && kept.observers.add(this); super.observe(...a); }
      disconnect() { kept.observers.delete(this); super.disconnect(); }
    };
  }
  const start = window.setInterval, end = window.clearInterval;
  window.setInterval = (...a) => { const id = start(...a); ours() && kept.timers.add(id); return id; };
  window.clearInterval = (id) => { kept.timers.delete(id); end(id); };
  const soon = window.__soon = new Set(), later = window.setTimeout, never = window.clearTimeout;  // what is put off
  window.setTimeout = (fn, delay, ...a) => {
    const id = later(() => { soon.delete(id); fn(...a); }, delay);
    if (delay < 200 && ours()) soon.add(id);
    return id;
  };
  window.clearTimeout = (id) => { soon.delete(id); never(id); };
}"""

MOUNT = r"""async ([js, css, state, width]) => {
  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  document.body.innerHTML = '<div id="root"></div><p id="below" style="margin-top:2000px">below</p>';
  const root = document.getElementById('root');
  if (width) root.style.width = width + 'px';
  document.head.append(Object.assign(document.createElement('style'), { textContent: css }));
  const decode = (values) => {
    for (const k in values) if (values[k] && values[k].__bytes !== undefined) values[k] = bytes(values[k].__bytes);
    return values;
  };
  decode(state);
  const listeners = {}, changed = new Set();
  const fire = (name, ...a) => (listeners[name] || []).slice().forEach((f) => f(...a));
  const apply = (answers) => {
    for (const answer of answers) {
      if (answer.method === 'custom') fire('msg:custom', answer.content, answer.buffers.map(bytes));
      else {
        const values = decode(answer.state), fresh = Object.keys(values).filter((k) => state[k] !== values[k]);
        Object.assign(state, values);
        fresh.forEach((k) => fire('change:' + k));
      }
    }
  };
  let pending = 0;
  const post = async (message) => {
    pending += 1;
    try { apply(await window.__kernel(message)); } finally { pending -= 1; }
  };
  window.__receive = apply;
  window.__settled = () => pending === 0 && !window.__soon.size;
  window.__model = {
    get: (k) => state[k],
    set: (k, v) => { if (state[k] !== v) { state[k] = v; changed.add(k); fire('change:' + k); } },
    save_changes: () => {
      if (changed.size) post({ state: Object.fromEntries([...changed].map((k) => [k, state[k]])) });
      changed.clear();
    },
    send: (content) => post({ content }),
    on: (name, f) => (listeners[name] = listeners[name] || []).push(f),
    off: (name, f) => { listeners[name] = (listeners[name] || []).filter((g) => f && g !== f); },
  };
  const module = (await import(URL.createObjectURL(new Blob([js], { type: 'text/javascript' })))).default;
  const stop = new AbortController();
  const cleanup = await module.render({ model: window.__model, el: root, signal: stop.signal, experimental: {} });
  window.__close = async () => {
    cleanup?.();
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const left = { model: Object.values(listeners).reduce((a, b) => a + b.length, 0) };
    for (const k in window.__kept) left[k] = window.__kept[k].size;
    return left;
  };
}"""


def why_no_browser() -> str:
    """What is missing for the browser tests, "" when nothing is."""
    try:
        import playwright  # noqa: F401
    except ImportError:
        return "the playwright package is not installed (pip install playwright)"
    if not chromium_path():
        return "there is no Chromium on the PATH (CHROMIUM names one elsewhere)"
    return ""


def chromium_path() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """A headless Chromium. While it runs, playwright's event loop counts as running; see event_loop."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(),
            chromium_sandbox=False,
            args=["--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking"],
        )
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def event_loop(loop: Any) -> Iterator[None]:
    """Let this event loop count as the running one, None for no one.

    Playwright's loop waits in a greenlet of its own until playwright is called. Where it is not called, it need not
    keep others from using asyncio: that would refuse to start a second loop in the same thread.
    """
    before = asyncio._get_running_loop()
    asyncio._set_running_loop(loop)
    try:
        yield
    finally:
        asyncio._set_running_loop(before)


def new_page(browser: Any, width: int = 1100, height: int = 900, **options: Any) -> Any:
    """A page in a fresh context that cannot leave this machine.

    browser: from chromium()
    width, height: in pixels; options: for playwright's new_context
    Returns the page; page.outside lists the requests that were stopped, page.errors the errors of the page.
    """
    context = browser.new_context(viewport={"width": width, "height": height}, **options)
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.outside, page.errors, page.view = [], [], None
    context.route(OUTSIDE, lambda route: (page.outside.append(route.request.url), route.abort()))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda line: line.type == "error" and page.errors.append(line.text))
    return page


def wipe(page: Any) -> bool:
    """Empty a page for another test: starting one takes as long as the test itself.

    page: from new_page()
    Returns False when something would stay of what was done to it, a clock of its own.
    """
    if not page.evaluate("() => String(Date).includes('[native code]')"):
        return False
    page.mouse.up()
    page.mouse.move(0, 0)
    page.goto("about:blank")
    page.errors.clear()
    page.outside.clear()
    return True


SETTLE = """async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(done)), end = performance.now() + 15000;
  do {
    while (!window.__settled()) {
      if (performance.now() > end) throw new Error('the widget waits for an answer');
      await frame();
    }
    await frame(); await frame();
  } while (!window.__settled());
}"""
THEME = """([dark]) => {
  document.body.dataset.jpThemeLight = String(!dark);
  document.documentElement.style.cssText = '--jp-content-font-color1:' + (dark
    ? 'rgba(255,255,255,.87);--jp-layout-color0:#111;--jp-layout-color1:#212121;background:#111'
    : 'rgba(0,0,0,.87);--jp-layout-color0:#fff;--jp-layout-color1:#fff;background:#fff');
}"""


class BarePage:
    """One widget shown in an empty page.

    page: an empty page from new_page() or after wipe()
    widget: the Python widget
    dark: the dark theme of JupyterLab instead of its light one
    width: of the view in pixels, None for all there is
    """

    def __init__(self, page: Any, widget: Any, dark: bool = False, width: int | None = None) -> None:
        self.page, self.widget, self.sent, self._answers = page, widget, [], []
        widget.comm.send = self._collect
        if page.view is None:
            page.expose_function("__kernel", lambda message: page.view._answer(message))
        page.view = self
        page.evaluate(COUNTERS)
        self.theme(dark)
        state = {k: v for k, v in widget.get_state().items() if k[0] != "_" and k not in HIDDEN_STATE}
        page.evaluate(MOUNT, [widget._esm, widget._css, _plain(state), width])

    def theme(self, dark: bool) -> None:
        """Switch to the colours of JupyterLab's dark theme, or of its light one."""
        self.page.evaluate(THEME, [dark])

    def settle(self) -> None:
        """Wait till everything asked, also what is put off for a moment, has been answered and painted."""
        self.page.evaluate(SETTLE)

    def push(self) -> None:
        """Send the browser what Python changed by itself since the last answer."""
        self.page.evaluate("(a) => window.__receive(a)", self._take())

    def close(self) -> dict[str, int]:
        """End the view. Returns what it left behind, {"listeners": 2} for instance; {} when nothing."""
        return {kind: number for kind, number in self.page.evaluate("() => window.__close()").items() if number}

    def _collect(self, data: dict | None = None, buffers: list | None = None, **_: Any) -> None:
        encoded = [base64.b64encode(bytes(buffer)).decode() for buffer in buffers or []]
        if data["method"] == "custom":
            self._answers.append({"method": "custom", "content": data["content"], "buffers": encoded})
        elif data["method"] == "update":
            state = dict(data["state"])
            for path, text in zip(data["buffer_paths"], encoded, strict=True):
                state[path[0]] = {"__bytes": text}
            self._answers.append({"method": "update", "state": state})

    def _take(self) -> list:
        answers, self._answers = self._answers, []
        return answers

    def _answer(self, message: dict) -> list:
        self.sent.append(message)
        if "state" in message:
            self.widget.set_state(message["state"])
        else:
            self.widget._handle_custom_msg(message["content"], [])
        return self._take()


def _plain(state: dict) -> dict:
    """The state as JSON can carry it."""
    return {
        k: {"__bytes": base64.b64encode(bytes(v)).decode()} if isinstance(v, bytes | bytearray | memoryview) else v
        for k, v in state.items()
    }


# ---- what a reader sees: read when everything asked has been answered


def read_out(view: BarePage) -> str:
    view.settle()
    return view.page.locator(".wt-read").inner_text()


def note(view: BarePage) -> str:
    view.settle()
    return view.page.locator(".wt-note").inner_text()


def pixels(view: BarePage, canvas: str = "canvas") -> str:
    """The picture on the first canvas that a selector finds."""
    view.settle()
    return view.page.evaluate("(canvas) => document.querySelector(canvas).toDataURL()", canvas)


def pictures(view: BarePage) -> list[str]:
    """The pictures on all canvases."""
    view.settle()
    return view.page.evaluate("() => [...document.querySelectorAll('canvas')].map((c) => c.toDataURL())")


# ---- what a reader does; it returns when everything asked has been answered


def press(view: BarePage, name: str) -> None:
    view.page.get_by_role("button", name=name, exact=True).click()
    view.settle()


def choose(view: BarePage, name: str) -> None:
    view.page.get_by_role("radio", name=name, exact=True).check()
    view.settle()


def slide(view: BarePage, name: str, value: float) -> None:
    view.page.get_by_role("slider", name=name, exact=True).fill(str(value))
    view.settle()


def write(view: BarePage, label: str, text: str) -> None:
    field = view.page.get_by_label(label, exact=True)
    field.fill(text)
    field.press("Enter")
    view.settle()


def leaked_keys(view: BarePage) -> Callable[[], list[str]]:
    """From now on: the keys that the widget lets through to the page, where JupyterLab would take them for its own."""
    view.page.evaluate("() => { window.leaked = []; document.addEventListener('keydown', (e) => leaked.push(e.key)); }")
    return lambda: view.page.evaluate("() => window.leaked")
