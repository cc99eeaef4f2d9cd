// Gradients in a deep network: the kernel trains and measures, this plays the steps back.

/** Where the sizes of one step lie: sizes is [steps, layers, 2, 3]; kind 0 gradients, 1 activations. */
export const sizeAt = (sizes, layers, step, layer, kind, what = 0) => sizes[((step * layers + layer) * 2 + kind) * 3 + what];

/** What becomes of a signal between the first and the last layer, `passed` layers apart, in one sentence.
 *  from, to: its typical size where it starts and where it arrives; forward: the activation, else the gradient. */
export function story(from, to, passed, forward = false) {
  const layers = passed + 1, whole = to / from, root = whole ** (1 / Math.max(1, passed)), factor = number(whole), each = number(root);
  const nothing = Math.max(from, to) < 1e-8, kept = root >= 0.75 && root <= 1.33;
  if (!Number.isFinite(from) || !Number.isFinite(to)) {
    return forward ? say('From layer 1 to layer {layers} the activation has overflowed.', { layers })
      : say('From layer {layers} back to layer 1 the gradient has overflowed.', { layers });
  }
  if (!from && to) {
    return forward ? say('From layer 1 to layer {layers} the activation comes out of nothing.', { layers })
      : say('From layer {layers} back to layer 1 the gradient comes out of nothing.', { layers });
  }
  if (!to) {
    return forward ? say('From layer 1 to layer {layers} the activation is lost: it reaches 0.', { layers })
      : say('From layer {layers} back to layer 1 the gradient is lost: it reaches 0.', { layers });
  }
  if (kept && nothing) {
    return forward ? say('From layer 1 to layer {layers} the activation keeps its size, which is next to nothing (factor {factor}, {each} a layer).', { layers, factor, each })
      : say('From layer {layers} back to layer 1 the gradient keeps its size, which is next to nothing (factor {factor}, {each} a layer).', { layers, factor, each });
  }
  if (kept) {
    return forward ? say('From layer 1 to layer {layers} the activation keeps its size (factor {factor}, {each} a layer).', { layers, factor, each })
      : say('From layer {layers} back to layer 1 the gradient keeps its size (factor {factor}, {each} a layer).', { layers, factor, each });
  }
  if (root < 1) {
    return forward ? say('From layer 1 to layer {layers} the activation vanishes (factor {factor}, {each} a layer).', { layers, factor, each })
      : say('From layer {layers} back to layer 1 the gradient vanishes (factor {factor}, {each} a layer).', { layers, factor, each });
  }
  return forward ? say('From layer 1 to layer {layers} the activation explodes (factor {factor}, {each} a layer).', { layers, factor, each })
    : say('From layer {layers} back to layer 1 the gradient explodes (factor {factor}, {each} a layer).', { layers, factor, each });
}

