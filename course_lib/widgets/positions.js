// Positional encodings: map, waves, dot products, and a shift as a rotation.

/** The reference [length, d]: column 2m is sin(position / base^(2m/d)), column 2m + 1 the cos of it. */
export function encoding(length, d, base) {
  const out = new Float64Array(length * d);
  for (let i = 0; i < d; i++) {
    const frequency = base ** (-2 * Math.floor(i / 2) / d), wave = i % 2 ? Math.cos : Math.sin;
    for (let p = 0; p < length; p++) out[p * d + i] = wave(p * frequency);
  }
  return out;
}

/** How many positions until a column repeats. */
export const wavelength = (i, d, base) => 2 * Math.PI * base ** (2 * Math.floor(i / 2) / d);

export function dot(a, d, p, q) {
  let sum = 0;
  for (let i = 0; i < d; i++) sum += a[p * d + i] * a[q * d + i];
  return sum;
}

/** Columns 2m and 2m + 1 at position p; and turned by `angle`, as a shift turns them. */
export const couple = (a, d, p, m) => [a[p * d + 2 * m], a[p * d + 2 * m + 1]];
export function turned(a, d, p, m, angle) {
  const [s, c] = couple(a, d, p, m);
  return [s * Math.cos(angle) + c * Math.sin(angle), c * Math.cos(angle) - s * Math.sin(angle)];
}

const told = (v, digits = 3) => (Number.isNaN(v) ? say('not a number') : number(v, digits));
const degrees = (a) => told(a * 180 / Math.PI, 1);
const long = (v) => (v < 100 ? v.toFixed(1) : Math.round(v).toLocaleString('en'));

const BASES = [10, 30, 100, 300, 1000, 3000, 10000, 30000, 100000], LEFT = 44, TOP = 40, TALL = 340;

