// Computation graph: the kernel lays it out and writes every number; this shows them step by step.

/** The last of [step, ...texts] that has been reached, or null. */
export const reached = (rows, step) => rows.filter(([from]) => from <= step).at(-1) ?? null;

/** All paths to a number in nested lists, e.g. [[0, 0], [0, 1]] for one row of two; [[]] for a single number. */
export const paths = (value, path = []) =>
  Array.isArray(value) ? value.flatMap((v, i) => paths(v, [...path, i])) : [path];

export const at = (value, path) => path.reduce((v, i) => v[i], value);

/** A copy of nested lists with another number at one path. */
export const replaced = (value, [i, ...rest], x) =>
  i === undefined ? x : value.map((v, k) => (k === i ? replaced(v, rest, x) : v));

/** How far to scroll so that a box is seen with its neighbours. */
export const scrolled = (left, width, view, total) => clamp(left + width / 2 - view / 2, 0, Math.max(0, total - view));

function svg(tag, attributes, text = '') {
  const e = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const k in attributes) e.setAttribute(k, attributes[k]);
  e.textContent = text;
  return e;
}

export default widget((w) => {
  const { el, get, set } = w;
  el.classList.add('wt-graph');
  const picture = h('div', { className: 'wt-picture' }), labels = () => picture.querySelector('.labels');
  const inspect = h('div', { className: 'wt-inspect' }), note = h('div', { className: 'wt-note', role: 'status' });
  const fields = h('div', { className: 'wt-row' }), key = h('div', { className: 'wt-key' });
  const last = () => Math.max(0, (get('numbers').steps?.length ?? 1) - 1);
  let nodes = [], edges = [], chosen = null, waiting = 0, before = [];

  const go = (step) => { chosen = null; set({ step: clamp(step, 0, last()) }); };
  const player = w.player(() => { go(get('step') + 1); return get('step') < last(); }, () => 900, (on) => {
    play.textContent = on ? say('pause') : say('play');
    play.title = play.textContent;
    play.setAttribute('aria-label', play.title);
  });
  const start = () => { if (get('step') >= last()) go(0); player.toggle(); };
  const by = (step) => () => { player.stop(); go(step()); };
  const first = button(w, '⇤', 'to the start', by(() => 0)), back = button(w, '←', 'one step back', by(() => get('step') - 1));
  const play = button(w, 'play', 'play', start);
  const next = button(w, '→', 'one step on', by(() => get('step') + 1)), end = button(w, '⇥', 'to the end', by(last));
  const bar = slider(w, 'step', [0, 1], 0, (step) => { player.stop(); go(step); });
  el.append(title(get('title')));

  const ask = (changes) => {
    set({ ...changes, asked: get('asked') + 1 });
    clearTimeout(waiting);
    waiting = setTimeout(() => { if (get('asked') !== get('answered')) note.textContent = say('working… (the kernel computes)'); }, 200);
  };
  w.listen(w.signal, 'abort', () => clearTimeout(waiting));
  const whole = h('input', { type: 'checkbox' });
  w.listen(whole, 'change', draw);
  const presets = h('select', {}, ...get('names').map((name) => new Option(name, name)));
  w.listen(presets, 'change', () => { player.stop(); ask({ preset: presets.value }); });
  if (get('names').length > 1) el.append(controls(control('expression', presets)));
  el.append(fields, controls(first, back, play, next, end, bar, control('whole graph', whole)), key, picture, inspect, note);

  // ---- inputs: one field for a number; for an array a list of its entries and a field
  let shownFor = '';
  function buildFields() {
    const inputs = get('inputs');
    const same = JSON.stringify(Object.entries(inputs).map(([name, value]) => [name, paths(value)]));
    if (same !== shownFor) {
      shownFor = same;
      fields.replaceChildren(...Object.entries(inputs).map(([name, value]) => {
        const all = paths(value);
        if (all.length > 400) return '';
        const field = h('input', { type: 'number', step: 'any', 'aria-label': name });
        const box = control(name, field);
        let entry = all[0];
        if (all.length > 1) {
          const list = h('select', { 'aria-label': say('entry of {name}', { name }) }, ...all.map((p, k) => new Option(`[${p}]`, k)));
          w.listen(list, 'change', () => { entry = all[list.value]; box.show(); });
          field.before(list);
        }
        box.show = () => { const v = at(get('inputs')[name], entry); if (field.valueAsNumber !== v) field.value = +v.toPrecision(4); };
        w.listen(field, 'input', () => {
          if (Number.isFinite(field.valueAsNumber)) ask({ inputs: { ...get('inputs'), [name]: replaced(get('inputs')[name], entry, field.valueAsNumber) } });
        });
        return box;
      }));
    }
    for (const box of fields.children) box.show?.();
  }

  // ---- the drawing: once for each layout
  function draw() {
    const { svg: drawn } = get('drawing'), focused = picture.contains(document.activeElement);
    picture.innerHTML = drawn ?? '';
    nodes = [...picture.querySelectorAll('.node')].map((g) => ({ g, text: (name) => g.querySelector(`.${name}`) }));
    edges = [...picture.querySelectorAll('.edge')];
    if (!drawn) return;
    const box = picture.firstChild, { width } = box.viewBox.baseVal;
    Object.assign(box.style, { maxWidth: `${width * (width < 620 ? 1.25 : 1)}px`, minWidth: whole.checked ? 0 : `${width * 0.9}px` });   // then it scrolls
    box.setAttribute('aria-label', say('{name}, a graph of {number} nodes; left and right arrow step, up and down choose a node', { name: get('preset'), number: nodes.length }));
    show();
    if (focused) focus();
  }
  const current = () => clamp(chosen ?? get('numbers').steps?.[get('step')]?.node ?? 0, 0, nodes.length - 1);
  function focus() {
    const g = nodes[current()]?.g;
    g?.focus({ preventScroll: true });
  }
  function line(node, name, text, fresh) {
    const e = node.text(name);
    if (!e || e.textContent === text) return;
    e.textContent = text;
    e.classList.toggle('changed', fresh);
  }

  function show() {
    const { nodes: said, edges: links, steps } = get('numbers');
    presets.value = get('preset');
    bar.input.max = last();
    const step = clamp(get('step'), 0, last()), { node: active, phase } = steps?.[step] ?? {};
    bar.set(step);
    bar.lastChild.textContent = say('{number} of {all}', { number: step, all: last() });
    first.disabled = back.disabled = step === 0;
    next.disabled = end.disabled = step === last();
    if (!said || said.length !== nodes.length || links.length !== edges.length) return;
    const pick = current(), now = [step, get('preset')].join(), fresh = before[0] === now && before[1] !== get('numbers');
    before = [now, get('numbers')];
    said.forEach((n, i) => {
      const node = nodes[i], gradient = reached(n.gradients, step), [from, verdict] = n.verdict, judged = step >= from && verdict;
      line(node, 'value', step >= n.from ? n.value : '', fresh);
      line(node, 'gradient', gradient ? `∂ ${gradient[1]}${judged === '✓' ? ' ✓' : ''}` : '', fresh);
      line(node, 'verdict', judged || '', fresh);
      node.text('verdict')?.classList.toggle('remark', !verdict.startsWith('✗'));
      const on = i === active ? ` ${phase}` : '';
      node.g.setAttribute('class', `node ${n.kind}${on}${i === pick ? ' chosen' : ''}${step < n.from ? ' later' : ''}`);
      node.g.setAttribute('tabindex', i === pick ? 0 : -1);
      node.g.setAttribute('aria-label', words(n, step));
    });
    const shown = [];
    links.forEach((edge, e) => {
      const now = edge.target === active, done = edge.lines.length && step >= edge.step;
      edges[e].setAttribute('class', `edge${now && phase === 'forward' ? ' forward' : now && done ? ' backward' : done ? ' done' : ''}`);
      if (!done || !(get('drawing').few || now || edge.target === pick || edge.source === pick)) return;
      const [x, y] = get('drawing').labels[e], rows = edge.lines.length, wide = Math.max(...edge.lines.map((t) => t.length)) * 6.8 + 6;
      shown.push(svg('rect', { x: x - wide / 2, y: y - 7.5 * rows, width: wide, height: 15 * rows }));
      edge.lines.forEach((text, k) => shown.push(svg('text', { x, y: y + 15 * (k - (rows - 1) / 2) + 4, class: now ? 'now' : '' }, text)));
    });
    labels().replaceChildren(...shown);
    examine(pick, step);
    w.say(chosen === null ? steps[step].words : words(said[pick], step));
    if (el.dataset.ready && active !== null) {
      const box = picture.firstChild.getBoundingClientRect(), g = nodes[pick].g.getBoundingClientRect();
      if (g.width) picture.scrollLeft = scrolled(g.left - box.left, g.width, picture.clientWidth, box.width);
    }
    w.ready();
  }
  function words(n, step) {
    const { name, value } = n, gradient = reached(n.gradients, step)?.[1], [from, verdict] = n.verdict, wrong = verdict.startsWith('✗');
    const kind = { input: say('input'), constant: say('constant'), operation: say('operation'), output: say('output') }[n.kind];
    const remark = step < from || verdict.length < 2 ? '' : wrong ? verdict.slice(2) : verdict;
    if (step < n.from) return say('{name}, {kind}: not computed yet', { name, kind });
    if (!gradient && !remark) return say('{name}, {kind}: value {value}', { name, kind, value });
    if (!gradient && wrong) return say('{name}, {kind}: value {value}, wrong: {remark}', { name, kind, value, remark });
    if (!gradient) return say('{name}, {kind}: value {value}, {remark}', { name, kind, value, remark });
    if (!remark) return say('{name}, {kind}: value {value}, gradient {gradient}', { name, kind, value, gradient });
    if (wrong) return say('{name}, {kind}: value {value}, gradient {gradient}, wrong: {remark}', { name, kind, value, gradient, remark });
    return say('{name}, {kind}: value {value}, gradient {gradient}, {remark}', { name, kind, value, gradient, remark });
  }

  /** The chosen node with all its numbers: its value and gradient, and what it sends to each of its parents. */
  function examine(i, step) {
    const { nodes: said, edges: links } = get('numbers'), n = said[i], gradient = reached(n.gradients, step);
    const row = (tag, ...texts) => h('tr', {}, ...texts.map((t) => h(tag, {}, t)));
    const table = h('table', {}, row('th', say('node'), say('value'), say('gradient')), row('td', n.title, step >= n.from ? n.all : '', gradient?.[2] ?? ''));
    const flow = (title, mine, other) => {
      const known = mine.filter((edge) => edge.lines.length && step >= edge.step);
      if (known.length) table.append(row('th', title, say('upstream'), say('local'), say('downstream')), ...known.map((edge) =>
        row('td', said[edge[other]].title, edge.upstream, edge.local || '–', edge.downstream)));
    };
    flow(say('receives from'), links.filter((edge) => edge.source === i), 'target');
    flow(say('sends back to'), links.filter((edge) => edge.target === i), 'source');
    inspect.replaceChildren(table);
  }

  function status() {
    const empty = !get('numbers').nodes;          // then the read-out says it
    note.textContent = empty ? '' : get('status');
    note.classList.toggle('wt-bad', get('failed') || (get('numbers').nodes ?? []).some((n) => n.verdict[1].startsWith('✗')));
    w.read.classList.toggle('wt-bad', empty && get('failed'));
    if (empty) { w.say(get('status')); w.ready(); }
  }
  key.append(...[['3', '--wt-value', say('value')], ['∂ 2', '--wt-gradient', say('gradient of the output with respect to the node')], ['1 × 2 = 2', '--wt-gradient', say('upstream × local = downstream')]]
    .map(([sign, colour, text]) => { const b = h('b', {}, sign); b.style.color = `var(${colour})`; return h('span', {}, b, ` ${text}`); }));

  // ---- mouse and keys
  const at_ = (target) => nodes.findIndex(({ g }) => g.contains(target));
  w.listen(picture, 'click', (e) => { const i = at_(e.target); if (i >= 0) { chosen = i; show(); focus(); } });
  w.listen(picture, 'keydown', (e) => {
    const step = get('step');
    const move = { ArrowRight: step + 1, ArrowLeft: step - 1, Home: 0, End: last() }[e.key];
    const other = { ArrowUp: -1, ArrowDown: 1 }[e.key];
    if (move !== undefined) { player.stop(); go(move); } else if (other) { chosen = clamp(current() + other, 0, nodes.length - 1); show(); } else if (e.key === ' ') start(); else return;
    e.preventDefault();
    focus();
  });

  w.on('drawing', draw);
  w.on(['numbers', 'step'], show);
  w.on('inputs', buildFields);
  w.on(['status', 'failed', 'answered', 'numbers'], status);
  buildFields();
  draw();
  status();
});
