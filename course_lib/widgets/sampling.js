// Drawing the next word: the kernel gives scores and draws, this shows what temperature and top-k make of the scores.

/** How many words score i of so many stands for. */
const many = (counts, i, length) => counts[i - length + counts.length] ?? 1;

/** What is drawn from: the softmax of logits / temperature over the k highest scores (0: all). The highest comes first;
 *  Each of the last scores stands for so many words as counts says, all others for one. */
export function distribution(logits, counts, temperature = 1, k = 0) {
  const kept = temperature === 0 ? 1 : k || logits.length, result = Array.from(logits, (v, i) => (i < kept ? Math.exp((v - logits[0]) / (temperature || 1)) : 0));
  const sum = result.reduce((all, v, i) => all + v * many(counts, i, logits.length), 0);
  return result.map((v) => v / sum);
}

/** The entropy in bits. */
export const entropy = (p, counts) => p.reduce((sum, v, i) => (v > 0 ? sum - many(counts, i, p.length) * v * Math.log2(v) : sum), 0);

/** A share as a percentage. */
export const percent = (v) => (!v ? '0' : v < 0.0005 ? '<0.1 %' : `${(100 * v).toFixed(v < 0.0995 ? 1 : 0)} %`);

/** A word as a label: blanks become visible. */
export const visible = (word) => word.replaceAll('\n', '⏎').replaceAll('\t', '⇥').replaceAll(' ', '␣') || '∅';

/** How uncertain a choice is, in words. */
export function uncertainty(p, counts, characters = false) {
  const value = entropy(p, counts), as = 2 ** value, bits = value.toFixed(2), perplexity = as < 10 ? +as.toFixed(1) : Math.round(as);
  if (value < 0.005) return say('entropy 0 bits: there is no choice');
  return characters ? say('entropy {bits} bits, perplexity {perplexity} (so many equally likely characters)', { bits, perplexity })
    : say('entropy {bits} bits, perplexity {perplexity} (so many equally likely words)', { bits, perplexity });
}

