// One row of attention, step by step: products, scaling, softmax, output. Stands alone, and inside the explorer.

/** One row of attention, for the query q [E] and all keys k [S, E]: the products with key j, and for every key the raw
 *  score, the scaled one and the weight; allowed(key) says who may be looked at. */
export function scoreRow(q, k, j, scale, allowed = () => true) {
  const E = q.length, products = (key) => Array.from(q, (v, e) => v * k[key * E + e]), add = (list) => list.reduce((a, b) => a + b, 0);
  const raw = Array.from({ length: k.length / E }, (_, key) => add(products(key)));
  const scaled = raw.map((v, key) => (allowed(key) ? v * scale : -Infinity)), top = Math.max(...scaled);
  const powers = scaled.map((v) => (v === -Infinity ? 0 : Math.exp(v - top))), total = add(powers) || 1;
  return { products: products(j), raw, scaled, weights: powers.map((v) => v / total) };
}

/** The weighted sum of the values v [S, W]. */
export const mixed = (weights, v) => Array.from({ length: v.length / weights.length }, (_, e) =>
  weights.reduce((sum, weight, key) => sum + weight * v[key * (v.length / weights.length) + e], 0));

/** The arithmetic of query i and key j: {element, show(parts, i, j), words(), draw(width, colours)};
 *  parts holds queries [T, E], keys [S, E], values [S, W] or none, width E, scale, mask [T, S] or none, left and right.
 *  pick(key) is called when a key is chosen here, changed() when the step is. */
