// The gradient on its way back through time: the kernel makes the gradients, this draws and clips them.

/** What becomes of the gradient between the last step and the first. */
export function story(sizes) {
  const steps = sizes.length - 1, first = sizes[0], last = sizes[steps];
  if (!sizes.every(Number.isFinite)) return say('The gradient overflows: it is too large for a number.');
  if (!last) return say('There is no gradient: at the last step it is 0.');
  if (!steps) return say('With one step there is no way back.');
  if (!first) return sayCount(steps, 'The gradient vanishes completely: after {number} step it is exactly 0.', 'The gradient vanishes completely: after {number} steps it is exactly 0.');
  const ratio = first / last, factor = number(ratio), each = number(ratio ** (1 / steps));
  if (ratio > 20) return sayCount(steps, 'The gradient explodes: after {number} step it is {factor} times as large ({each} a step).', 'The gradient explodes: after {number} steps it is {factor} times as large ({each} a step).', { factor, each });
  if (ratio > 2) return sayCount(steps, 'The gradient grows: after {number} step it is {factor} times as large ({each} a step).', 'The gradient grows: after {number} steps it is {factor} times as large ({each} a step).', { factor, each });
  if (ratio < 0.05) return sayCount(steps, 'The gradient vanishes: after {number} step {factor} of it is left ({each} a step).', 'The gradient vanishes: after {number} steps {factor} of it is left ({each} a step).', { factor, each });
  if (ratio < 0.5) return sayCount(steps, 'The gradient shrinks: after {number} step {factor} of it is left ({each} a step).', 'The gradient shrinks: after {number} steps {factor} of it is left ({each} a step).', { factor, each });
  return sayCount(steps, 'The gradient keeps its size: after {number} step {factor} of it is left ({each} a step).', 'The gradient keeps its size: after {number} steps {factor} of it is left ({each} a step).', { factor, each });
}

/** What clipping multiplies all gradients by; 1 when they are short enough or when there is no threshold. */
export function shrink(sizes, threshold) {
  const total = Math.hypot(...sizes);
  return threshold && Number.isFinite(total) && total > threshold ? threshold / total : 1;
}

export function clipping(sizes, threshold) {
  const all = Math.hypot(...sizes), by = shrink(sizes, threshold), [total, limit] = [all, threshold].map((v) => number(v));
  if (!threshold || !Number.isFinite(all)) return '';
  if (by === 1) return say('All steps together: {total}, within the threshold {limit}: clipping changes nothing.', { total, limit });
  return say('All steps together: {total}. Clipping to {limit} multiplies every step by {factor}; how much the first one gets compared with the last one stays as it was.', { total, limit, factor: number(by) });
}

/** The powers of ten at the ends of an axis: the smallest of a few fixed ranges that holds all sizes, else the largest. */
export function range(sizes) {
  const powers = sizes.filter((v) => v > 0 && Number.isFinite(v)).map(Math.log10), fixed = [[-4, 2], [-6, 6], [-8, 4], [-12, 12], [-20, 4], [-30, 18]];
  return fixed.find(([low, high]) => powers.every((p) => p >= low && p <= high)) || fixed[5];
}

