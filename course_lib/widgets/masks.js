// What a mask does: paint who may look at whom, see weights and outputs follow.

/** A mask [T, S] of ones and zeros: none, causal, padding (the last k keys), both, banded (k to each side). */
export function preset(kind, T, S, k) {
  const causal = (i, j) => j <= i, real = (_, j) => j < S - k;
  const rule = { none: () => true, causal, padding: real, both: (i, j) => causal(i, j) && real(i, j), banded: (i, j) => Math.abs(i - j) <= k }[kind];
  return Array.from({ length: T * S }, (_, n) => +rule(Math.floor(n / S), n % S));
}

/** The softmax of each row of scores [T, S] over what the mask allows; a row that allows nothing gets zeros. */
export function softmax(scores, mask, T, S) {
  const out = new Float64Array(T * S);
  for (let i = 0; i < T; i++) {
    const keys = Array.from({ length: S }, (_, j) => i * S + j).filter((n) => mask[n]), top = Math.max(...keys.map((n) => scores[n]));
    let total = 0;
    for (const n of keys) total += out[n] = Math.exp(scores[n] - top);
    for (const n of keys) out[n] /= total;
  }
  return out;
}

/** Each row of weights [T, S] times the values [S, W]. */
export function mixed(weights, value, T, S) {
  const W = value.length / S, out = new Float64Array(T * W);
  for (let i = 0; i < T; i++) for (let j = 0; j < S; j++) for (let e = 0; e < W; e++) out[i * W + e] += weights[i * S + j] * value[j * W + e];
  return out;
}

/** The rows that may look nowhere. */
export const nowhere = (mask, T, S) => Array.from({ length: T }, (_, i) => i).filter((i) => !mask.slice(i * S, i * S + S).some(Boolean));

const DIFFERENT = 1e-4;

