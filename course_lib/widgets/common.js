// Helpers in front of every widget's module (a widget's own code cannot import). No address, no dependency.
//   widget(build)          the module's default export; build(w) fills w.el
//   w.get(name), w.set({name: value})   the model; set also sends it to the kernel
//   w.on(names, fn)        when one of these traits changes        w.onMessage(fn)  (content, buffers) from the kernel
//   w.listen(target, type, fn, options)   an event listener that ends with the view
//   w.draw(fn)             calls fn({width, colours}) in a frame of its own, now, at every change of size or theme,
//                          and whenever w.redraw() is called; never before the view has a width
//   w.player(tick, milliseconds, shown)   play and pause; pauses by itself when the view leaves the screen
//   w.say(...sentences)    the read-out under the picture, also for screen readers; empty sentences are left out
//   w.ready()              the view shows something: hides the still picture
//   say('{name} is missing', {name}), sayCount(n, '{number} word', '{number} words')   a sentence in the reader's language
//   number(v), number(v, digits), power(p)      a number in writing, a power of ten        round(from, to, most)   ticks of an axis
//   h(tag, properties, ...children)       an element       fit(canvas, width, height)   a fresh context in CSS pixels
//   title(text), controls(...elements), control(label, element), choice(w, name, items, value, fn), slider(w, label, range, value, fn), button(...),
//   field(w, label, value, words, fn)     a heading, and controls that take their listeners along; they say their labels
//   pointer(event, canvas), ARROWS, labels(items, most), arrow(context, from, to, colour, head)     for canvases

let catalogue = {}, plural = new Intl.PluralRules('en');
/** Take every sentence from this catalogue from now on: {template: translation}. A template about one thing leads to its
 *  translations by the language's plural forms, {one, few, many, other}. */
export function speak(sentences = {}, language = 'en') {
  [catalogue, plural] = [sentences, new Intl.PluralRules(language)];
}
const filled = (text, places) => text.replace(/{(\w+)}/g, (place, name) => places[name] ?? place);

/** A sentence in the reader's language: the English one is a template with named places, whole, and the key to all others. */
export const say = (template, places) => (places ? filled(catalogue[template] ?? template, places) : catalogue[template] ?? template);

/** A sentence about a number of things: one or many, each whole, with {number} among its places. */
export const sayCount = (number, one, many, places) => filled(catalogue[one]?.[plural.select(number)] ?? (number === 1 ? one : many), { number, ...places });

/** A number with a real minus sign. With digits: so many after the point, and no minus before a zero. Without: three that
 *  count (below 1 `low` of them), or a power of ten when it is smaller than `tiny` or not smaller than `huge`. */
export function number(v, digits, { low = 3, tiny = 1e-3, huge = 1e5 } = {}) {
  if (!Number.isFinite(v)) return Number.isNaN(v) ? 'NaN' : v < 0 ? '−∞' : '∞';
  const size = Math.abs(v);
  const text = digits !== undefined ? v.toFixed(digits).replace(/^-(0\.?0*)$/, '$1')
    : size && (size < tiny || size >= huge) ? v.toExponential(1).replace('e+', 'e') : String(+v.toPrecision(size < 1 ? low : 3));
  return text.replaceAll('-', '−');
}

/** JupyterLab takes plain keys in an output for its own commands: keep them, let Escape and chords through. */
export function keepKeys(el, signal) {
  el.addEventListener('keydown', (e) => {
    const chord = e.ctrlKey || e.metaKey || e.altKey || (e.shiftKey && e.key === 'Enter');
    if (!chord && e.key !== 'Escape') e.stopPropagation();
  }, { signal });
}

export function h(tag, properties = {}, ...children) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(properties)) k in e && k !== 'list' ? (e[k] = v) : e.setAttribute(k, v);
  e.append(...children);
  return e;
}

/** Set a canvas to so many CSS pixels, sharp on every screen. */
export function fit(canvas, width, height) {
  const ratio = Math.max(1, globalThis.devicePixelRatio || 1), W = Math.round(width * ratio), H = Math.round(height * ratio);
  if (canvas.width !== W || canvas.height !== H) {
    canvas.width = W; canvas.height = H; canvas.style.width = `${width}px`; canvas.style.height = `${height}px`;
  }
  const x = canvas.getContext('2d');
  x.setTransform(ratio, 0, 0, ratio, 0, 0);
  x.clearRect(0, 0, width, height);
  x.setLineDash([]);
  return Object.assign(x, { textAlign: 'left', textBaseline: 'middle', globalAlpha: 1, lineWidth: 1 });
}

/** The numbers in a buffer from the kernel: numbers(dataView, Float32Array). */
export function numbers(view, Type) {
  return view && view.byteLength ? new Type(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength)) : new Type(0);
}