export default widget((w) => {
  const { el, get } = w, canvas = h('canvas', { tabIndex: 0, role: 'img' }), note = h('div', { className: 'wt-note', role: 'status' });
  let values, sizes, T = 0, H = 0, at = 0, unit = -1, linear = false, wanted = null, place = null;
  const factor = () => shrink(sizes, get('threshold'));

  // ---- controls: while the kernel works on one question, only the last of the further ones is kept; not in the
  // model, where the kernel's echo of the first one would overwrite it
  const open = () => get('question').number !== get('answered');
  function ask(changes) {
    if (open()) wanted = { ...wanted, ...changes };
    else w.set({ question: { ...get('question'), ...changes, number: get('question').number + 1 } });
  }
  const scale = slider(w, 'spectral scale', [...get('scales'), 0.05], get('question').scale, (v) => ask({ scale: v }));
  const length = slider(w, 'steps', get('lengths'), get('question').length, (v) => ask({ length: v }));
  const kind = choice(w, 'activation', get('activations').map((n) => [n, n]), get('question').activation, (v) => ask({ activation: v }));
  const look = choice(w, 'colours', [['log', say('logarithmic')], ['linear', say('linear')]], 'log', (v) => { linear = v === 'linear'; w.redraw(); });
  const clip = h('input', { type: 'checkbox', checked: get('threshold') > 0 });
  const limit = slider(w, 'threshold', [-2, 3, 0.25], Math.log10(get('threshold') || 1), () => threshold());
  limit.input.setAttribute('aria-label', say('threshold, a power of ten'));
  w.listen(clip, 'change', () => threshold());
  function threshold(send = true) {
    const to = +(10 ** +limit.input.value).toPrecision(2);
    limit.lastChild.textContent = number(send ? to : get('threshold') || to);
    limit.input.disabled = !clip.checked;
    if (send) { w.set({ threshold: clip.checked ? to : 0 }); tell(); w.redraw(); }
  }
  el.append(title(get('title')),
    controls(scale, length, control('activation', kind)),
    controls(h('label', { className: 'wt-control' }, clip, say('clip the norm')), limit, control('colours', look)), canvas, w.read, note);
  threshold(false);

  function load() {
    const shown = get('shown');
    if (shown.length && get('sizes').byteLength) {
      const stay = at === T - 1 || !T;
      values = numbers(get('values'), Float32Array);
      sizes = Array.from(numbers(get('sizes'), Float32Array)); T = sizes.length; H = values.length / T;
      at = stay ? T - 1 : Math.min(at, T - 1);
      unit = Math.min(unit, H - 1);
      tell(); w.redraw();
    }
    status();
  }
  function status() {
    if (!open() && wanted) { const more = wanted; wanted = null; ask(more); }
    const question = { ...get('question'), ...wanted };
    note.textContent = open() ? say('working…') : get('status');
    note.classList.toggle('wt-bad', !open() && !!get('status'));
    scale.set(question.scale); length.set(question.length); kind.choose(question.activation);
    if (!T) { w.say(get('status')); w.ready(); }
  }
  function tell() {
    if (!T) return;
    const k = factor(), far = T - 1 - at, over = beyond(), norm = number(sizes[at] * k);
    const place = far ? say('Step {step}, {far} before the last one', { step: at + 1, far }) : say('Step {step}, the last one', { step: at + 1 });
    w.say(story(sizes), clipping(sizes, get('threshold')),
      over && say('At step {step} it is larger than a matrix of this scale allows: look for a mistake in the backward pass.', { step: over }),
      unit < 0 ? say('{place}: norm {norm}.', { place, norm }) : say('{place}: norm {norm}, unit {unit}: {value}.', { place, norm, unit: unit + 1, value: number(values[at * H + unit] * k) }));
  }
  /** The latest step whose gradient breaks the bound, 0 when none does. */
  function beyond() {
    if (!get('bound') || get('status')) return 0;
    for (let t = T - 2; t >= 0; t--) if (sizes[t] > 1.001 * sizes[T - 1] * get('shown').scale ** (T - 1 - t) + 1e-30) return t + 1;
    return 0;
  }

  // ---- the picture: the unrolled network, the heat map, the norms
  w.draw(({ width, colours: c }) => {
    if (!T) return;
    const wide = Math.min(width - 4, 980), left = 66, px = Math.min((wide - left - 60) / T, 64), across = (t) => left + (t + 0.5) * px;
    const cell = clamp(Math.floor(150 / H), 3, 16), map = 96, low0 = map + H * cell, plot = low0 + 46, tall = 176, end = left + T * px;
    const x = fit(canvas, wide, plot + tall + 52), k = factor(), now = sizes.map((v) => v * k), [low, high] = range([...now, ...sizes]);
    place = { left, px, map, cell };
    const up = (v) => plot + (high - clamp(Math.log10(v), low, high)) / (high - low) * tall;
    const most = values.reduce((m, v) => (Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m), 0) || 1;
    const strength = (v, top) => (linear ? Math.min(1, Math.abs(v) / top) : clamp((Math.log10(Math.abs(v * k)) - low) / (high - low), 0, 1));
    const text = (words, X, Y, { bold = false, ink = c.soft, align = 'left', size = 12 } = {}) => {
      x.font = `${bold ? 600 : 400} ${size}px ${c.font}`; x.fillStyle = ink; x.textAlign = align; x.fillText(words, X, Y);
    };
    const line = (points, ink, thick, dash = []) => {
      Object.assign(x, { strokeStyle: ink, lineWidth: thick }); x.setLineDash(dash); x.beginPath();
      points.forEach(([X, Y], i) => x[i ? 'lineTo' : 'moveTo'](X, Y)); x.stroke(); x.setLineDash([]);
    };
    // the chosen step
    x.fillStyle = c.blue; x.globalAlpha = c.dark ? 0.22 : 0.12; x.fillRect(across(at) - px / 2, 2, px, plot + tall - 2); x.globalAlpha = 1;
    // the unrolled network with the stream that flows back
    const mid = 38, top = Math.max(...sizes.filter(Number.isFinite), 1e-300), half = sizes.map((v) => (v ? 0.7 + 17 * (Number.isFinite(v) ? strength(v, top) : 1) : 0));
    x.fillStyle = c.orange; x.globalAlpha = 0.55; x.beginPath();
    x.moveTo(end + 8, mid - half[T - 1]);
    for (let t = T - 1; t >= 0; t--) x.lineTo(across(t), mid - half[t]);
    for (let t = 0; t < T; t++) x.lineTo(across(t), mid + half[t]);
    x.lineTo(end + 8, mid + half[T - 1]); x.fill(); x.globalAlpha = 1;
    line([[across(0), mid], [end + 8, mid]], c.soft, 1);
    const r = clamp(px * 0.3, 2.5, 11);
    for (let t = 0; t < T; t++) {
      x.beginPath(); x.arc(across(t), mid, r, 0, 7); x.fillStyle = c.paper; x.fill();
      Object.assign(x, { strokeStyle: t === at ? c.blue : c.ink, lineWidth: t === at ? 2.5 : 1.2 }); x.stroke();
    }
    text(say('states'), 4, mid, { bold: true, ink: c.ink, size: 13 });
    text(say('◀ gradient'), end + 29, mid - 24, { ink: c.orange, align: 'center', size: 11 });
    x.fillStyle = c.paper; x.strokeStyle = c.ink; x.lineWidth = 1.2; x.beginPath(); x.rect(end + 8, mid - 13, 42, 26); x.fill(); x.stroke();
    text(say('loss'), end + 29, mid, { ink: c.ink, align: 'center', size: 13 });
    // the heat map
    text(say('gradient of each hidden unit'), 4, map - 16, { bold: true, ink: c.ink, size: 13 });
    text(H < get('shown').hidden ? say('{number} of {all}', { number: H, all: get('shown').hidden }) : say('{number} units', { number: H }), left - 8, map + H * cell / 2, { align: 'right' });
    x.fillStyle = c.dark ? '#25292e' : '#f1f3f5'; x.fillRect(left, map, T * px, H * cell);
    for (let t = 0; t < T; t++) for (let j = 0; j < H; j++) {
      const v = values[t * H + j], X = Math.round(across(t) - px / 2), W = Math.round(across(t) + px / 2) - X;
      if (!v) continue;
      x.fillStyle = Number.isFinite(v) ? (v < 0 ? c.blue : c.orange) : c.pink; x.globalAlpha = Number.isFinite(v) ? strength(v, most) : 1;
      x.fillRect(X, map + j * cell, W, cell);
    }
    x.globalAlpha = 1;
    if (unit >= 0) { x.strokeStyle = c.ink; x.lineWidth = 2; x.strokeRect(across(at) - px / 2, map + unit * cell, px, cell); }
    const key = wide - 250, ends = linear ? [`−${number(most * k)}`, `+${number(most * k)}`] : [`−${power(high)}`, `+${power(high)}`];
    if (wide > 470) {
      [[c.blue, 1, 0], [c.orange, 0, 1]].forEach(([ink, from, to], i) => {
        const shade = x.createLinearGradient(key + 60 * i, 0, key + 60 * (i + 1), 0);
        x.fillStyle = c.dark ? '#25292e' : '#f1f3f5'; x.fillRect(key + 60 * i, map - 22, 60, 12);
        shade.addColorStop(from ? 0 : 1, ink); shade.addColorStop(to ? 0 : 1, `${ink}00`);
        x.fillStyle = shade; x.fillRect(key + 60 * i, map - 22, 60, 12);
      });
      text(ends[0], key - 6, map - 16, { align: 'right' });
      text(linear ? ends[1] : say('{end}, faint: {low}', { end: ends[1], low: power(low) }), key + 126, map - 16);
    }
    text(say('norm of the gradient, on a logarithmic axis'), 4, plot - 18, { bold: true, ink: c.ink, size: 13 });
    for (let p = low; p <= high; p += (high - low) / 6) {
      const Y = up(10 ** p);
      x.globalAlpha = 0.6; line([[left, Y], [end, Y]], c.line, 1); x.globalAlpha = 1;
      text(power(p), left - 8, Y, { align: 'right' });
    }
    const points = (list) => list.map((v, t) => [across(t), Number.isFinite(v) ? up(v || 10 ** low) : plot - 4]);
    x.save(); x.beginPath(); x.rect(left, plot - 8, T * px, tall + 16); x.clip();
    if (get('bound')) line(points(sizes.map((_, t) => sizes[T - 1] * k * get('shown').scale ** (T - 1 - t))), c.green, 1.5, [6, 4]);
    if (k < 1) line(points(sizes), c.grey, 1.5, [2, 3]);
    if (get('threshold')) line([[left, up(get('threshold'))], [end, up(get('threshold'))]], c.orange, 1.5);
    line(points(now), c.ink, 2);
    x.restore();
    points(now).forEach(([X, Y], t) => {
      x.beginPath(); x.arc(X, Y, t === at ? 5.5 : clamp(px * 0.2, 1.5, 3.5), 0, 7); x.fillStyle = t === at ? c.blue : c.ink; x.fill();
      if (!Number.isFinite(now[t])) text('∞', X, plot - 14, { align: 'center', ink: c.ink });
    });
    const step = [1, 2, 5, 10].find((n) => n * px >= 22) || 20;
    for (let t = 0; t < T; t++) if ((t + 1) % step === 0 || t === at) text(t + 1, across(t), plot + tall + 14, { align: 'center', ink: t === at ? c.blue : c.soft, bold: t === at });
    text(say('step'), left - 8, plot + tall + 14, { align: 'right' });
    let X = left;
    for (const [on, ink, dash, words] of [[true, c.ink, [], k < 1 ? say('clipped') : say('measured')], [k < 1, c.grey, [2, 3], say('before clipping')],
      [get('threshold'), c.orange, [], say('threshold')], [get('bound'), c.green, [6, 4], say('bound: × scale a step')]]) {
      if (!on) continue;
      line([[X, plot + tall + 38], [X + 22, plot + tall + 38]], ink, 2, dash);
      text(words, X + 28, plot + tall + 38);
      X += 44 + x.measureText(words).width;
    }
    canvas.setAttribute('aria-label', say('{activation}, spectral scale {scale}, {number} steps: the unrolled network, its gradients as a heat map, and their norm at each step; arrow keys choose a step and a unit',
      { activation: get('shown').activation, scale: get('shown').scale, number: T }));
    w.ready();
  });

  // ---- mouse and keys choose a step and a unit
  function pick(t, j) {
    t = clamp(t, 0, T - 1); j = clamp(j, -1, H - 1);
    if (t !== at || j !== unit) { at = t; unit = j; tell(); w.redraw(); }
  }
  const under = (e) => {
    if (!place) return;
    const [X, Y] = pointer(e, canvas), t = Math.floor((X - place.left) / place.px), j = Math.floor((Y - place.map) / place.cell);
    if (t >= 0 && t < T) pick(t, j >= 0 && j < H ? j : -1);
  };
  w.listen(canvas, 'pointermove', under);
  w.listen(canvas, 'pointerdown', under);
  w.listen(canvas, 'keydown', (e) => {
    const [dx, dy] = ARROWS[e.key] || [0, 0], edge = { Home: 0, End: T - 1 }[e.key];
    if (!T || (!dx && !dy && edge === undefined)) return;
    e.preventDefault();
    pick(edge ?? at + dx, unit + dy);
  });

  w.on(['shown', 'values', 'sizes'], load);
  w.on(['status', 'answered'], status);
  load();
});