function build(w) {
  const get = w.get, left = get('left'), right = get('right'), [T, S] = [left.length, right.length], q = (token) => `“${token}”`;
  const scores = numbers(get('scores'), Float32Array), value = numbers(get('value'), Float32Array), W = value.length / S;
  let mask, own, theirs = null, shown = get('asks') ? 'yours' : 'course', kind = get('kind'), k = get('k'), at = null, held = null, brush = null, places = [];

  // ---- controls ----
  const presets = choice(w, 'mask', [['none', say('none')], ['causal', say('causal')], ['padding', say('padding')], ['both', say('both')], ['banded', say('banded')]], kind, (v) => { kind = v; fill(); });
  const count = slider(w, 'how many', [0, Math.max(1, S - 1)], k, (v) => { k = v; fill(); });
  const source = choice(w, 'numbers of', [['yours', say('your function')], ['course', say('the course')]], shown, (v) => { shown = v; tell(); });
  const tables = [0, -1, -1].map((tabIndex) => h('canvas', { tabIndex, role: 'img', className: 'wm-table' })), [paint] = tables;
  const [note, lost] = [0, 1].map(() => h('div', { className: 'wt-note', 'aria-live': 'polite' }));
  w.el.append(title('What the mask does'),
    h('div', { className: 'wt-row wm-row' }, control('mask', presets), count, ...(get('asks') ? [control('numbers of', source)] : [])),
    h('div', { className: 'wm-body' }, ...tables), w.read, lost, note);

  const rows = () => Array.from({ length: T }, (_, i) => mask.slice(i * S, i * S + S).join(''));
  function send() { w.set({ mask: rows(), kind, k }); load(); }
  function fill() { mask = preset(kind, T, S, k); send(); }
  function set(i, j, on) {
    if (mask[i * S + j] === on) return;
    mask[i * S + j] = on; kind = '';
    send();
  }
  function load() {
    mask = [...get('mask').join('')].map(Number);
    [kind, k] = [get('kind'), get('k')];
    const weights = softmax(scores, mask, T, S), raw = numbers(get('theirs'), Float32Array), current = String(get('theirs_for')) === String(get('mask'));
    own = { weights, output: mixed(weights, value, T, S) };
    theirs = current && raw.length ? { weights: raw.subarray(0, T * S), output: raw.subarray(T * S) } : null;
    presets.choose(kind); count.set(k);
    count.hidden = !['padding', 'both', 'banded'].includes(kind);
    count.firstChild.textContent = kind === 'banded' ? say('on each side') : say('padded');
    const empty = nowhere(mask, T, S).map((i) => q(left[i]));
    lost.hidden = !empty.length;
    lost.textContent = empty.length ? sayCount(empty.length, '{tokens} may look nowhere: its weights and its output are 0.',
      '{tokens} may look nowhere: their weights and outputs are 0.', { tokens: empty.join(', ') }) : '';
    note.textContent = !get('asks') ? '' : current ? get('status') : say('Asking your function (this needs the running kernel) …');
    note.classList.toggle('wt-bad', current && get('bad'));
    tell();
  }

  // ---- words ----
  const view = () => (shown === 'yours' && theirs) || own;
  const off = (name, n) => view() !== own && !(Math.abs(view()[name][n] - own[name][n]) <= DIFFERENT);
  function tell() {
    if (!at) {
      const open = mask.reduce((a, b) => a + b, 0);
      w.say(say('{open} of {all} pairs are allowed. Click or drag in the mask to change it; or use the arrow keys and the space bar.', { open, all: T * S }));
    } else {
      const [table, i, j] = at, [name, n] = table === 2 ? ['output', i * W + j] : ['weights', i * S + j], agrees = !off(name, n);
      const query = q(left[i]), key = q(right[j]), feature = j + 1, value = number(view()[name][n], 2), course = number(own[name][n], 2), score = number(scores[n], 2);
      w.say(table === 2 && agrees ? say('Output of {query}, feature {feature}: {value}.', { query, feature, value })
        : table === 2 ? say('Output of {query}, feature {feature}: {value} by your function, {course} by the course.', { query, feature, value, course })
          : mask[n] && agrees ? say('{query} may look at {key}: score {score}, weight {value}.', { query, key, score, value })
            : mask[n] ? say('{query} may look at {key}: score {score}, weight {value} by your function, {course} by the course.', { query, key, score, value, course })
              : agrees ? say('{query} may not look at {key}: score {score}, weight {value}.', { query, key, score, value })
                : say('{query} may not look at {key}: score {score}, weight {value} by your function, {course} by the course.', { query, key, score, value, course }));
    }
    w.redraw();
  }

  // ---- pictures ----
  function table(which, c, px, label, title, columns, across, cell) {
    const canvas = tables[which], long = columns === right, top = 26 + label * 0.75, tail = long ? label * 0.6 : 8;
    const x = fit(canvas, Math.ceil(label + 20 + columns.length * px + Math.max(tail - px / 2, 4)), Math.ceil(top + T * px + 4)), X = label + 20;
    const write = (text, X, Y, colour, font, align, room) => { x.fillStyle = colour; x.font = `${font} ${c.font}`; x.textAlign = align; x.fillText(text, X, Y, room); };
    places[which] = { X, top, px, columns: columns.length };
    write(title, X, 8, c.ink, '600 13px', 'left');
    write(across, X + columns.length * px, 8, c.soft, '11px', 'right', columns.length * px - x.measureText(title).width);
    left.forEach((t, i) => write(t, X - 6, top + (i + 0.5) * px, at?.[1] === i ? c.ink : c.soft, `${at?.[1] === i ? 600 : 400} ${Math.min(13, px - 3)}px`, 'right', label));
    columns.forEach((t, j) => {
      const on = at?.[2] === j && (at[0] === 2) === !long;
      x.save(); x.translate(X + (j + 0.5) * px, top - 7);
      if (long) x.rotate(-Math.PI / 4);
      write(t, long ? -3 : 0, long ? 0 : -3, on ? c.ink : c.soft, `${on ? 600 : 400} ${Math.min(13, px - 4)}px`, long ? 'left' : 'center', label + 8); x.restore();
    });
    x.save(); x.translate(8, top + T * px / 2); x.rotate(-Math.PI / 2); write(say('query'), 0, 0, c.soft, '11px', 'center'); x.restore();
    for (let i = 0; i < T; i++) for (let j = 0; j < columns.length; j++) {
      const { fill, strength, text, frame } = cell(i, j), Y = top + i * px, L = X + j * px;
      x.fillStyle = c.dark ? '#24292f' : '#f0f3f6'; x.fillRect(L + 0.5, Y + 0.5, px - 1, px - 1);
      if (fill) { x.globalAlpha = strength; x.fillStyle = fill; x.fillRect(L + 0.5, Y + 0.5, px - 1, px - 1); x.globalAlpha = 1; }
      if (text === '×' || (text && px > 25)) write(text, L + px / 2, Y + px / 2, fill && strength > 0.6 ? (c.dark ? '#10151a' : '#fff') : text === '×' ? c.soft : c.ink, text === '×' ? `${Math.min(15, px - 3)}px` : `${Math.min(12, px * 0.38)}px`, 'center', px - 3);
      if (frame || (at?.[0] === which && at[1] === i && at[2] === j)) { x.strokeStyle = frame ? c.orange : c.ink; x.lineWidth = 2.5; x.strokeRect(L + 1.5, Y + 1.5, px - 3, px - 3); }
    }
  }
  w.draw(({ width, colours: c }) => {
    const probe = paint.getContext('2d');
    probe.font = `600 13px ${c.font}`;
    const label = clamp(Math.max(...[...left, ...right].map((t) => probe.measureText(t).width)) + 4, 24, 90);
    const across = width > 780 ? 3 : width > 520 ? 2 : 1, cells = [0, S, 2 * S, 2 * S + W][across];   // tables and cells in a row
    const px = clamp(Math.floor((width - across * (label * 1.6 + 40)) / cells), 12, 42), { weights, output } = view();
    const most = Math.max(1e-9, ...value.map(Math.abs)), shade = (v, top) => clamp(0.06 + 0.9 * Math.abs(v) / top, 0, 1);
    table(0, c, px, label, say('mask'), right, say('key'), (i, j) => (mask[i * S + j] ? { fill: c.green, strength: 0.75 } : { text: '×' }));
    table(1, c, px, label, say('weights'), right, say('key'), (i, j) => {
      const n = i * S + j, v = weights[n];
      return { fill: v > 0 ? c.blue : Number.isNaN(v) ? c.pink : '', strength: Number.isNaN(v) ? 0.8 : shade(v, 1), text: mask[n] || off('weights', n) ? number(v, 2) : '×', frame: off('weights', n) };
    });
    table(2, c, px, label, say('output'), Array.from({ length: W }, (_, e) => e + 1), say('feature'), (i, e) => {
      const v = output[i * W + e];
      return { fill: Number.isNaN(v) || v < 0 ? c.pink : c.blue, strength: v ? shade(v, most) : 0, text: number(v, 2), frame: off('output', i * W + e) };
    });
    paint.setAttribute('aria-label', say('Mask of {queries} queries by {keys} keys; arrow keys choose a pair, the space bar allows or forbids it', { queries: T, keys: S }));
    const named = shown === 'yours' ? [say('Weights under this mask, of your function'), say('Outputs under this mask, of your function')]
      : [say('Weights under this mask, of the course'), say('Outputs under this mask, of the course')];
    named.forEach((name, n) => tables[n + 1].setAttribute('aria-label', name));
    w.ready();
  });

  // ---- painting, pointing and keys ----
  const point = (found) => { if (String(found) !== String(at)) { at = found; tell(); } };
  tables.forEach((canvas, which) => {
    const under = (e) => {
      const [x, y] = pointer(e, canvas), { X, top, px, columns } = places[which], [i, j] = [Math.floor((y - top) / px), Math.floor((x - X) / px)];
      return i >= 0 && j >= 0 && i < T && j < columns ? [which, i, j] : null;
    };
    w.listen(canvas, 'pointermove', (e) => {
      const found = under(e);
      if (found && brush !== null && !which) set(found[1], found[2], brush);
      point(found || held);
    });
    w.listen(canvas, 'pointerleave', () => point(held));
    w.listen(canvas, 'pointerdown', (e) => {
      const found = under(e);
      if (!found) return;
      if (!which) { brush = 1 - mask[found[1] * S + found[2]]; canvas.setPointerCapture(e.pointerId); set(found[1], found[2], brush); }
      held = null; point(found);
    });
    for (const type of ['pointerup', 'pointercancel']) w.listen(canvas, type, () => { brush = null; });
  });
  w.listen(paint, 'keydown', (e) => {
    const [dx, dy] = ARROWS[e.key] || [], [, i, j] = at?.[0] === 0 ? at : [0, 0, 0];
    if (e.key === 'Escape') { held = null; return point(null); }
    if (e.key === ' ' || e.key === 'Enter') set(i, j, 1 - mask[i * S + j]); else if (!ARROWS[e.key]) return;
    e.preventDefault();
    held = at && ARROWS[e.key] ? [0, clamp(i + dy, 0, T - 1), clamp(j + dx, 0, S - 1)] : [0, i, j];
    point(held);
  });
  w.on(['mask', 'theirs', 'theirs_for', 'status'], load);
  load();
}

export default widget(build);