/** Numbers that came as 16-bit integers, the lowest of which stands for NaN. */
export const unpack = (raw, scale) => Float64Array.from(raw, (v) => (v === -32768 ? NaN : v * scale));

/** Some round numbers between two, at most `most`. */
export function round(from, to, most) {
  const every = [1, 2, 5, 10, 20, 50].find((s) => (to - from) / s <= most) || 100, first = Math.ceil(from / every);
  return Array.from({ length: Math.floor(to / every) - first + 1 }, (_, n) => (first + n) * every);
}

/** A power of ten in small raised digits. */
export const power = (p) => `10${[...String(p)].map((c) => (c === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[c])).join('')}`;

/** The page's colours; series colours from Okabe and Ito's palette, brighter on dark pages. */
export function colours(el) {
  const page = document.body.dataset.jpThemeLight;
  const dark = page ? page === 'false' : matchMedia('(prefers-color-scheme: dark)').matches;
  const style = getComputedStyle(el), read = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
  return {
    dark, font: read('--jp-ui-font-family', 'system-ui, sans-serif'),
    ink: read('--jp-content-font-color1', dark ? '#e8e8e8' : '#212121'), soft: dark ? '#b4b8bd' : '#5a5f66',
    paper: read('--jp-layout-color0', dark ? '#111' : '#fff'), line: dark ? '#565b61' : '#cdd2d8',
    blue: dark ? '#56b4e9' : '#0072b2', orange: dark ? '#f0a832' : '#d55e00', green: dark ? '#2fc79b' : '#008661',
    pink: dark ? '#e39bc4' : '#b04a86', yellow: dark ? '#f0e442' : '#e69f00', grey: dark ? '#8d939a' : '#9aa0a7',
  };
}

export const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

export const controls = (...elements) => h('div', { className: 'wt-row' }, ...elements);
export const title = (text) => h('div', { className: 'wt-title' }, say(text));

/** A label with its control; a group of radio buttons has labels of its own. */
export const control = (label, element) => h(element.getAttribute('role') === 'radiogroup' ? 'span' : 'label', { className: 'wt-control' }, h('span', {}, say(label)), element);

/** A few alternatives side by side, as radio buttons: items [[value, label], ...]. */
export function choice(w, name, items, value, fn) {
  const group = `${w.get('picture_id')}-${name}-${(choice.count = (choice.count || 0) + 1)}`;
  const box = h('span', { className: 'wt-choice', role: 'radiogroup', 'aria-label': say(name) });
  for (const [key, label] of items) {
    const input = h('input', { type: 'radio', name: group, value: key, checked: key === value });
    w.listen(input, 'change', () => fn(key));
    box.append(h('label', {}, input, h('span', {}, label)));
  }
  box.choose = (key) => box.querySelectorAll('input').forEach((i) => { i.checked = i.value === String(key); });
  return box;
}

/** A slider with its number: range [low, high, step]; set(value) moves it without calling fn. */
export function slider(w, label, [low, high, step = 1], value, fn) {
  const input = h('input', { type: 'range', min: low, max: high, step, value });
  const box = control(label, input), out = h('output', {}, String(value));
  w.listen(input, 'input', () => { out.value = input.value; fn(+input.value); });
  box.append(out);
  box.set = (v) => { input.value = v; out.value = String(v); };
  box.input = input;
  return box;
}

export function button(w, label, title, fn) {
  const e = h('button', { type: 'button', title: say(title), 'aria-label': say(title), className: 'wt-button' }, say(label));
  w.listen(e, 'click', fn);
  return e;
}

/** The words that begin with what was typed, the first (frequent) ones first; capitals do not matter. */
export function suggest(words, typed, most = 10) {
  const t = typed.toLowerCase(), out = [];
  if (t) for (const word of words) if (word.toLowerCase().startsWith(t) && out.push(word) >= most) break;
  return out;
}

/** A text field that suggests words(); set(value) fills it without calling fn. */
export function field(w, label, value, words, fn) {
  const id = `${w.get('picture_id')}-${label}-${(field.count = (field.count || 0) + 1)}`.replace(/ /g, '-'), list = h('datalist', { id });
  const input = h('input', { type: 'text', value, 'aria-label': say(label), autocomplete: 'off', spellcheck: false, list: id });
  w.listen(input, 'input', () => list.replaceChildren(...suggest(words(), input.value).map((word) => h('option', { value: word }))));
  w.listen(input, 'change', () => input.value.trim() && fn(input.value.trim()));
  const box = h('span', {}, input, list);
  box.set = (v) => { if (input.value !== v) input.value = v; };
  return box;
}

export const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

