/** Every pair that is counted, in reading order: [sentence, centre position, context position, row, column]. */
export function pairs(sentences, vocabulary, size) {
  const index = new Map(vocabulary.map((word, i) => [word, i])), out = [];
  sentences.forEach((sentence, s) => {
    const ids = sentence.map((word) => index.get(word));
    for (let i = 0; i < ids.length; i++) {
      for (let j = Math.max(0, i - size); j <= Math.min(ids.length - 1, i + size); j++) {
        if (j !== i && ids[i] !== undefined && ids[j] !== undefined) out.push([s, i, j, ids[i], ids[j]]);
      }
    }
  });
  return out;
}

/** The matrix after the first `step` pairs, row after row. */
export function counts(all, step, size) {
  const matrix = new Float32Array(size * size);
  for (const [, , , row, column] of all.slice(0, step)) matrix[row * size + column] += 1;
  return matrix;
}

/** How many pairs come before each sentence, and the total at the end. */
export function starts(all, sentences) {
  const out = Array(sentences + 1).fill(0);
  for (const [s] of all) out[s + 1] += 1;
  for (let s = 1; s <= sentences; s++) out[s] += out[s - 1];
  return out;
}

/** The pairs among the first `step` that went into a cell. */
export const sources = (all, step, row, column) => all.slice(0, step).filter((p) => p[3] === row && p[4] === column);

const amount = (v) => (Number.isInteger(v) ? number(v, 0) : number(v, undefined, { tiny: 0, huge: Infinity }));