export default widget((w) => {
  const { el, get } = w, [low, high, bins] = get('span');
  el.classList.add('wt-gradients');
  const canvas = h('canvas', { tabIndex: 0, role: 'img' }), note = h('div', { className: 'wt-note', role: 'status' });
  let layers, steps, counts, sizes, losses, before = null, name = '', step = 0, layer = 0, timer = 0, boxes = [];

  // ---- controls: a change asks the kernel for another run, the last one of several quick changes
  function ask(changes) {
    clearTimeout(timer);
    for (const k in changes) w.model.set(k, changes[k]);
    timer = setTimeout(() => {
      w.set({ asked: get('asked') + 1 });
      note.classList.remove('wt-bad');
      note.textContent = say('working… (the kernel trains the network)');
    }, 120);
  }
  w.listen(w.signal, 'abort', () => clearTimeout(timer));
  const depth = slider(w, 'layers', get('depths'), get('depth'), (v) => ask({ depth: v }));
  const choices = [['activation', get('activations')], ['initialisation', get('initialisations')]].map(([key, names]) =>
    [key, choice(w, key, names.map((n) => [n, n]), get(key), (v) => ask({ [key]: v }))]);
  const play = button(w, 'play', 'play the steps', () => { if (step >= steps - 1) go(0); player.toggle(); });
  const bar = slider(w, 'step', [0, 1], 0, (v) => { player.stop(); go(v); });
  const player = w.player(() => { go(step + 1); return step < steps - 1; }, () => 160, (on) => { play.textContent = on ? say('pause') : say('play'); });
  el.append(title(get('title')),
    controls(...choices.map(([key, box]) => control(key, box)), depth),
    controls(play, bar), canvas, note);

  function load() {
    const shown = get('shown'), following = step && step >= steps - 1;
    if (!shown.layers) return status();
    if (name && name !== shown.name && get('losses').byteLength) before = { name, layers, sizes, last: steps - 1 };
    ({ layers, name } = shown);
    [counts, sizes, losses] = [numbers(get('histograms'), Uint8Array), numbers(get('sizes'), Float32Array), numbers(get('losses'), Float32Array)];
    steps = losses.length;
    layer = clamp(layer, 0, layers - 1);
    bar.input.max = steps - 1;
    go(following ? steps - 1 : step);
    status();
  }
  function go(to) {
    if (!steps) return;
    step = clamp(to, 0, steps - 1);
    bar.set(step);
    bar.lastChild.textContent = say('{number} of {all}', { number: step, all: steps - 1 });
    tell();
    w.redraw();
  }
  function status() {
    if (get('asked') !== get('answered')) { note.textContent = say('working… step {step} of {steps}', { step: steps ?? 0, steps: get('steps') }); return; }
    note.textContent = get('status') || (before ? say('The dashed line is the run before: {name}.', { name: before.name }) : '');
    note.classList.toggle('wt-bad', !!get('status'));
    depth.set(get('depth'));
    choices.forEach(([key, box]) => box.choose(get(key)));
    if (!get('shown').layers) { w.say(get('status')); w.ready(); }
  }
  function tell() {
    const at = (l, kind, what) => sizeAt(sizes, layers, step, l, kind, what), last = layers - 1;
    w.say(say('Step {step}, loss {loss}.', { step, loss: number(losses[step]) }), story(at(last, 0), at(0, 0), last), story(at(0, 1), at(last, 1), last, true),
      say('Layer {layer}: typical gradient {gradient}, typical activation {activation}, {share} % of the activations are 0.',
        { layer: layer + 1, gradient: number(at(layer, 0)), activation: number(at(layer, 1)), share: number(100 * at(layer, 1, 1)) }));
  }

  // ---- the picture: gradients, activations, loss
  function panel(x, box, kind, colours) {
    const { left, top, width, height } = box, ink = kind ? colours.blue : colours.orange;
    const across = (l) => left + (l + 0.5) * width / layers, up = (v) => top + (high - clamp(v, low, high)) / (high - low) * height;
    x.font = `600 13px ${colours.font}`; x.fillStyle = colours.ink; x.textAlign = 'left'; x.textBaseline = 'middle';
    x.fillText(kind ? say('size of the activations') : say('size of the gradients of {what}', { what: get('gradients_of') }), left - 40, top - 18);
    x.font = `12px ${colours.font}`; x.fillStyle = colours.soft; x.strokeStyle = colours.line; x.lineWidth = 1;
    x.textAlign = 'right';
    for (let p = low; p <= high; p += 4) {
      x.globalAlpha = 0.6; x.beginPath(); x.moveTo(left, up(p)); x.lineTo(left + width, up(p)); x.stroke(); x.globalAlpha = 1;
      x.fillText(power(p), left - 6, up(p));
    }
    x.fillText('0', left - 6, top + height + 12);
    x.textAlign = 'center';
    const every = Math.ceil(layers * 22 / width);
    for (let l = 0; l < layers; l += every) x.fillText(l + 1, across(l), top + height + 34);
    x.fillText(kind ? say('layer (forward pass: left to right)') : say('layer (backward pass: right to left)'), left + width / 2, top + height + 52);
    const slot = width / layers, cell = height / bins;
    x.fillStyle = ink; x.globalAlpha = 0.12; x.fillRect(across(layer) - slot / 2, top, slot, height + 20);
    for (let l = 0; l < layers; l++) {
      const o = ((step * layers + l) * 2 + kind) * bins;
      x.globalAlpha = 0.55;
      for (let b = 0; b < bins; b++) {
        const wide = Math.sqrt(counts[o + b] / 255) * slot * 0.94;
        if (wide) x.fillRect(across(l) - wide / 2, top + height - (b + 1) * cell, wide, cell - 0.4);
      }
      const zeros = sizeAt(sizes, layers, step, l, kind, 1) * slot * 0.94;
      x.globalAlpha = 1;
      if (zeros) x.fillRect(across(l) - zeros / 2, top + height + 8, zeros, 8);
    }
    const line = (of, n, at, dash) => {
      x.setLineDash(dash); x.beginPath();
      for (let l = 0; l < n; l++) {
        const v = sizeAt(of, n, at, l, kind), y = v ? up(Math.log10(v)) : top + height + 12;
        x[l ? 'lineTo' : 'moveTo'](left + (l + 0.5) * width / n, Number.isNaN(y) ? top : y);
      }
      x.stroke(); x.setLineDash([]);
    };
    x.strokeStyle = colours.soft; x.lineWidth = 1.5;
    if (before) line(before.sizes, before.layers, Math.min(step, before.last), [5, 4]);
    x.strokeStyle = colours.ink; x.lineWidth = 2;
    line(sizes, layers, step, []);
    x.fillStyle = colours.ink;
    for (let l = 0; l < layers; l++) {
      const v = sizeAt(sizes, layers, step, l, kind);
      if (!Number.isFinite(v)) x.fillText('∞', across(l), top - 5);
      else { x.beginPath(); x.arc(across(l), v ? up(Math.log10(v)) : top + height + 12, l === layer ? 5 : 3, 0, 7); x.fill(); }
    }
  }
  function lossCurve(x, left, top, width, height, colours) {
    const known = [...losses].filter(Number.isFinite), [least, most] = [Math.min(...known), Math.max(...known)];
    const px = (s) => left + s / Math.max(1, steps - 1) * width, py = (v) => top + height * (most > least ? (most - v) / (most - least) : 0.5);
    x.font = `600 13px ${colours.font}`; x.fillStyle = colours.ink; x.textAlign = 'left';
    x.fillText(say('loss over the steps'), left - 40, top - 12);
    if (!known.length) return x.fillText(say('not a number'), left, top + height / 2);
    x.font = `12px ${colours.font}`; x.fillStyle = colours.soft; x.textAlign = 'right';
    x.fillText(number(most), left - 6, top + 4);
    if (most > least) x.fillText(number(least), left - 6, top + height);
    x.strokeStyle = colours.ink; x.lineWidth = 2; x.beginPath();
    for (let s = 0; s < steps; s++) if (Number.isFinite(losses[s])) x.lineTo(px(s), py(losses[s]));
    x.stroke();
    x.strokeStyle = colours.line; x.lineWidth = 1; x.beginPath(); x.moveTo(px(step), top - 4); x.lineTo(px(step), top + height + 4); x.stroke();
    if (Number.isFinite(losses[step])) { x.fillStyle = colours.orange; x.beginPath(); x.arc(px(step), py(losses[step]), 5, 0, 7); x.fill(); }
  }
  w.draw(({ width, colours }) => {
    if (!steps) return;
    const wide = Math.min(width - 12, 1000), beside = wide >= 620, each = beside ? wide / 2 : wide, tall = 240;
    boxes = [0, 1].map((k) => ({ left: 48 + (beside ? k * each : 0), top: 30 + (beside ? 0 : k * 330), width: each - 64, height: tall }));
    const bottom = 30 + tall + 62 + (beside ? 0 : 330), x = fit(canvas, wide, bottom + 92);
    panel(x, boxes[0], 0, colours);
    panel(x, boxes[1], 1, colours);
    lossCurve(x, 48, bottom + 28, wide - 64, 48, colours);
    canvas.setAttribute('aria-label', say('{name}: the spread of gradients and activations of {layers} layers on a logarithmic axis; left and right arrow choose a layer', { name, layers }));
    w.ready();
  });

  // ---- mouse and keys choose a layer
  const pick = (l) => { l = clamp(l, 0, layers - 1); if (l !== layer) { layer = l; tell(); w.redraw(); } };
  w.listen(canvas, 'pointermove', (e) => {
    const { left, top } = canvas.getBoundingClientRect(), [x, y] = [e.clientX - left, e.clientY - top];
    const box = boxes.find((b) => x >= b.left && x < b.left + b.width && y >= b.top && y < b.top + b.height + 40);
    if (box) pick(Math.floor((x - box.left) / box.width * layers));
  });
  w.listen(canvas, 'keydown', (e) => {
    const to = { ArrowLeft: layer - 1, ArrowRight: layer + 1, Home: 0, End: layers - 1 }[e.key];
    if (to !== undefined && steps) { e.preventDefault(); pick(to); }
  });

  w.on(['shown', 'sizes'], load);
  w.on(['status', 'answered', 'depth', 'activation', 'initialisation'], status);
  load();
});
