// Attention: every head of every layer at a glance, one of them large, and the arithmetic of one score.
// A weight is one byte here; the exact numbers of the head in view are asked for, and come a moment later.
// steps.js stands in front: panel is from there.

/** The places of the k largest of n numbers a[from + j * step], the largest first. */
export function largest(a, from, n, k, step = 1) {
  const best = [];
  for (let j = 0; j < n; j++) {
    let at = best.length;
    while (at && a[from + best[at - 1] * step] < a[from + j * step]) at--;
    if (at < k) { best.splice(at, 0, j); best.length = Math.min(best.length, k); }
  }
  return best;
}

/** A head on the whole, for weights a [T, S]: the mean weight on the token before, on the token itself and on the one
 *  after; the key that gets most, and its mean weight. */
export function habits(a, T, S) {
  const sums = new Float64Array(S), near = [0, 0, 0];
  for (let i = 0; i < T; i++) for (let j = 0; j < S; j++) {
    sums[j] += a[i * S + j] / T;
    if (Math.abs(j - i) < 2) near[j - i + 1] += a[i * S + j] / T;
  }
  const most = largest(sums, 0, S, 1)[0];
  return { near, most, share: sums[most] };
}

const LEFT = 34, TOP = 36;                                     // the labels of the overview

function build(w) {
  const about = () => w.get('about'), q = (token) => `“${token}”`, many = () => L * H > 1;
  let L, H, T, S, left, right, bytes = null, picture = 0;      // what is shown; bytes is [L, H, T, S]
  let layer = w.get('layer') - 1, at = w.get('head') - 1;
  let head = null, exact = false, parts = null;                // the head in view [T, S]; its queries and keys
  let i = -1, j = -1, pinned = false, last = 0;                // query and key pointed at; the last query
  let place = null, cell = 0, thumbs = null, drawn = '', timer = 0;

  // ---- controls ----
  const ask = (changes) => w.set({ question: { ...w.get('question'), ...changes, number: w.get('question').number + 1 } });
  const names = w.get('sources');
  const text = field(w, 'text', w.get('question').text, () => w.get('examples'), (v) => v !== w.get('question').text && ask({ text: v }));
  const source = choice(w, 'computed by', names.map((n) => [n, n]), w.get('question').source, (v) => ask({ source: v }));
  const layers = slider(w, 'layer', [1, 1], 1, (v) => pick(v - 1, at)), heads = slider(w, 'head', [1, 1], 1, (v) => pick(layer, v - 1));
  const one = panel(w, (key) => { pinned = true; point(last, key); }, () => tell());
  const [grid, large] = ['wa-grid', 'wa-large'].map((className) => h('canvas', { tabIndex: 0, role: 'img', className }));
  const note = h('div', { className: 'wt-note', 'aria-live': 'polite' });
  const side = h('div', {}, grid, w.read, note), body = h('div', { className: 'wa-body' }, side, large);
  w.el.append(title(w.get('title')),
    h('div', { className: 'wt-row wa-text', hidden: !names.length }, control('text', text), ...(names.length > 1 ? [control('computed by', source)] : [])),
    controls(layers, heads), body, one.element);

  // ---- data ----
  function remark(words, bad = false) { note.textContent = words; note.classList.toggle('wt-bad', bad); }
  function load() {
    const a = about(), asked = w.get('question'), fresh = numbers(w.get('data'), Uint8Array);
    text.set(asked.text); source.choose(asked.source);
    remark(asked.number === a.number ? a.note : say('Asking for this text’s attention (this needs the running kernel) …'), asked.number === a.number && a.bad);
    if (!a.shape.length) { one.element.hidden = true; return w.ready(); }
    if (picture === a.picture) return;
    if (fresh.length) { take(fresh); w.model.send({ have: picture }); } else {
      w.model.send({ want: a.picture });
      remark(say('The weights come from the running kernel: run this cell again to explore them (on a new day first all those above it).'));
    }
  }
  function take(fresh) {
    const a = about();
    [L, H, T, S] = a.shape; [left, right, bytes, picture, thumbs, parts] = [a.left, a.right.length ? a.right : a.left, fresh, a.picture, null, null];
    remark(a.note, a.bad);
    [i, j] = a.chosen; pinned = i >= 0; last = Math.max(i, 0);
    [[layers, L], [heads, H]].forEach(([box, n]) => { box.input.max = n; box.hidden = n < 2; });
    pick(layer, at);
  }
  function pick(l, n) {
    [layer, at] = [clamp(l, 0, L - 1), clamp(n, 0, H - 1)];
    layers.set(layer + 1); heads.set(at + 1);
    w.set({ layer: layer + 1, head: at + 1 });
    head = Float32Array.from(bytes.subarray((layer * H + at) * T * S, (layer * H + at + 1) * T * S), (v) => v / 255);
    exact = false;
    clearTimeout(timer);
    timer = setTimeout(() => w.model.send({ exact: [layer, at], picture }), 30);
    tell();
  }
  w.listen(w.signal, 'abort', () => clearTimeout(timer));
  w.onMessage((content, [first, ...others]) => {
    if (content.data === about().picture && content.data !== picture) take(numbers(first, Uint8Array));
    if (content.picture !== picture || String(content.exact) !== String([layer, at])) return;
    [head, exact, parts] = [numbers(first, Float32Array), true, null];
    if (content.width) {
      const [queries, keys] = others.map((b) => numbers(b, Float32Array));
      parts = { ...content, queries, keys, mask: numbers(others[2], Uint8Array), left, right };
    }
    if (content.problem) remark(content.problem, true);
    tell();
  });

  // ---- words ----
  const best = () => (j >= 0 ? j : largest(head, last * S, S, 1)[0]);
  function tell() {
    one.show(parts, last, best());
    const write = (v) => number(v, exact ? 3 : 2), name = many() ? say('Layer {layer}, head {head}', { layer: layer + 1, head: at + 1 }) : say('Attention');
    const list = (tokens, from, n, stride) => largest(head, from, n, 3, stride).map((k) => `${q(tokens[k])} ${write(head[from + k * stride])}`).join(', ');
    const { near, most, share: mean } = habits(head, T, S), [before, self, after, share] = [...near, mean].map((v) => number(v, 2));
    const query = q(left[i]), key = q(right[j]), top = q(right[most]);
    const sentence = i >= 0 && j >= 0 ? say('{query} (query {i}) gives {key} (key {j}) the weight {weight}.', { query, i: i + 1, key, j: j + 1, weight: write(head[i * S + j]) })
      : i >= 0 ? say('{query} (query {i}) looks at {keys}.', { query, i: i + 1, keys: list(right, i * S, S, 1) })
        : j >= 0 ? say('{key} (key {j}) is looked at by {queries}.', { key, j: j + 1, queries: list(left, j, T, S) })
          : T === S ? say('on average a token gives {share} of its attention to {key}, {before} to the token before, {self} to itself, {after} to the one after.', { share, key: top, before, self, after })
            : say('on average a token gives {share} of its attention to {key}.', { share, key: top });
    const more = i >= 0 && parts ? one.words(exact ? head[last * S + best()] : undefined)
      : i < 0 && j < 0 ? say('Point at a token, or use the arrow keys, to see where it looks.') : '';
    w.say(exact ? say('{name}: {sentence}', { name, sentence }) : say('{name}: about: {sentence}', { name, sentence }), more);
    w.redraw();
  }

  // ---- pictures ----
  function paint(c) {                                          // every head once, at most 32 pixels wide: the largest weight wins
    const f = Math.ceil(Math.max(T, S) / 32), [rows, columns] = [Math.ceil(T / f), Math.ceil(S / f)], most = new Uint8Array(L * rows * H * columns);
    for (let k = 0, l = 0; l < L; l++) for (let n = 0; n < H; n++) for (let a = 0; a < T; a++)
      for (let b = 0, o = ((l * rows + Math.floor(a / f)) * H + n) * columns; b < S; b++, k++) { const at = o + Math.floor(b / f); if (bytes[k] > most[at]) most[at] = bytes[k]; }
    thumbs = Object.assign(h('canvas', { width: H * columns, height: L * rows }), { rows, columns, dark: c.dark });
    const x = thumbs.getContext('2d'), image = x.createImageData(thumbs.width, thumbs.height), ink = c.dark ? 0xffd89a : 0x803600;
    new Uint32Array(image.data.buffer).set(Uint32Array.from(most, (v) => (Math.sqrt(v * 255) << 24) | ink));   // roots show small weights
    x.putImageData(image, 0, 0);
  }
  function overview(width, c) {
    cell = clamp(Math.floor((width - LEFT - 4) / H), 6, 56);
    const x = fit(grid, LEFT + H * cell + 4, TOP + L * cell + 4), ground = c.dark ? '#24292f' : '#f0f3f6';
    const mark = (n, chosen, X, Y) => { x.font = `${chosen ? 600 : 400} 11px ${c.font}`; x.fillStyle = chosen ? c.ink : c.soft; if (chosen || cell > 13) x.fillText(n + 1, X, Y); };
    x.imageSmoothingEnabled = thumbs.columns > cell;
    for (let l = 0; l < L; l++) for (let n = 0; n < H; n++) {
      x.fillStyle = ground; x.fillRect(LEFT + n * cell, TOP + l * cell, cell - 2, cell - 2);
      x.drawImage(thumbs, n * thumbs.columns, l * thumbs.rows, thumbs.columns, thumbs.rows, LEFT + n * cell, TOP + l * cell, cell - 2, cell - 2);
    }
    x.textAlign = 'center';
    for (let n = 0; n < H; n++) mark(n, n === at, LEFT + (n + 0.5) * cell, TOP - 10);
    for (let l = 0; l < L; l++) mark(l, l === layer, LEFT - 10, TOP + (l + 0.5) * cell);
    x.font = `12px ${c.font}`; x.fillStyle = c.soft; x.fillText(say('head'), LEFT + H * cell / 2, 8);
    x.strokeStyle = c.orange; x.lineWidth = 3; x.strokeRect(LEFT + at * cell - 1.5, TOP + layer * cell - 1.5, cell + 2, cell + 2);
    x.translate(8, TOP + L * cell / 2); x.rotate(-Math.PI / 2); x.fillText(say('layer'), 0, 0);
    grid.setAttribute('aria-label', say('{layers} layers with {heads} heads each; layer {layer}, head {head} is chosen; arrow keys choose another', { layers: L, heads: H, layer: layer + 1, head: at + 1 }));
  }
  function lines(width, c) {
    const n = Math.max(T, S), tall = clamp(Math.floor(760 / n), 11, 22), px = Math.min(14, tall - 2), top = 28, probe = large.getContext('2d');
    probe.font = `700 ${px}px ${c.font}`;
    const column = clamp(Math.max(...[...left, ...right].map((t) => probe.measureText(t).width)) + 14, 108, 134), gap = clamp(width - 2 * column - 36, 60, 330);
    const x = fit(large, 2 * column + gap + 36, top + n * tall + 4), to = column + gap, y = (k) => top + (k + 0.5) * tall;
    const back = i < 0 && j >= 0, single = back || i >= 0, lead = back ? c.pink : c.blue;
    place = { tall, top, middle: column + gap / 2 };
    for (let a = 0; a < T; a++) {
      if (i >= 0 && a !== i) continue;
      const enough = single ? 0.01 : Math.max(0.02, head[a * S + largest(head, a * S, S, 1)[0]] / 2);
      for (let b = 0; b < S; b++) {
        const v = head[a * S + b];
        if (v < enough || (back && b !== j)) continue;
        x.globalAlpha = clamp(0.45 + 0.55 * Math.sqrt(v), 0, 1); x.lineWidth = 1 + (single ? 5 : 2) * v;
        x.strokeStyle = i >= 0 && b === j ? c.orange : lead;
        x.beginPath(); x.moveTo(column + 3, y(a)); x.lineTo(to - 3, y(b)); x.stroke();
      }
    }
    const words = (tokens, chosen, X, side, weight) => tokens.forEach((t, k) => {
      const edge = X - (side < 0 ? column : 0), v = weight(k);
      x.globalAlpha = 0.4; x.fillStyle = lead; x.fillRect(side < 0 ? X - v * column : X, y(k) - tall / 2 + 1, v * column, tall - 2); x.globalAlpha = 1;
      if (k === chosen) { x.strokeStyle = c.orange; x.lineWidth = 2; x.strokeRect(edge + 1, y(k) - tall / 2 + 1, column - 2, tall - 2); }
      x.font = `${k === chosen ? 700 : 400} ${px}px ${c.font}`; x.fillStyle = c.ink; x.textAlign = side < 0 ? 'right' : 'left';
      x.fillText(t, X + side * 6, y(k), column - 10);
    });
    words(left, i, column, -1, (k) => (back ? head[k * S + j] : 0));
    words(right, j, to, 1, (k) => (i >= 0 ? head[i * S + k] : 0));
    x.font = `12px ${c.font}`; x.fillStyle = c.soft;
    if (i >= 0) for (const b of largest(head, i * S, S, 5)) if (head[i * S + b] >= 0.01) x.fillText(number(head[i * S + b], 2), to + column + 5, y(b));
    x.fillText(say('keys: looked at'), to + 6, 10); x.textAlign = 'right'; x.fillText(say('queries: looking'), column - 4, 10);
    large.setAttribute('aria-label', say('Lines from {queries} queries to {keys} keys; up and down choose the query, left and right the key', { queries: T, keys: S }));
  }
  w.draw(({ width, colours: c }) => {
    if (!bytes) return;
    const beside = width > 640 && many(), room = beside ? Math.min(460, Math.floor(width * 0.46)) : width;
    body.classList.toggle('wa-beside', beside);
    side.style.width = beside ? `${room}px` : '';
    if (thumbs?.dark !== c.dark) { paint(c); drawn = ''; }
    grid.hidden = !many();
    const now = [picture, layer, at, room, devicePixelRatio].join();
    if (many() && now !== drawn) overview(room, c);
    drawn = now;
    lines(beside ? width - room - 24 : width, c);
    if (parts) one.draw(width, c);
    w.ready();
  });

  // ---- pointing and keys ----
  function point(a, b) {
    if (a === i && b === j) return;
    [i, j] = [a, b];
    if (i >= 0) last = i;
    tell();
  }
  function under(e) {                                          // [query, key] with -1 for the one that is not pointed at
    const [x, y] = pointer(e, large), k = Math.floor((y - place.top) / place.tall), asks = x < place.middle;
    return k < 0 || k >= (asks ? T : S) ? null : asks ? [k, -1] : [pinned ? i : -1, k];
  }
  w.listen(large, 'pointermove', (e) => { const found = under(e); if (found && (!pinned || found[0] === i)) point(...found); });
  w.listen(large, 'pointerleave', () => { if (!pinned) point(-1, -1); });
  w.listen(large, 'pointerdown', (e) => {                      // holds a query, so that its keys can be gone through
    const found = under(e) || [-1, -1];
    if (found[1] < 0) pinned = found[0] >= 0 && !(pinned && found[0] === i);
    point(...(found[1] >= 0 || pinned ? found : [-1, -1]));
  });
  w.listen(large, 'keydown', (e) => {
    const [along, down] = ARROWS[e.key] || [];
    if (e.key === 'Escape') { pinned = false; point(-1, -1); }
    if (!ARROWS[e.key] || !head) return;
    e.preventDefault();
    pinned = true;
    if (down) point(clamp(i + down, 0, T - 1), j); else point(last, clamp(j < 0 ? best() : j + along, 0, S - 1));
  });
  w.listen(grid, 'pointerdown', (e) => { const [x, y] = pointer(e, grid); pick(Math.floor((y - TOP) / cell), Math.floor((x - LEFT) / cell)); });
  w.listen(grid, 'keydown', (e) => { const [along, down] = ARROWS[e.key] || []; if (ARROWS[e.key] && bytes) { e.preventDefault(); pick(layer + down, at + along); } });
  w.on(['about', 'question'], load);
  w.on(['layer', 'head'], () => { if (bytes && (w.get('layer') !== layer + 1 || w.get('head') !== at + 1)) pick(w.get('layer') - 1, w.get('head') - 1); });
  load();
}

export default widget(build);