function build(w) {
  const sentences = w.get('sentences'), vocabulary = w.get('vocabulary'), V = vocabulary.length;
  let all, begin, step, sentence = 0, cell = null, pinned = false, theirs = null, view = 'steps', place;

  const picker = h('select', { 'aria-label': say('sentence') }, ...sentences.map((s, i) => {
    const text = s.join(' ');
    return h('option', { value: i }, `${i + 1}: ${text.length > 40 ? `${text.slice(0, 39)}…` : text}`);
  }));
  const size = slider(w, 'window size', [1, 5], w.get('window'), (v) => w.set({ window: v }));
  const mode = choice(w, 'view', [['steps', say('step by step')], ['theirs', say('your function')]], view, (v) => {
    view = v; cell = null; player.stop(); lay();
  });
  const go = (n) => { pinned = false; cell = null; at(n); };
  const first = button(w, '|◀', 'to the start', () => { player.stop(); go(0); });
  const back = button(w, '◀', 'one step back', () => { player.stop(); go(step - 1); });
  const play = button(w, 'Play', 'play', () => { if (step >= all.length) at(0); player.toggle(); });
  const next = button(w, '▶', 'one step forward', () => { player.stop(); go(step + 1); });
  const last = button(w, '▶|', 'to the end', () => { player.stop(); go(all.length); });
  const track = h('input', { type: 'range', min: 0, step: 1, className: 'cw-track', 'aria-label': say('pairs counted') });
  const told = h('span', { className: 'cw-told' });
  const player = w.player(() => { if (step < all.length) at(step + 1); return step < all.length; },
    () => clamp(24000 / all.length, 90, 750),
    (on) => { play.textContent = on ? say('Pause') : say('Play'); play.title = on ? say('pause') : say('play'); play.setAttribute('aria-label', play.title); });
  const steps = controls(h('span', { className: 'cw-keys' }, first, back, play, next, last), track, told);
  const text = h('div', { className: 'cw-text' });
  const canvas = h('canvas', { tabIndex: 0, role: 'img' });
  const note = h('div', { className: 'wt-note', 'aria-live': 'polite' });
  const body = h('div', { className: 'cw-body' }, h('div', { className: 'cw-side' }, text, w.read, note), canvas);
  w.el.append(title('A window slides over the text, the matrix counts what it sees'),
    controls(control('sentence', picker), size, ...(w.get('asks') ? [mode] : [])), steps, body);

  const full = () => view === 'theirs';
  const now = () => (step > begin[sentence] && !full() ? all[step - 1] : null);

  function count() {                                                 // after a change of the window
    const pair = all && all[step - 1], old = w.get('step');
    all = pairs(sentences, vocabulary, w.get('window'));
    begin = starts(all, sentences.length);
    size.set(w.get('window'));
    track.max = all.length;
    const same = pair ? all.findIndex((p) => p[0] === pair[0] && p[1] === pair[1]) + 1 : old;
    at(same || (pair ? 0 : old));
  }
  function at(n, s) {
    step = clamp(n, 0, all.length);
    sentence = s ?? (step ? all[step - 1][0] : 0);
    if (w.get('step') !== step) w.set({ step });
    lay();
  }
  function lay() {
    picker.value = sentence;
    track.value = step;
    told.textContent = say('{step} of {all} pairs', { step, all: all.length });
    back.disabled = first.disabled = step === 0;
    next.disabled = last.disabled = step === all.length;
    steps.hidden = full();
    const fresh = w.get('theirs_window') === w.get('window'), raw = numbers(w.get('theirs'), Float32Array);
    const agrees = w.get('agrees');
    theirs = !full() || !fresh ? null : agrees ? counts(all, all.length, V) : raw.length === V * V ? raw : null;
    note.textContent = !full() ? '' : fresh ? w.get('status') : say('Asking your function (this needs the running kernel) …');
    note.classList.toggle('wt-bad', full() && fresh && !agrees);
    speak();
    write();
    w.redraw();
  }
  function speak() {
    const q = (word) => `“${word}”`, [r, c] = cell || [];
    if (cell) {
      const n = sources(all, full() ? all.length : step, r, c).length, given = theirs && theirs[r * V + c];
      const place = say('Row {row}, column {column}', { row: q(vocabulary[r]), column: q(vocabulary[c]) });
      const sentence = theirs && given === n ? say('your function says {number}, and so does the text.', { number: n })
        : theirs && !n ? say('your function says {given}, the text has no pairs of positions.', { given: amount(given) })
          : theirs ? sayCount(n, 'your function says {given}, the text has {number} pair of positions.', 'your function says {given}, the text has {number} pairs of positions.', { given: amount(given) })
            : full() && !n ? say('no pairs of positions.') : full() ? sayCount(n, '{number} pair of positions.', '{number} pairs of positions.')
              : !n ? say('no pairs of positions so far.') : sayCount(n, '{number} pair of positions so far.', '{number} pairs of positions so far.');
      w.say(say('{place}: {sentence}', { place, sentence }));
    } else if (full()) w.say(say('Point at a cell, or use the arrow keys in the matrix, to see where its count comes from.'));
    else if (now()) {
      const [s, i, j, row, column] = now();
      const n = sources(all, step, row, column).length;
      w.say(say('{centre} at position {i} sees {context} at position {j}: row {row}, column {column} is now {number}.',
        { centre: q(sentences[s][i]), i, context: q(sentences[s][j]), j, row: q(vocabulary[row]), column: q(vocabulary[column]), number: n }));
    } else w.say(step ? say('Sentence {number}: nothing counted in it yet.', { number: sentence + 1 }) : say('Nothing counted yet: step forward, or play.'));
  }
  function write() {                                                 // the sentences, with the window
    const lit = cell ? sources(all, full() ? all.length : step, ...cell) : [], pair = cell || full() ? null : now();
    const wide = w.get('window'), shown = sentences.length <= 8 ? sentences.map((_, s) => s)
      : lit.length ? [...new Set(lit.map((p) => p[0]))].slice(0, 8) : [sentence];
    text.replaceChildren(...shown.map((s) => h('div', { className: `cw-line${s === sentence && !full() ? ' cw-here' : ''}` },
      h('span', { className: 'cw-number' }, String(s + 1)), ...sentences[s].map((word, i) => {
        const kinds = [];
        if (pair && s === pair[0]) {
          const far = Math.abs(i - pair[1]);
          if (far <= wide) kinds.push('cw-in');
          if (i === Math.max(0, pair[1] - wide)) kinds.push('cw-left');
          if (i === Math.min(sentences[s].length - 1, pair[1] + wide)) kinds.push('cw-right');
          kinds.push(i === pair[1] ? 'cw-centre' : i === pair[2] ? 'cw-now' : '');
        }
        if (lit.some((p) => p[0] === s && p[1] === i)) kinds.push('cw-centre');
        if (lit.some((p) => p[0] === s && p[2] === i)) kinds.push('cw-now');
        if (!vocabulary.includes(word)) kinds.push('cw-out');
        return h('span', { className: `cw-word ${kinds.join(' ')}` }, h('b', {}, word), h('i', {}, String(i)));
      }))));
  }

  w.draw(({ width, colours: c }) => {
    const probe = canvas.getContext('2d'), font = (px, bold) => `${bold ? 600 : 400} ${px}px ${c.font}`;
    probe.font = font(13);
    const label = Math.min(110, Math.max(...vocabulary.map((word) => probe.measureText(word).width))), left = label + 34;
    const beside = width - left - V * 24 - 330 > 0, room = beside ? width - 350 : width;
    const px = clamp(Math.floor((room - left - 50) / V), 7, 42), small = Math.min(13, Math.max(7, px - 2));
    probe.font = font(small);
    const long = Math.min(110, Math.max(...vocabulary.map((word) => probe.measureText(word).width)));
    const flat = long < px - 4, top = 24 + (flat ? 18 : long * 0.71 + 16), tail = flat ? 8 : long * 0.71;
    body.classList.toggle('cw-beside', beside);
    const x = fit(canvas, Math.ceil(left + V * px + tail), Math.ceil(top + V * px + 2));
    place = { left, top, px };
    const matrix = full() ? theirs : counts(all, step, V), truth = full() ? counts(all, all.length, V) : null;
    const most = Math.max(1, ...counts(all, all.length, V)), pair = now();
    x.fillStyle = c.soft; x.font = font(12);
    x.fillText(say('context word'), left, 9);
    x.save(); x.translate(9, top + V * px / 2); x.rotate(-Math.PI / 2); x.textAlign = 'center'; x.fillText(say('centre word'), 0, 0); x.restore();
    vocabulary.forEach((word, i) => {
      const [row, column] = cell || (pair ? [pair[3], pair[4]] : []), name = (on) => { x.font = font(small, on); x.fillStyle = on ? c.ink : c.soft; };
      name(row === i); x.textAlign = 'right';
      x.fillText(word, left - 7, top + (i + 0.5) * px, label);
      name(column === i); x.save(); x.translate(left + (i + 0.5) * px, top - 8);
      x.textAlign = flat ? 'center' : 'left'; if (!flat) x.rotate(-Math.PI / 4);
      x.fillText(word, 0, 0, 110); x.restore();
    });
    x.textAlign = 'center';
    for (let row = 0; row < V; row++) for (let column = 0; column < V; column++) {
      const X = left + column * px, Y = top + row * px, k = row * V + column, value = matrix ? matrix[k] : 0;
      const hot = pair && pair[3] === row && pair[4] === column, wrong = matrix && truth && value !== truth[k];
      const strength = matrix && value > 0 ? 0.15 + 0.85 * Math.min(1, value / most) : 0;
      x.fillStyle = c.dark ? '#25292e' : '#f1f3f5'; x.fillRect(X + 0.5, Y + 0.5, px - 1, px - 1);
      if (hot || wrong) { x.fillStyle = c.orange; x.fillRect(X + 0.5, Y + 0.5, px - 1, px - 1); }
      else if (strength) { x.globalAlpha = strength; x.fillStyle = c.blue; x.fillRect(X + 0.5, Y + 0.5, px - 1, px - 1); x.globalAlpha = 1; }
      if (px >= 15 && matrix && (value || wrong)) {
        const strong = hot || wrong || strength > (c.dark ? 0.65 : 0.72);
        x.fillStyle = strong ? (c.dark ? '#10151a' : '#fff') : c.ink;
        x.font = font(Math.min(15, px * 0.5), strong);
        const two = wrong && px >= 30;
        x.fillText(amount(value), X + px / 2, Y + px / 2 - (two ? 6 : -0.5), px - 3);
        if (two) { x.font = font(10); x.fillText(say('not {number}', { number: amount(truth[k]) }), X + px / 2, Y + px / 2 + 9, px - 3); }
      }
    }
    const frame = (row, column, colour) => { x.strokeStyle = colour; x.lineWidth = 2.5; x.strokeRect(left + column * px, top + row * px, px, px); };
    if (pair) frame(pair[3], pair[4], c.ink);
    if (cell) frame(...cell, c.ink);
    if (full() && !matrix) { x.fillStyle = c.soft; x.font = font(13); x.fillText(say('no matrix'), left + V * px / 2, top + V * px / 2); }
    canvas.setAttribute('aria-label', full() ? say('Matrix of {size} by {size} counts, your function; arrow keys choose a cell', { size: V })
      : say('Matrix of {size} by {size} counts, {step} of {all} pairs counted; arrow keys choose a cell', { size: V, step, all: all.length }));
    w.ready();
  });

  function choose(row, column) {
    const next = row === null ? null : [clamp(row, 0, V - 1), clamp(column, 0, V - 1)];
    if (String(next) === String(cell)) return;
    cell = next;
    if (cell) player.stop();
    speak(); write(); w.redraw();
  }
  const under = (e) => {
    const box = canvas.getBoundingClientRect(), column = Math.floor((e.clientX - box.left - place.left) / place.px);
    const row = Math.floor((e.clientY - box.top - place.top) / place.px);
    return row >= 0 && column >= 0 && row < V && column < V ? [row, column] : [null];
  };
  w.listen(canvas, 'pointermove', (e) => { if (place && !pinned) choose(...under(e)); });
  w.listen(canvas, 'pointerleave', () => { if (!pinned) choose(null); });
  w.listen(canvas, 'pointerdown', (e) => { const at = under(e); pinned = at[0] !== null && !(pinned && String(at) === String(cell)); choose(...at); });
  w.listen(canvas, 'keydown', (e) => {
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[e.key];
    if (e.key === 'Escape') { pinned = false; choose(null); }
    if (e.key === 'Home' || e.key === 'End') { e.preventDefault(); pinned = true; choose(cell ? cell[0] : 0, e.key === 'Home' ? 0 : V - 1); }
    if (!move) return;
    e.preventDefault();
    pinned = true;
    const from = cell || (now() ? [now()[3], now()[4]] : [0, -1]);
    choose(from[0] + move[0], from[1] + move[1]);
  });
  w.listen(track, 'input', () => { player.stop(); go(+track.value); });
  w.listen(picker, 'change', () => { player.stop(); cell = null; pinned = false; at(begin[+picker.value], +picker.value); });
  w.on('window', count);
  w.on('step', () => { if (w.get('step') !== step) at(w.get('step')); });
  w.on(['theirs', 'theirs_window', 'status'], () => { if (full()) lay(); });
  count();
}

export default widget(build);