/** Where an event happened, in CSS pixels of the canvas. */
export function pointer(event, canvas) {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

/** Where labels can stand: each item is a list of boxes [x, y, width, height] to try in turn.
 *  Returns a box for each item, null where all overlap a box given before or `most` are used up. */
export function labels(items, most = Infinity) {
  const kept = [];
  const free = ([x, y, W, H]) => !kept.some(([a, b, c, d]) => x < a + c && a < x + W && y < b + d && b < y + H);
  return items.map((boxes) => {
    const box = kept.length < most ? boxes.find(free) : null;
    if (box) kept.push(box);
    return box || null;
  });
}

/** A line; with a head, which ends just before the mark at its goal, and dashed when a pattern is given. */
export function arrow(x, [ax, ay], [bx, by], colour, head = true, dash = []) {
  const long = Math.hypot(bx - ax, by - ay), back = head && long > 20 ? 7 / long : 0;
  [bx, by] = [bx - back * (bx - ax), by - back * (by - ay)];
  Object.assign(x, { strokeStyle: colour, fillStyle: colour, lineWidth: 2 });
  x.setLineDash(dash); x.beginPath(); x.moveTo(ax, ay); x.lineTo(bx, by); x.stroke(); x.setLineDash([]);
  if (!head || long < 8) return;
  x.save(); x.translate(bx, by); x.rotate(Math.atan2(by - ay, bx - ax));
  x.beginPath(); x.moveTo(0, 0); x.lineTo(-10, -5); x.lineTo(-10, 5); x.fill(); x.restore();
}

export const widget = (build) => ({
  render({ model, el, signal: outer }) {
    speak(model.get('catalogue'), model.get('language'));
    const stop = new AbortController(), { signal } = stop, drawers = [];
    outer?.addEventListener('abort', () => stop.abort(), { signal });
    el.classList.add('wt');
    keepKeys(el, signal);
    const read = h('div', { className: 'wt-read', 'aria-live': 'polite', role: 'status' });
    const hide = h('style');
    let width = 0, frame = 0;
    const run = () => {
      frame = 0;
      if (!width) return;
      const theme = colours(el);
      el.classList.toggle('wt-dark', theme.dark);
      for (const fn of drawers) fn({ width, colours: theme });
    };
    const redraw = () => { frame ||= requestAnimationFrame(run); };
    const w = {
      model, el, signal, read, redraw, get: (name) => model.get(name),
      set(changes) { for (const k in changes) model.set(k, changes[k]); model.save_changes(); },
      on(names, fn) {
        for (const name of [].concat(names)) {
          model.on(`change:${name}`, fn);
          w.listen(signal, 'abort', () => model.off(`change:${name}`, fn));
        }
      },
      onMessage(fn) { model.on('msg:custom', fn); w.listen(signal, 'abort', () => model.off('msg:custom', fn)); },
      listen(target, type, fn, options = {}) {
        target.addEventListener(type, fn, target === signal ? { once: true } : { ...options, signal });
      },
      draw(fn) { drawers.push(fn); redraw(); },
      say: (...sentences) => {
        const text = sentences.filter(Boolean).join(' ');
        if (read.textContent !== text) read.textContent = text;
      },
      ready() {
        const id = `.${w.get('picture_id')}`;
        hide.textContent ||= `${id}{display:none}\n.jp-OutputArea-child:has(${id}){display:none}`;
        el.dataset.ready = '1';
      },
      player(tick, milliseconds, shown = () => {}) {
        let timer = 0;
        const set = (on) => {
          clearInterval(timer);
          timer = on ? setInterval(() => { if (tick() === false) set(false); }, milliseconds()) : 0;
          shown(!!timer);
        };
        const seen = new IntersectionObserver(([entry]) => { if (!entry.isIntersecting && timer) set(false); });
        seen.observe(el);
        w.listen(document, 'visibilitychange', () => { if (document.hidden && timer) set(false); });
        w.listen(signal, 'abort', () => { clearInterval(timer); seen.disconnect(); });
        return { toggle: () => set(!timer), stop: () => timer && set(false), restart: () => timer && set(true), get on() { return !!timer; } };
      },
    };
    const size = new ResizeObserver(([entry]) => {      // 0 is reported when the view leaves the screen
      const now = Math.floor(entry.contentRect.width);
      if (now && now !== width) { width = now; redraw(); }
    });
    const theme = new MutationObserver(redraw);
    theme.observe(document.body, { attributes: true, attributeFilter: ['data-jp-theme-light', 'data-jp-theme-name', 'class'] });
    w.listen(matchMedia('(prefers-color-scheme: dark)'), 'change', redraw);
    w.listen(signal, 'abort', () => { size.disconnect(); theme.disconnect(); cancelAnimationFrame(frame); });
    build(w);
    el.append(hide, ...(el.contains(read) ? [] : [read]));
    size.observe(el);
    return () => stop.abort();
  },
});