function panel(w, pick, changed) {
  let p = null, i = 0, j = 0, step = 'raw', all = null, place = null;
  const steps = [['raw', say('1  query · key')], ['scaled', say('2  ÷ √d')], ['weights', say('3  softmax')]];
  if (w.get('mixes')) steps.push(['output', say('4  output')]);
  const stepper = choice(w, 'one score, step by step', steps, step, (v) => { step = v; changed(); });
  const canvas = h('canvas', { tabIndex: 0, role: 'img' });
  const element = h('div', {}, controls(control('one score, step by step', stepper)), canvas);
  const q = (token) => `“${token}”`;

  function show(parts, query, key) {
    [p, i, j] = [parts, query, key];
    element.hidden = !p;
    if (!p) return;
    const E = p.width;
    all = scoreRow(p.queries.subarray(i * E, i * E + E), p.keys, j, p.scale, (k) => !p.mask?.length || p.mask[i * p.right.length + k]);
    all.output = p.values?.length ? mixed(all.weights, p.values) : [];
  }
  function words(given = all.weights[j]) {                      // given: the weight that the learner's function gave
    const [query, key] = [q(p.left[i]), q(p.right[j])], score = number(all.raw[j], 2), scaled = number(all.scaled[j], 2), weight = number(all.weights[j], 3);
    const masked = all.scaled[j] === -Infinity, all_of = (list) => list.map((n) => number(n, 2)).join(', ');
    if (step === 'raw' && p.width > 6) return say('The {width} products of {query} and {key} add up to {score}.', { width: p.width, query, key, score });
    if (step === 'raw') return say('The {width} products of {query} and {key} {products} add up to {score}.', { width: p.width, query, key, products: all_of(all.products), score });
    if (step === 'scaled' && masked) return say('{key} is masked: its score becomes −∞.', { key });
    if (step === 'scaled') return say('The score {score} divided by {root} is {scaled}.', { score, root: number(1 / p.scale, 2), scaled });
    if (step === 'weights' && masked) return say('{key} is masked: weight 0.', { key });
    if (step === 'output' && all.output.length > 6) return say('The values, each times its weight, add up to the output of {query}: {width} numbers; {key} gives {weight} of its value.', { query, width: all.output.length, key, weight });
    if (step === 'output') return say('The values, each times its weight, add up to the output of {query}: {output}; {key} gives {weight} of its value.', { query, output: all_of(all.output), key, weight });
    const said = say('e to the {scaled}, divided by the sum of that over all keys, is the weight {weight}.', { scaled, weight });
    return Math.abs(all.weights[j] - given) > 0.002 ? `${said} ${say('But the function gave {weight}.', { weight: number(given, 3) })}` : said;
  }
  function draw(width, c) {
    const E = p.width, S = p.right.length, wide = Math.min(width, 980), beside = wide > 640, half = beside ? wide / 2 - 20 : wide - 14, from = 84;
    const x = fit(canvas, wide, beside ? 216 : 412), most = (values) => Math.max(1e-9, ...Array.from(values).filter(Number.isFinite).map(Math.abs));
    const write = (text, X, Y, colour = c.soft, font = '12px', align = 'left', room = undefined) => { x.font = `${font} ${c.font}`; x.fillStyle = colour; x.textAlign = align; x.fillText(text, X, Y, room); };
    const bars = (values, X, W, zero, tall, top, colour, digits = 2) => {
      const each = W / values.length;
      x.fillStyle = c.line; x.fillRect(X, zero, W, 1);
      values.forEach((v, n) => {
        if (v > -Infinity) { x.fillStyle = colour(v, n); x.fillRect(X + (n + 0.5) * each - Math.min(24, Math.max(0.5, each / 2 - 0.5)), zero, Math.min(48, Math.max(1, each - 1)), (-v / top) * tall); }
        if (each > 38) write(number(v, digits), X + (n + 0.5) * each, v === -Infinity ? zero - 9 : zero - (v / top) * tall + (v < 0 ? 9 : -8), c.ink, '11px', 'center');
      });
    };
    const sign = (v) => (v < 0 ? c.pink : c.blue), line = ([what, name, values, top, digits], n) => {
      const zero = 50 + n * 64;
      write(what, 0, zero - 9); write(name, 0, zero + 8, c.ink, '600 13px', 'left', from - 8);
      bars(values, from, half - from, zero, 22, top, sign, digits);
    };
    const take = (array, n, size) => [...array.subarray(n * size, n * size + size)], feet = step === 'output';
    if (feet) {
      const W = all.output.length, own = take(p.values, j, W), share = own.map((v) => v * all.weights[j]), top = most(p.values);
      write(say('the {width} features of the values', { width: W }), from, 8);
      [[say('value of'), p.right[j], own, top], [say('times {weight}', { weight: number(all.weights[j], 3) }), '', share, top], [say('all together'), say('output'), all.output, top]].forEach(line);
    } else {
      const query = take(p.queries, i, E), key = take(p.keys, j, E), top = most([...query, ...key]);
      write(say('the {width} features', { width: E }), from, 8);
      [[say('query of'), p.left[i], query, top], [say('key of'), p.right[j], key, top], [say('products'), say('sum {score}', { score: number(all.raw[j], 2) }), all.products, most(all.products)]].forEach(line);
    }
    const soft = feet || step === 'weights', values = all[soft ? 'weights' : step], [X, Y] = beside ? [half + 40, 26] : [12, 234], each = half / S;
    const zero = Y + (soft ? 108 : 60), tall = soft ? 92 : 42, top = soft ? 1 : Math.max(most(all.raw), most(all.scaled));
    place = { X, Y, each, S };
    const caption = step === 'raw' ? say('query of {query} · key, for every key', { query: q(p.left[i]) })
      : step === 'scaled' ? say('divided by √d = {root}', { root: number(1 / p.scale, 2) }) : say('softmax: positive, and together 1');
    write(caption, X, 8 + (beside ? 0 : Y - 26));
    bars(values, X, half, zero, tall, top, (_, n) => (n === j ? c.orange : c.blue), soft ? 3 : 2);
    if (each <= 38) write(number(values[j], soft ? 3 : 2), clamp(X + (j + 0.5) * each, X + 20, X + half - 20), values[j] === -Infinity ? zero - 9 : zero - (values[j] / top) * tall + (values[j] < 0 ? 9 : -8), c.orange, '600 13px', 'center');
    p.right.forEach((t, n) => {
      if (each < 12 && n !== j) return;
      const flat = each > 60;
      x.save(); x.translate(X + (n + 0.5) * each, Y + 118); if (!flat) x.rotate(-Math.PI / 3.5);
      write(t, 0, flat ? 6 : 0, n === j ? c.orange : c.soft, n === j ? '600 12px' : '12px', flat ? 'center' : 'right', 84); x.restore();
    });
    canvas.setAttribute('aria-label', `${words()} ${say('Left and right arrow choose the key')}`);
  }
  w.listen(canvas, 'pointerdown', (e) => {
    const [x, y] = pointer(e, canvas), n = Math.floor((x - place.X) / place.each);
    if (n >= 0 && n < place.S && y > place.Y) pick(n);
  });
  w.listen(canvas, 'keydown', (e) => {
    const along = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
    if (along && p) { e.preventDefault(); pick(clamp(j + along, 0, p.right.length - 1)); }
  });
  return { element, show, words, draw };
}

function buildSteps(w) {
  const [left, right] = [w.get('left'), w.get('right')], read = (name, Type = Float32Array) => numbers(w.get(name), Type);
  const parts = { queries: read('query'), keys: read('key'), values: read('value'), mask: read('mask', Uint8Array), width: w.get('width'), scale: w.get('scale'), left, right };
  const row = panel(w, (key) => at(i, key), () => at(i, j));
  const query = choice(w, 'query', left.map((t, n) => [n, t]), 0, (n) => at(n, j));
  let [i, j] = w.get('pair');
  function at(a, b) {
    [i, j] = [a, b];
    row.show(parts, i, j); w.say(row.words()); w.redraw();
    if (String(w.get('pair')) !== String([i, j])) w.set({ pair: [i, j] });
  }
  w.el.append(title('Attention, one score after the other'), controls(control('query of', query)), row.element);
  w.draw(({ width, colours: c }) => { row.draw(width, c); w.ready(); });
  w.on('pair', () => { query.choose(w.get('pair')[0]); if (String(w.get('pair')) !== String([i, j])) at(...w.get('pair')); });
  query.choose(i);
  at(i, j);
}

export default widget(buildSteps);
