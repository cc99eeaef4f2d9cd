// A filter slides over a sentence: the kernel convolves and searches the data, this draws and slides.

const short = (v) => number(v, undefined, { low: 2, tiny: 0.01 });

/** The words of a window that starts at a place of the padded sentence; · is padding. */
export const group = (words, start, width) => Array.from({ length: width }, (_, i) => words[start + i] ?? '·');

/** The place of the greatest answer, the first one of equals. */
export const winner = (answers) => answers.reduce((best, v, m) => (v > answers[best] ? m : best), 0);

/** The sum of a window, in words: each word's share, the bias, the total. */
export function sum(words, parts, bias) {
  const total = parts.reduce((a, b) => a + b, bias), sign = (v) => (v < 0 ? ' − ' : ' + ') + short(Math.abs(v));
  return `${[...words, say('bias')].map((word, i) => `${i ? sign([...parts, bias][i]) : short(parts[0])} (${word})`).join('')} = ${short(total)}`;
}

/** A step for the ticks of an axis that is so long. */
export function tick(long) {
  const ten = 10 ** Math.floor(Math.log10(long));
  return [0.2, 0.5, 1, 2].map((f) => f * ten).find((s) => long / s <= 5) || 5 * ten;
}

export default widget((w) => {
  const { el, get } = w, q = (words) => `“${[].concat(words).join(' ')}”`, widths = get('widths'), relu = get('relu'), classes = get('classes');
  let passed, parts, F, M = 0, own, best, at = -1, seen = 0, wanted = null, jump = -1, place = null, cells = null;
  const S = () => get('shown'), leaning = (f) => S().leaning[f];
  const paint = (c, k) => [c.pink, c.green, c.yellow, c.grey][k % 4];

  // ---- controls: while the kernel works on one question, only the last of the further ones is kept; not in the
  // model, where the kernel's echo of the first one would overwrite it
  const open = () => get('question').number !== get('answered'), asked = () => ({ ...get('question'), ...wanted });
  function ask(changes, to = -1) {
    jump = to;
    if (open()) wanted = { ...wanted, ...changes };
    else w.set({ question: { ...get('question'), ...changes, number: get('question').number + 1 } });
    status();
  }
  const size = choice(w, 'width', widths.map((n) => [n, sayCount(n, '{number} word', '{number} words')]), get('question').width, (v) => {
    ask({ width: v, filter: Math.min(asked().filter, get('counts')[widths.indexOf(v)] - 1) });
  });
  const which = slider(w, 'filter', [1, 1], 1, (v) => ask({ filter: v - 1 }));
  const list = h('select', { className: 'wf-list' }, h('option', { value: '' }, say('your own')), ...get('examples').map((t, i) => h('option', { value: i }, t.length > 60 ? `${t.slice(0, 59)}…` : t)));
  const typed = h('input', { type: 'text', autocomplete: 'off', spellcheck: false, className: 'wf-typed' });
  w.listen(list, 'change', () => { if (list.value !== '') ask({ text: get('examples')[+list.value] }); });
  w.listen(typed, 'change', () => ask({ text: typed.value }));
  const play = button(w, 'Slide', 'slide the filter over the sentence', () => { if (!player.on) { seen = 0; at = -1; } player.toggle(); });
  const player = w.player(() => { seen += 1; at = seen - 1; if (seen >= M) { seen = M; at = -1; } tell(); w.redraw(); return seen < M; }, () => clamp(6000 / M, 150, 600),
    (on) => { play.textContent = on ? say('Stop') : say('Slide'); if (!on && seen < M) { seen = M; tell(); w.redraw(); } });
  const canvas = h('canvas', { tabIndex: 0, role: 'img' }), strip = h('canvas', { tabIndex: 0, role: 'img', className: 'wf-strip' });
  const tops = h('div', { className: 'wf-tops' }), [over, above, head] = [0, 1, 2].map(() => h('div', { className: 'wf-head' })), note = h('div', { className: 'wt-note', role: 'status' });
  el.append(title(get('title')),
    controls(control('sentence', list), control('or type', typed)),
    controls(control('width', size), which, play),
    over, h('div', { className: 'wf-scroll' }, canvas), w.read, note, above, strip, head, tops);

  function load() {
    if (S().words && get('answers').byteLength) {
      [own, passed, parts] = ['answers', 'passed', 'parts'].map((name) => numbers(get(name), Float32Array));
      F = passed.length; M = own.length; best = winner(own);
      player.stop(); seen = M; at = jump < M ? jump : -1;
      tell(); write(); w.redraw();
    }
    status();
  }
  function status() {
    if (!open() && wanted) { const more = wanted; wanted = null; ask(more, jump); return; }
    const question = asked();
    note.textContent = open() ? say('working…') : get('status');
    note.classList.toggle('wt-bad', !open() && !!get('status'));
    size.choose(question.width);
    which.input.max = get('counts')[widths.indexOf(question.width)];
    which.set(question.filter + 1); which.lastChild.textContent = say('{number} of {all}', { number: question.filter + 1, all: which.input.max });
    if (document.activeElement !== typed || !open()) typed.value = question.text;
    list.value = get('examples').includes(question.text) ? get('examples').indexOf(question.text) : '';
    if (!M) { w.say(get('status')); w.ready(); }
  }
  const here = (m) => group(S().words, m - S().left, S().width);
  function speaks() {
    const [k, more] = leaning(S().filter) || [], name = classes[k], weight = short(more), other = classes[1 - k];
    return k === undefined ? '' : classes.length > 2 ? say('It speaks for {name} (weight {weight} more than for the others).', { name, weight })
      : say('It speaks for {name} (weight {weight} more than for {other}).', { name, weight, other });
  }
  function tell() {
    const { width, filter, bias } = S();
    if (at >= 0) {
      const shares = [...parts.slice(at * width, (at + 1) * width)], total = shares.reduce((a, b) => a + b, bias), off = Math.abs(total - own[at]) > 1e-3 * Math.max(1, Math.abs(total));
      const place = say('Window {number} of {all}, {words}', { number: at + 1, all: M, words: q(here(at)) }), result = sum(here(at), shares, bias);
      return w.say(off ? say('{place}: {sum}, but your conv1d says {answer}.', { place, sum: result, answer: short(own[at]) })
        : relu && own[at] < 0 ? say('{place}: {sum}, which ReLU makes 0.', { place, sum: result }) : say('{place}: {sum}.', { place, sum: result }));
    }
    w.say(relu && own[best] <= 0 ? say('Filter {number} answers no window with more than 0: ReLU and max pooling pass 0 on.', { number: filter + 1 })
      : say('Filter {number} answers {words} most: max pooling passes {answer} on.', { number: filter + 1, words: q(here(best)), answer: short(own[best]) }), speaks());
  }
  function write() {
    const { tops: all, fires, of, filter, width } = S(), most = Math.max(...all.map((t) => Math.abs(t.value)), 1e-9);
    const n = filter + 1, answer = sayCount(width, 'Answer of filter {n} to each window of {number} word', 'Answer of filter {n} to each window of {number} words', { n });
    over.textContent = relu ? say('{answer} (grey: below 0, ReLU makes it 0)', { answer }) : answer;
    above.replaceChildren(...(leaning(0) ? [say('All {number} filters of this width: what they pass on and whom they speak for: ', { number: F }), ...classes.map((name, k) => h('b', { className: `wf-class${k % 4}` }, `■ ${name}`))]
      : [say('All {number} filters of this width: what they pass on', { number: F })]));
    head.textContent = !all.length ? say('Filter {n} answers none of the {of} sentences with more than 0.', { n, of })
      : relu ? say('What filter {n} answers most in {of} sentences (above 0 in {fires})', { n, of, fires }) : say('What filter {n} answers most in {of} sentences', { n, of });
    tops.replaceChildren(...all.map((t, i) => {
      const counts = t.labels.map((n, k) => [n, classes[k], k]).filter(([n]) => n), said = counts.map(([n, name]) => `${n} ${name}`).join(', ') || `${t.times}`;
      const e = h('button', { type: 'button', className: 'wf-top', title: say('show it in: {text}', { text: t.text }), 'aria-label': say('{words}, {value}, sentences: {said}', { words: t.words.join(' '), value: short(t.value), said }) },
        h('span', {}, t.words.join(' ')), h('i', { style: `width:${Math.abs(t.value) / most * 52}px` }), h('em', {}, short(t.value)),
        h('small', {}, ...(counts.length ? counts.map(([n, name, k]) => h('b', { className: `wf-class${k % 4}` }, `${n} ${name}`)) : [`${t.times}×`])));
      e.value = i;
      return e;
    }));
  }

  // ---- the answers to every window over the sentence
  w.draw(({ width: all, colours: c }) => {
    if (!M) return;
    const { words, width, left, filter } = S(), N = M + width - 1, L = 58, top = 10, tall = 150, font = (px, bold) => `${bold ? 600 : 400} ${px}px ${c.font}`;
    const probe = canvas.getContext('2d'), name = (i) => words[i - left] ?? '·';
    probe.font = font(14);
    const longest = Math.min(130, Math.max(...words.map((word) => probe.measureText(word).width))), px = clamp((all - L - 12) / N, 24, 96), flat = longest < px - 6;
    const low0 = top + tall, text = flat ? 30 : longest + 20, x = fit(canvas, Math.ceil(Math.max(L + N * px + 10, 420)), low0 + text + 34);
    const lit = at >= 0 ? at : seen === M ? best : -1, highest = Math.max(...own, 0), lowest = Math.min(...own, 0), span = highest - lowest || 1;
    const up = (v) => top + (highest - v) / span * tall, middle = (m) => L + (m + width / 2) * px, wins = seen === M && (!relu || own[best] > 0);
    place = { L, px, width };
    const put = (t, X, Y, ink, align = 'left', bold = false, s = 12, room) => { x.font = font(s, bold); x.fillStyle = ink; x.textAlign = align; x.fillText(t, X, Y, room); };
    const every = tick(span);
    for (let v = Math.ceil(lowest / every) * every; v <= highest + 1e-9; v += every) {
      x.fillStyle = Math.abs(v) < 1e-9 ? c.soft : c.line; x.fillRect(L, up(v), N * px, 1);
      put(short(Math.abs(v) < 1e-9 ? 0 : v), L - 8, up(v), c.soft, 'right');
    }
    if (wins) { x.fillStyle = c.orange; x.globalAlpha = c.dark ? 0.3 : 0.2; x.fillRect(L + best * px, low0 + 5, width * px, text - 6); x.globalAlpha = 1; }
    own.forEach((v, m) => {
      if (m >= seen) return;
      x.fillStyle = m === best && wins ? c.orange : v > 0 || !relu ? c.blue : c.grey;
      const Y = Math.min(up(v), up(0)), wide = Math.min(px * 0.62, 40);
      x.fillRect(middle(m) - wide / 2, Y, wide, Math.max(1, Math.abs(up(v) - up(0))));
    });
    for (let i = 0; i < N; i++) {
      const X = L + (i + 0.5) * px, inside = lit >= 0 && i >= lit && i < lit + width, ink = inside ? c.ink : c.soft;
      if (words[i - left] === undefined) { x.fillStyle = c.grey; x.beginPath(); x.arc(X, low0 + 19, 2.5, 0, 7); x.fill(); }   // padding, larger than a full stop
      else if (flat) put(name(i), X, low0 + 19, ink, 'center', inside, 14);
      else { x.save(); x.translate(X, low0 + 13); x.rotate(-Math.PI / 2); put(name(i), 0, 0, ink, 'right', inside, 13, 130); x.restore(); }
    }
    if (lit >= 0) {                                             // the window: where it stands, what each word adds
      Object.assign(x, { strokeStyle: c.ink, lineWidth: 2 });
      x.strokeRect(L + lit * px + 1, low0 + 5, width * px - 2, text - 6);
      x.beginPath(); x.setLineDash([2, 3]); x.lineWidth = 1; x.moveTo(middle(lit), Math.min(up(own[lit]), up(0)) + Math.abs(up(own[lit]) - up(0))); x.lineTo(middle(lit), low0 + 5); x.stroke(); x.setLineDash([]);
      const shares = parts.slice(lit * width, (lit + 1) * width), most = Math.max(...shares.map(Math.abs), 1e-9);
      shares.forEach((v, i) => {
        const X = L + (lit + i) * px;
        x.globalAlpha = 0.1 + 0.6 * Math.abs(v) / most; x.fillStyle = v < 0 ? c.grey : c.blue; x.fillRect(X + 1, low0 + text + 6, px - 2, 22); x.globalAlpha = 1;
        put((v > 0 ? '+' : '') + (px < 44 ? short(+v.toFixed(1)) : short(v)), X + px / 2, low0 + text + 17, c.ink, 'center', false, px < 34 ? 10 : 12, px - 3);
      });
      put(say('adds'), L - 8, low0 + text + 17, c.soft, 'right');
    }
    canvas.setAttribute('aria-label', say('The answers of filter {n} to the {all} windows of the sentence; left and right arrow slide the window', { n: filter + 1, all: M }));
    // all filters of this width
    const cols = Math.max(1, Math.min(F, Math.floor((all - L) / 7))), cell = Math.min(26, (all - L - 12) / cols), rows = Math.ceil(F / cols), H = leaning(0) ? 32 : 20;
    const s = fit(strip, all - 2, 4 + rows * (H + 6)), peak = Math.max(...passed.map(Math.abs), 1e-9);
    const heaviest = Math.max(...Array.from({ length: F }, (_, f) => Math.abs(leaning(f)?.[1] ?? 0)), 1e-9);
    cells = { L, cell, cols, H: H + 6 };
    passed.forEach((v, f) => {
      const X = L + (f % cols) * cell, Y = 3 + Math.floor(f / cols) * (H + 6), l = leaning(f);
      s.fillStyle = c.dark ? '#25292e' : '#eceff2'; s.fillRect(X + 0.5, Y, cell - 1, 18);
      s.fillStyle = c.orange; const tall_ = Math.abs(v) / peak * 18; s.fillRect(X + 0.5, Y + 18 - tall_, cell - 1, tall_);
      if (l) { s.fillStyle = paint(c, l[0]); s.globalAlpha = 0.15 + 0.85 * Math.abs(l[1]) / heaviest; s.fillRect(X + 0.5, Y + 20, cell - 1, 10); s.globalAlpha = 1; }
      if (f === filter) { s.strokeStyle = c.ink; s.lineWidth = 2; s.strokeRect(X, Y - 1, cell, H); }
    });
    strip.setAttribute('aria-label', say('All {number} filters of width {width}; left and right arrow choose one', { number: F, width }));
    w.ready();
  });

  // ---- mouse and keys
  function pick(m) { m = clamp(m, -1, M - 1); if (m !== at) { player.stop(); at = m; tell(); w.redraw(); } }
  const under = (e) => { if (place && !player.on) { const m = Math.floor((pointer(e, canvas)[0] - place.L) / place.px - (place.width - 1) / 2); pick(m >= 0 && m < M ? m : -1); } };
  w.listen(canvas, 'pointermove', under);
  w.listen(canvas, 'pointerdown', under);
  w.listen(canvas, 'keydown', (e) => {
    const to = { ArrowLeft: (at < 0 ? best : at) - 1, ArrowRight: (at < 0 ? best : at) + 1, Home: 0, End: M - 1 }[e.key];
    if (e.key === 'Escape') pick(-1);
    if (to === undefined || !M) return;
    e.preventDefault();
    pick(Math.max(0, to));
  });
  const filter = (f) => { if (M && f >= 0 && f < F && f !== get('question').filter) ask({ filter: f }); };
  w.listen(strip, 'click', (e) => {
    if (!cells) return;
    const [X, Y] = pointer(e, strip), column = Math.floor((X - cells.L) / cells.cell);
    if (column >= 0 && column < cells.cols && Y > 0) filter(Math.floor(Y / cells.H) * cells.cols + column);
  });
  w.listen(strip, 'keydown', (e) => {
    const now = get('question').filter, to = { ArrowLeft: now - 1, ArrowRight: now + 1, ArrowUp: now - (cells?.cols ?? 0), ArrowDown: now + (cells?.cols ?? 0), Home: 0, End: F - 1 }[e.key];
    if (to !== undefined) { e.preventDefault(); filter(to); }
  });

  w.listen(tops, 'click', (e) => {
    const t = S().tops[e.target.closest('button')?.value];
    if (t) ask({ text: t.text }, t.place);
  });

  w.on(['shown', 'answers', 'passed', 'parts'], load);
  w.on(['answered', 'status'], status);
  load();
});