export default widget((w) => {
  const { el, get } = w, V = get('size'), chars = get('characters');
  const most = Math.min(V, 51), q = (word) => `“${visible(word)}”`, BARS = Math.min(20, V), ROW = 21;
  let logits, counts, words = [], before, after, at = -1, left = 0, rowAt = 0, last = null, later = null;

  // ---- what the kernel is asked for: one thing at a time; the last one that came meanwhile waits, but for a bar,
  //      which may soon belong to another word
  const busy = () => get('request').number !== get('answered');
  function ask(act, more = {}) {
    if (busy()) { if (act !== 'take') later = [act, more]; return; }
    w.set({ request: { act, ...more, number: get('request').number + 1 } });
    status();
  }
  const begin = () => { player.stop(); ask('start', { prompt: prompt.value }); };

  const prompt = h('input', { type: 'text', value: get('text').map(([t]) => t).join(chars ? '' : ' '), autocomplete: 'off', spellcheck: false, className: 'ws-prompt' });
  const seed = h('input', { type: 'number', value: get('seed'), min: 0, step: 1, className: 'ws-seed' });
  w.listen(prompt, 'change', begin);
  w.listen(seed, 'change', () => { w.model.set('seed', Math.max(0, Math.floor(+seed.value) || 0)); begin(); });
  const heat = slider(w, 'temperature', [0, 3, 0.05], get('temperature'), (v) => { player.stop(); w.set({ temperature: v }); });
  const cut = slider(w, 'top-k', [1, most], get('top_k') || most, (v) => { player.stop(); w.set({ top_k: v === most ? 0 : v }); });
  const next = button(w, 'Next', chars ? 'draw the next character' : 'draw the next word', () => { player.stop(); ask('next'); });
  const count = slider(w, 'how many', [5, 50, 5], 20, () => { label(); });
  const run = button(w, '', '', () => { if (!player.on) left = +count.input.value; player.toggle(); });
  const player = w.player(() => {
    if (busy()) return true;
    if (left < 1 || get('status')) return false;
    left -= 1;
    ask('next');
    return left > 0;
  }, () => 110, () => label());
  const back = button(w, 'Back', 'take the last one away', () => { player.stop(); ask('back'); });
  const again = button(w, 'Start again', 'start again with the prompt and the seed', begin);
  const tries = button(w, say('{number} draws', { number: get('tries') }), say('draw {number} times without appending', { number: get('tries') }), () => { player.stop(); ask('draws'); });
  function label() {
    run.textContent = player.on ? say('Stop') : say('Draw {number}', { number: count.input.value });
    run.title = player.on ? say('stop drawing') : say('draw so many, one after the other');
    run.setAttribute('aria-label', run.title);
  }
  label();
  const text = h('div', { className: 'ws-text', tabIndex: 0, role: 'group', 'aria-label': say('the text so far') }), note = h('div', { className: 'wt-note', role: 'status' });
  const told = h('div', { className: 'ws-told' }), canvas = h('canvas', { tabIndex: 0, role: 'img', className: 'ws-bars' });
  const body = h('div', { className: 'ws-body' }, h('div', {}, text, w.read, told, note), canvas);
  el.append(title(get('title')),
    controls(control('prompt', prompt), control('seed', seed), again),
    controls(heat, cut, tries),
    controls(next, run, count, back), body);

  // ---- what is shown
  function read() {
    const all = get('text');
    logits = numbers(get('logits'), Float32Array);
    if (logits.length) {
      words = get('best'); counts = numbers(get('counts'), Float32Array); before = distribution(logits, counts); at = -1;
      text.replaceChildren(...all.map(([word, p], i) => {
        const drawn = p !== null, shade = drawn ? `--ws-share:${Math.round(12 + 60 * Math.sqrt(p))}%` : '';
        return h('span', { className: `${drawn ? 'ws-drawn' : ''} ${drawn && i === all.length - 1 ? 'ws-last' : ''}`, style: shade, title: drawn ? percent(p) : say('prompt') },
          word);
      }).flatMap((e, i) => (chars || !i ? [e] : [' ', e])), h('i', {}, '▏'));
      text.scrollTop = text.scrollHeight;
      last = all.length ? all.at(-1) : null;
      weigh();
    }
    status();
  }
  function weigh() {
    const k = get('top_k');
    cut.set(k || most); cut.lastChild.textContent = k || say('all');
    heat.set(get('temperature'));
    if (!logits.length) return;
    after = distribution(logits, counts, get('temperature'), k);
    told.replaceChildren(h('div', {}, h('b', { className: 'ws-grey' }, say('model: ')), uncertainty(before, counts, chars)),
      h('div', {}, h('b', {}, say('now: ')), uncertainty(after, counts, chars)));
    tell(); w.redraw();
  }
  function row(i) {
    const rank = i + 1, word = q(words[i]), model = percent(before[i]);
    return after[i] ? say('{rank}. {word}: {model} by the model, {now} now.', { rank, word, model, now: percent(after[i]) })
      : get('temperature') ? say('{rank}. {word}: {model} by the model, cut away by top-k.', { rank, word, model })
        : say('{rank}. {word}: {model} by the model, never at temperature 0.', { rank, word, model });
  }
  function tell() {
    if (at >= 0) return w.say(row(at));
    const best = [0, 1, 2].filter((i) => after[i]).map((i) => `${q(words[i])} ${percent(after[i])}`).join(', ');
    const word = last && q(last[0]), came = !last || last[1] === null ? '' : last[1] ? say('{word} had {share}.', { word, share: percent(last[1]) }) : say('{word} had probability 0.', { word });
    w.say(came, say('Next: {words}', { words: best }), V > 3 && '…');
  }
  function status() {
    if (!busy() && later) { const [act, more] = later; later = null; ask(act, more); return; }
    const late = busy();
    note.textContent = get('status') || (late ? say('working…') : !get('draws').byteLength ? '' : get('learners') ? say('○ how often your function came in {tries} draws', { tries: get('tries') })
      : say('○ how often it came in {tries} draws', { tries: get('tries') }));
    note.classList.toggle('wt-bad', !!get('status'));
    back.disabled = !last || last[1] === null;
    if (!logits?.length) { w.say(get('status')); w.ready(); }
  }

  // ---- the bars: the model's in grey above what is drawn from
  w.draw(({ width: all, colours: c }) => {
    if (!logits?.length) return;
    const beside = all > 700;
    body.classList.toggle('ws-beside', beside);
    const width = beside ? Math.round(all * 0.56) : all - 2, top = 44, x = fit(canvas, width, top + BARS * ROW + 6);
    const came = numbers(get('draws'), Uint16Array), font = (px, bold) => `${bold ? 600 : 400} ${px}px ${c.font}`;
    x.font = font(13);
    const name = clamp(Math.max(...words.map((word) => x.measureText(visible(word)).width)) + 12, 40, 150), end = width - 112, long = end - name;
    const highest = Math.max(before[0], after[0], came.length ? Math.max(...came) / get('tries') : 0), ticks = [1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01];
    const to = Math.min(1, highest * 1.04), across = (p) => name + (p / to) * long, step = ticks.find((t) => to / t >= 2) || 0.005;
    const write = (words_, X, Y, ink, align = 'left', bold = false, size = 12) => { x.font = font(size, bold); x.fillStyle = ink; x.textAlign = align; x.fillText(words_, X, Y); };
    write(chars ? say('probability of the next character, the {number} likeliest', { number: BARS }) : say('probability of the next word, the {number} likeliest', { number: BARS }), 0, 9, c.ink, 'left', true, 13);
    write(say('model'), width - 58, 30, c.soft, 'right', true); write(say('now'), width - 4, 30, c.blue, 'right', true);
    for (let t = 0; t <= to; t += step) {
      x.strokeStyle = c.line; x.globalAlpha = 0.6; x.beginPath(); x.moveTo(across(t), top - 4); x.lineTo(across(t), top + BARS * ROW); x.stroke(); x.globalAlpha = 1;
      if (across(t) < end - 4) write(t ? `${+(100 * t).toFixed(1)} %` : '0', across(t), 30, c.soft, 'center');
    }
    rowAt = top;
    words.forEach((word, i) => {
      const Y = top + i * ROW, gone = !after[i];
      if (i === at) { x.fillStyle = c.blue; x.globalAlpha = c.dark ? 0.25 : 0.13; x.fillRect(0, Y, width, ROW); x.globalAlpha = 1; }
      write(visible(word), name - 8, Y + ROW / 2, gone ? c.soft : c.ink, 'right', i === at, 13);
      x.fillStyle = c.grey; x.fillRect(name, Y + 3, Math.max(0.5, across(before[i]) - name), 5);
      x.fillStyle = c.blue; x.fillRect(name, Y + 9, gone ? 0 : Math.max(1, across(after[i]) - name), 9);
      write(percent(before[i]), width - 58, Y + ROW / 2, c.soft, 'right');
      write(gone ? say('cut') : percent(after[i]), width - 4, Y + ROW / 2, gone ? c.soft : c.ink, 'right', !gone);
      if (came[i] || (came.length && !gone)) {
        x.beginPath(); x.arc(across(came[i] / get('tries')), Y + 13.5, 4, 0, 7); x.fillStyle = c.paper; x.fill();
        x.strokeStyle = c.orange; x.lineWidth = 2; x.stroke(); x.lineWidth = 1;
      }
    });
    canvas.setAttribute('aria-label', chars ? say('The {number} likeliest next characters before and after temperature and top-k; up and down choose one, Enter appends it, n draws', { number: BARS })
      : say('The {number} likeliest next words before and after temperature and top-k; up and down choose one, Enter appends it, n draws', { number: BARS }));
    w.ready();
  });

  // ---- mouse and keys
  const pick = (n) => { n = clamp(n, -1, BARS - 1); if (n !== at && after) { at = n; tell(); w.redraw(); } };
  const under = (e) => { const n = Math.floor((pointer(e, canvas)[1] - rowAt) / ROW); return n >= 0 && n < BARS ? n : -1; };
  const take = (n) => { if (n >= 0 && logits?.length) { player.stop(); ask('take', { rank: n }); } };
  w.listen(canvas, 'pointermove', (e) => pick(under(e)));
  w.listen(canvas, 'pointerleave', () => pick(-1));
  w.listen(canvas, 'click', (e) => take(under(e)));
  w.listen(canvas, 'keydown', (e) => {
    const to = { ArrowUp: Math.max(0, at - 1), ArrowDown: at + 1, Home: 0, End: BARS - 1 }[e.key];
    if (to !== undefined) { e.preventDefault(); pick(to); }
    if (e.key === 'Enter') take(at);
  });
  w.listen(el, 'keydown', (e) => { if (e.key === 'n' && !e.target.matches('[type=text], [type=number]') && !e.ctrlKey && !e.metaKey && !e.altKey) { player.stop(); ask('next'); } });

  w.on('logits', read);
  w.on('text', read);
  w.on(['temperature', 'top_k'], weigh);
  w.on(['answered', 'status'], status);
  w.on('draws', () => { status(); w.redraw(); });
  read();
  weigh();
});