function build(w) {
  const get = w.get, bases = [...new Set([...BASES, get('base')])].sort((a, b) => a - b);
  let n, d, b, own, theirs = null, got = [], view = 'waves', shown = 'course', map = null, inked = null, place = {}, right = {}, x, c;
  let [p, i] = get('at'), hover = null, k = get('shift'), kept = [];
  const at = () => hover || [p, i], rate = (m) => b ** (-2 * m / d), q = () => clamp(at()[0] + k, 0, n - 1);

  // ---- controls ----
  const width = slider(w, 'd', [2, 128, 2], get('d'), (v) => w.set({ d: v }));
  const length = slider(w, 'length', [4, 100], get('length'), (v) => w.set({ length: v }));
  const base = slider(w, 'base', [0, bases.length - 1], 0, (n) => w.set({ base: bases[n] }));
  const source = choice(w, 'numbers of', [['course', say('the course')], ['yours', say('your function')], ['difference', say('the difference')]], shown, (v) => { shown = v; fresh(); });
  const kind = choice(w, 'view', [['waves', say('waves')], ['dots', say('dot products')], ['rotation', say('shift as rotation')]], view, (v) => { view = v; fresh(); });
  const shift = slider(w, 'shift', [-40, 40], k, (v) => { k = v; fresh(); });
  const [heat, other] = [0, -1].map((tabIndex) => h('canvas', { tabIndex, role: 'img', className: 'wp-canvas' })), note = h('div', { className: 'wt-note', 'aria-live': 'polite' });
  w.el.append(title('Positions as waves'),
    controls(width, length, base, ...(get('asks') ? [control('numbers of', source)] : [])),
    controls(control('view', kind), shift), h('div', { className: 'wp-body' }, heat, other), w.read, note);

  function load() {
    [n, d, b] = [get('length'), get('d'), get('base')];
    own = encoding(n, d, b);
    const asked = String([n, d, b]), current = String(get('theirs_for')) === asked;
    theirs = got[0] === asked && got[1].length ? got[1] : null;
    note.textContent = !get('asks') ? '' : current ? get('status') : say('Asking your function (kernel needed) …');
    note.classList.toggle('wt-bad', current && get('bad'));
    width.set(d); length.set(n); base.set(bases.indexOf(b));
    base.lastChild.textContent = b.toLocaleString('en');
    kept = kept.filter((c) => c < d);
    [p, i, hover] = [clamp(p, 0, n - 1), clamp(i, 0, d - 1), null];
    fresh();
  }
  const numbersOf = () => (shown === 'course' || !theirs ? own : theirs);
  function fresh() {
    map = shown === 'course' ? own : shown === 'yours' ? theirs : theirs?.map((v, n) => v - own[n]);
    inked = null; shift.hidden = view === 'waves';
    tell();
  }

  // ---- words ----
  function tell() {
    const [row, column] = at(), a = numbersOf(), m = Math.floor(column / 2), cell = row * d + column, to = q(), gap = to - row;
    const pair = (s) => `(${told(s[0], 2)}, ${told(s[1], 2)})`;
    if (!map) w.say(say('No numbers to show.'));
    else if (view === 'waves') {
      const wave = `${told(own[cell])} = ${column % 2 ? 'cos' : 'sin'}(${row} ÷ ${long(1 / rate(m))})`;
      w.say(shown === 'course' ? say('Position {row}, dimension {column}: {wave}.', { row, column, wave })
        : say('Position {row}, dimension {column}: your function gives {value}, the course {wave}.', { row, column, value: told(theirs[cell]), wave }),
      say('This wave repeats every {length} positions.', { length: long(wavelength(column, d, b)) }));
    } else if (view === 'dots') {
      w.say(say('Position {row} · position {to} = {product}; position {row} with itself {own}.', { row, to, product: told(dot(a, d, row, to), 2), own: told(dot(a, d, row, row), 2) }),
        spread(a, gap) < 1e-3 * d ? say('All pairs as far apart give the same: only the distance counts.') : say('Other pairs as far apart give other numbers.'));
    } else {
      const turn = turned(a, d, row, m, gap * rate(m)), there = couple(a, d, to, m), [moved, found] = [turn, there].map(pair);
      w.say(say("Dimensions {first} and {second}: a shift by {gap} turns every position's pair by the same angle, {angle}°.", { first: 2 * m, second: 2 * m + 1, gap: number(gap, 0), angle: degrees(gap * rate(m)) }),
        Math.hypot(turn[0] - there[0], turn[1] - there[1]) < 1e-3 ? say('Position {row} turned is {moved}, which is what stands at position {to}.', { row, moved, to })
          : say('Position {row} turned is {moved}, but {found} is what stands at position {to}.', { row, moved, found, to }));
    }
    w.redraw();
  }
  function spread(a, gap) {
    const all = [];
    for (let s = Math.max(0, -gap); s < n - Math.max(0, gap); s++) all.push(dot(a, d, s, s + gap));
    return Math.max(...all) - Math.min(...all);
  }

  // ---- pictures ----
  const write = (text, X, Y, align = 'left', colour = c.soft, font = '12px') => { x.font = `${font} ${c.font}`; x.fillStyle = colour; x.textAlign = align; x.fillText(text, X, Y); };
  const position = (row) => say('position {row}', { row }), dimension = (v) => say('dimension {v}', { v });
  const upright = (text, Y) => { x.save(); x.translate(9, Y); x.rotate(-Math.PI / 2); write(text, 0, 0, 'center'); x.restore(); };
  function heatMap(wide) {
    const W = wide - LEFT - 6, H = TALL - TOP - 40, [row, column] = at(), [px, py] = [W / d, H / n];
    x = fit(heat, wide, TALL);
    const ends = c.dark ? [[86, 180, 233], [24, 28, 33], [240, 168, 50]] : [[0, 98, 160], [255, 255, 255], [213, 94, 0]];
    place = { W, H };
    if (!inked || inked.dark !== c.dark) {
      inked = Object.assign(h('canvas', { width: d, height: n }), { dark: c.dark });
      const ink = inked.getContext('2d'), image = ink.createImageData(d, n), v = (t) => Math.abs(clamp(t, -1, 1));
      map?.forEach((t, m) => image.data.set(Number.isNaN(t) ? [136, 136, 136, 255] : [...ends[1].map((e, k) => e + (ends[t < 0 ? 0 : 2][k] - e) * v(t)), 255], 4 * m));
      ink.putImageData(image, 0, 0);
    }
    x.imageSmoothingEnabled = false;
    x.drawImage(inked, LEFT, TOP, W, H);
    x.strokeStyle = c.line; x.strokeRect(LEFT - 0.5, TOP - 0.5, W + 1, H + 1);
    for (const t of round(0, d - 1, W / 34)) write(t, LEFT + (t + 0.5) * px, TOP - 10, 'center');
    for (const t of round(0, n - 1, H / 20)) write(t, LEFT - 6, TOP + (t + 0.5) * py, 'right');
    for (const v of kept) write('▾', LEFT + (v + 0.5) * px, TOP - 3, 'center', c.ink);
    write(say('dimension'), LEFT + W / 2, 10, 'center');
    upright(say('position'), TOP + H / 2);
    Object.assign(x, { strokeStyle: c.ink, lineWidth: 1.5 });
    x.strokeRect(LEFT, TOP + row * py, W, py); x.strokeRect(LEFT + column * px, TOP, px, H);
    x.setLineDash([4, 3]);
    if (view !== 'waves') x.strokeRect(LEFT, TOP + q() * py, W, py);
    const Y = TOP + H + 20, bar = x.createLinearGradient(LEFT + 22, 0, LEFT + 142, 0);
    ends.forEach((e, k) => bar.addColorStop(k / 2, `rgb(${e})`));
    x.fillStyle = bar; x.fillRect(LEFT + 22, Y - 6, 120, 12);
    write('−1', LEFT, Y); write('1', LEFT + 150, Y);
    heat.setAttribute('aria-label', say('Map of {n} positions by {d} dimensions; arrow keys choose a number, Enter keeps its wave', { n, d }));
  }
  function axes(wide, [low, high], [from, to], names, levels) {
    const [X, Y, W, H] = [54, 18, wide - 154, TALL - 64], sx = (v) => X + (v - from) / (to - from) * W, sy = (v) => Y + (high - v) / (high - low) * H;
    x.fillStyle = c.line;
    for (const v of levels) x.fillRect(X, sy(v), W, 1);
    for (const v of levels) write(number(v, v % 1 ? 1 : 0), X - 6, sy(v), 'right');
    for (const v of round(from, to, 8)) write(number(v, 0), sx(v), Y + H + 14, 'center');
    write(names[0], X + W / 2, Y + H + 34, 'center');
    upright(names[1], Y + H / 2);
    right = { X, W, from, to };
    return [sx, sy];
  }
  const disc = (X, Y, r) => { x.beginPath(); x.arc(X, Y, r, 0, 7); x.fill(); };
  const curve = (points, colour, thick) => { x.strokeStyle = colour; x.lineWidth = thick; x.beginPath(); points.forEach(([X, Y]) => x.lineTo(X, Y)); x.stroke(); };
  function waves(wide) {
    const [row, column] = at(), peak = Math.max(1, ...map.map((v) => Math.abs(v) || 0)), top = peak > 1.05 ? +peak.toPrecision(2) : 1;
    const [sx, sy] = axes(wide, [-top, top], [0, n - 1], [say('position'), shown === 'difference' ? say('difference') : say('value')], [-top, 0, top]);
    const columns = [...kept.filter((v) => v !== column), column], tones = [c.blue, c.green, c.pink, c.yellow];
    x.fillStyle = c.grey; x.fillRect(sx(row), sy(top), 1, sy(-top) - sy(top));
    const used = [];
    columns.forEach((v, index) => {
      const colour = v === column ? c.orange : tones[index % 4], value = (s) => map[s * d + v], points = Array.from({ length: n }, (_, s) => [sx(s), sy(value(s))]).filter(([, Y]) => !Number.isNaN(Y));
      curve(points, colour, v === column ? 2.5 : 1.8);
      x.fillStyle = colour;
      if (n <= 64) points.forEach(([X, Y]) => x.fillRect(X - 2, Y - 2, 4, 4));
      disc(sx(row), sy(value(row)), 5);
      let Y = clamp(sy(value(n - 1)) || 0, 18, TALL - 50);
      while (used.some((other) => Math.abs(other - Y) < 15)) Y += Y > TALL / 2 ? -15 : 15;
      used.push(Y);
      write(dimension(v), wide - 94, Y, 'left', colour, v === column ? '600 12px' : '12px');
    });
    return say('Waves of the dimensions {columns}', { columns: columns.join(', ') });
  }
  function dots(wide) {
    const a = numbersOf(), [row] = at(), all = Array.from({ length: n }, (_, r) => Array.from({ length: n }, (_, s) => dot(a, d, r, s)));
    const flat = all.flat().filter(Number.isFinite), high = Math.max(d / 2, ...flat) * 1.04, low = Math.min(0, ...flat) - 0.03 * high;
    const [sx, sy] = axes(wide, [low, high], [1 - n, n - 1], [say('distance of two positions'), say('dot product')], [0, d / 2]);
    x.globalAlpha = 0.55;
    all.forEach((values, r) => curve(values.map((v, s) => [sx(s - r), sy(v)]), c.blue, 1));
    x.globalAlpha = 1;
    curve(all[row].map((v, s) => [sx(s - row), sy(v)]), c.orange, 2.5);
    x.fillStyle = c.orange; disc(sx(q() - row), sy(all[row][q()]), 6);
    write(position(row), wide - 94, 26, 'left', c.orange, '600 12px'); write(say('all others'), wide - 94, 44, 'left', c.blue);
    return say('Dot products of all pairs of positions');
  }
  function rotation(wide) {
    const [row, column] = at(), m = Math.floor(column / 2), a = numbersOf(), to = q();
    const R = Math.min(TALL - 74, wide - 196) / 2, X = R + 20, Y = R + 36, pair = (s) => couple(a, d, s, m), spot = (s) => [X + pair(s)[1] * R, Y - pair(s)[0] * R];
    x.strokeStyle = c.line; x.beginPath(); x.arc(X, Y, R, 0, 7); x.moveTo(X - R - 8, Y); x.lineTo(X + R + 8, Y); x.moveTo(X, Y - R - 8); x.lineTo(X, Y + R + 8); x.stroke();
    write(`${dimension(2 * m)} (sin)`, X, Y - R - 20, 'center');
    write(`${dimension(2 * m + 1)} (cos)`, X, Y + R + 22, 'center');
    x.fillStyle = c.grey;
    for (let s = 0; s < n; s++) { const [A, B] = spot(s); x.fillRect(A - 2, B - 2, 4, 4); }
    const angle = (to - row) * rate(m), start = -row * rate(m);
    x.strokeStyle = c.green; x.lineWidth = 3; x.beginPath(); x.arc(X, Y, R * 0.36, start, start - clamp(angle, -6.28, 6.28), angle > 0); x.stroke();
    arrow(x, [X, Y], spot(row), c.blue); arrow(x, [X, Y], spot(to), c.orange);
    const digits = (list) => list.map((v) => told(v, 2)).join('   '), [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    [[position(row), c.blue], [digits(pair(row))], [say('turned by {angle}°', { angle: degrees(angle) }), c.green], [digits([cos, sin])], [digits([-sin, cos])], [say('gives')], [digits(turned(a, d, row, m, angle))],
      [position(to), c.orange], [digits(pair(to))]].forEach(([text, colour], line) => write(text, X + R + 30, 40 + 24 * line + (colour ? 6 : 0), 'left', colour || c.ink, colour ? '600 13px' : '13px'));
    return say('A pair of dimensions on a circle, before and after the shift');
  }
  w.draw(({ width: wide, colours }) => {
    c = colours;
    const half = wide > 700 ? Math.floor(wide * 0.45) : wide, rest = wide - half > 24 ? wide - half - 24 : wide;
    heatMap(half);
    x = fit(other, rest, TALL);
    if (map) other.setAttribute('aria-label', { waves, dots, rotation }[view](rest));
    w.ready();
  });

  // ---- pointing, keys ----
  function cell(e) {
    const [x, y] = pointer(e, heat), [s, r] = [Math.floor((x - LEFT) / place.W * d), Math.floor((y - TOP) / place.H * n)];
    return r >= 0 && s >= 0 && r < n && s < d ? [r, s] : null;
  }
  const move = (r, s) => { [p, i, hover] = [clamp(r, 0, n - 1), clamp(s, 0, get('d') - 1), null]; tell(); };
  const keep = (column) => { kept = kept.includes(column) ? kept.filter((v) => v !== column) : [...kept, column].slice(-4); tell(); };
  w.listen(heat, 'pointermove', (e) => { const found = cell(e); if (String(found) !== String(hover)) { hover = found; tell(); } });
  w.listen(heat, 'pointerleave', () => { if (hover) { hover = null; tell(); } });
  w.listen(heat, 'pointerdown', (e) => { const found = cell(e); if (found) { keep(found[1]); move(...found); } });
  w.listen(heat, 'keydown', (e) => {
    const [dx, dy] = ARROWS[e.key] || [0, 0];
    if (e.key === 'Enter') keep(i); else if (ARROWS[e.key]) move(p + dy, i + dx); else return;
    e.preventDefault();
  });
  w.listen(other, 'pointermove', (e) => {
    const v = Math.round(right.from + (pointer(e, other)[0] - right.X) / right.W * (right.to - right.from));
    if (view === 'waves') move(v, i); else if (view === 'dots') { k = clamp(v, -40, 40); shift.set(k); tell(); }
  });
  w.on(['d', 'length', 'base', 'theirs_for', 'status'], load);
  w.onMessage(({ of, scale }, [raw]) => { got = [String(of), unpack(numbers(raw, Int16Array), scale)]; load(); });
  if (get('asks')) w.model.send({});
  load();
}

export default widget(build);
