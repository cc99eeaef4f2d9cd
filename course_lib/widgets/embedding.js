/** Which point lies nearest to (x, y) within `reach`; -1 when none. xy holds pairs. */
export function closest(xy, x, y, reach = Infinity) {
  let best = -1, least = reach * reach;
  for (let i = 0; i < xy.length / 2; i++) {
    const d = (xy[2 * i] - x) ** 2 + (xy[2 * i + 1] - y) ** 2;
    if (d <= least) { least = d; best = i; }
  }
  return best;
}

/** The nearest point to point `from` in a direction (dx, dy): straight ahead counts more than sideways; `from` when none. */
export function towards(xy, from, dx, dy) {
  let best = from, least = Infinity;
  for (let i = 0; i < xy.length / 2; i++) {
    const x = xy[2 * i] - xy[2 * from], y = xy[2 * i + 1] - xy[2 * from + 1];
    const ahead = x * dx + y * dy, aside = Math.abs(x * dy - y * dx);
    if (i !== from && ahead > 0 && aside <= 1.5 * ahead && ahead + 2 * aside < least) { least = ahead + 2 * aside; best = i; }
  }
  return best;
}

const q = (word) => `“${word}”`;

function build(w) {
  const maps = new Map(), asking = new Set(), touches = new Map();
  let map, names, xy, area, hover = -1, held = '', near = false, moved = 0, view = { zoom: 1, x: 0, y: 0 };
  const query = () => w.get('query'), answer = () => w.get('answer');
  const ask = (changes) => w.set({ query: { ...query(), ...changes, number: query().number + 1 } });

  // ---- controls ----
  const known = () => (map ? map.words : []);
  const space = choice(w, 'vectors', w.get('names').map((n) => [n, n]), query().space, (v) => ask({ space: v }));
  const mode = choice(w, 'question', [['neighbours', say('neighbours')], ['analogy', say('analogy')]], query().mode, (v) => ask({ mode: v }));
  const scope = choice(w, 'map of', [['all', say('all words')], ['lit', say('these words')]], 'all', (v) => { near = v === 'lit'; reset(); });
  const word = field(w, 'word', query().word, known, (v) => ask({ word: v }));
  const triple = ['a', 'b', 'c'].map((name, i) => field(w, say('word {name}', { name }), query().triple[i], known,
    (v) => ask({ triple: query().triple.map((old, j) => (j === i ? v : old)) })));
  const k = slider(w, 'how many', [1, 20], query().k, (v) => ask({ k: v }));
  const leave = h('input', { type: 'checkbox' });
  w.listen(leave, 'change', () => ask({ leave_out: leave.checked }));
  const one = h('span', { className: 'we-ask' }, control('word', word));
  const three = h('span', { className: 'we-ask' }, ...say('{a} is to {b} as {c} is to …', { a: '|0|', b: '|1|', c: '|2|' }).split('|').map((part) => triple[part] ?? part),
    h('label', { className: 'wt-control' }, leave, say('leave these three out')));
  const canvas = h('canvas', { tabIndex: 0, role: 'img', className: 'we-map' });
  const zooms = h('span', { className: 'we-zoom' }, button(w, '+', 'zoom in', () => zoom(1.5)),
    button(w, '−', 'zoom out', () => zoom(1 / 1.5)), button(w, 'all', 'show everything', () => reset()));
  const head = h('div', { className: 'we-head' }), list = h('ol', { className: 'we-list' });
  const note = h('div', { className: 'wt-note', 'aria-live': 'polite' }), wait = h('div', { className: 'wt-note' });
  const body = h('div', { className: 'we-body' }, h('div', { className: 'we-frame' }, canvas, zooms), h('div', {}, head, list));
  const main = h('div', { hidden: true },
    controls(control('vectors', space), control('question', mode), control('map of', scope)),
    controls(one, three, k), body, note);
  const late = setTimeout(() => wait.append(say('The map comes from the running kernel: run this cell again to explore it (on a new day first all those above it).')), 2000);
  w.listen(w.signal, 'abort', () => clearTimeout(late));
  w.el.append(title('Words as points, neighbours as directions'), wait, main);

  // ---- what is shown ----
  const analogy = () => answer().mode === 'analogy';
  const current = () => answer().space === query().space && answer().mode === query().mode;   // else the old answer waits
  const asked = () => (current() ? answer().asked : []), found = () => (current() ? answer().found : []);
  const places = () => (current() ? answer()[near ? 'near' : 'places'] : {});
  const formula = () => { const [a, b, c] = answer().asked; return `${b} − ${a} + ${c}`; };

  function gather() {
    const name = query().space, lit = Object.keys(places()).filter(Boolean);
    map = maps.get(name);
    if (!map) {
      if (!asking.has(name)) { asking.add(name); w.model.send({ points: name }); }
      return;
    }
    clearTimeout(late); wait.remove(); main.hidden = false;
    const alone = near && lit.length, extra = alone ? lit : lit.filter((n) => !map.index.has(n)), start = alone ? 0 : map.words.length;
    names = alone ? lit : [...map.words, ...extra];
    xy = new Float32Array(2 * names.length);
    if (!alone) xy.set(map.xy);
    extra.forEach((n, i) => xy.set(places()[n], 2 * (start + i)));
    hover = names.indexOf(held);
  }
  function update() {
    space.choose(query().space); mode.choose(query().mode); k.set(query().k); word.set(query().word);
    triple.forEach((box, i) => box.set(query().triple[i]));
    leave.checked = query().leave_out;
    one.hidden = query().mode === 'analogy'; three.hidden = !one.hidden;
    gather();
    body.classList.toggle('we-wait', query().number !== answer().number);
    if (!map || !current()) return w.redraw();
    const [a, b, c] = asked(), rows = found(), asks = analogy() ? `${a} : ${b} = ${c} : ?` : say('Nearest to {word}', { word: q(a) });
    head.textContent = asks;
    list.replaceChildren(...rows.map(([name, score], i) => {
      const e = h('button', { type: 'button', className: 'we-word', 'aria-label': `${name} ${score.toFixed(2)}` }, h('span', {}, name),
        h('i', { style: `width:${clamp(score, 0, 1) * 56}px` }), h('em', {}, score.toFixed(2)));
      e.dataset.row = i;
      return h('li', {}, e);
    }));
    note.textContent = answer().status;
    note.classList.toggle('wt-bad', answer().bad);
    const words = rows.slice(0, 5).map(([n, s]) => `${n} ${s.toFixed(2)}`).join(', ') || say('nothing found');
    w.say(say('{asks}, in {space}: {words}', { asks, space: answer().space, words }), rows.length > 5 && '…');
    w.redraw();
  }
  function reset() { view = { zoom: 1, x: 0, y: 0 }; gather(); w.redraw(); }
  function zoom(by, x = area.width / 2, y = area.height / 2) {
    const now = clamp(view.zoom * by, 0.5, 60), f = now / view.zoom;
    view = { zoom: now, x: x - (x - view.x) * f, y: y - (y - view.y) * f };
    w.redraw();
  }
  const pan = (x, y) => { view = { ...view, x: view.x + x, y: view.y + y }; w.redraw(); };

  w.draw(({ width: all, colours: c }) => {
    if (!map) return;
    const beside = all > 640, width = beside ? all - 236 : all, height = clamp(Math.round(width * 0.62), 260, 440);
    body.classList.toggle('we-beside', beside);
    const x = fit(canvas, width, height), goal = analogy() && places()[''], ground = c.dark ? '#16191d' : '#fafbfc';
    let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
    for (const points of [xy, goal || []]) for (let i = 0; i < points.length; i += 2) {
      left = Math.min(left, points[i]); right = Math.max(right, points[i]);
      low = Math.min(low, points[i + 1]); high = Math.max(high, points[i + 1]);
    }
    const unit = Math.min((width - 130) / (right - left || 1), (height - 80) / (high - low || 1));
    const screen = (points) => Float32Array.from(points, (v, i) => (i % 2
      ? (height / 2 - (v - (low + high) / 2) * unit) * view.zoom + view.y
      : (width / 2 + (v - (left + right) / 2) * unit) * view.zoom + view.x));
    const at = screen(xy), many = names.length > 200, r = many ? 1.7 : 3.2;
    area = { width, height, at };
    const spot = new Map(names.map((n, i) => [n, i])), point = (n) => at.slice(2 * spot.get(n), 2 * spot.get(n) + 2);
    const lit = [...new Set([...asked(), ...found().map(([n]) => n)])].filter((n) => spot.has(n));
    const seen = (i) => at[2 * i] > -4 && at[2 * i] < width + 4 && at[2 * i + 1] > -4 && at[2 * i + 1] < height + 4;
    // ground, axes through the mean, all points
    x.fillStyle = ground; x.fillRect(0, 0, width, height);
    const [zx, zy] = screen([0, 0]).map((v) => Math.round(v) + 0.5);
    x.strokeStyle = c.line; x.lineWidth = 1; x.beginPath();
    x.moveTo(zx, 0); x.lineTo(zx, height); x.moveTo(0, zy); x.lineTo(width, zy); x.stroke();
    x.fillStyle = c.grey; x.globalAlpha = many ? 0.65 : 1; x.beginPath();
    for (let i = 0; i < names.length; i++) if (seen(i)) x.rect(at[2 * i] - r, at[2 * i + 1] - r, 2 * r, 2 * r);
    x.fill(); x.globalAlpha = 1;
    // the answer
    const end = goal && screen(goal);
    if (end) {
      const [a, b, t] = asked().map(point);
      arrow(x, a, t, c.soft, false, [3, 4]); arrow(x, b, end, c.soft, false, [3, 4]);
      arrow(x, a, b, c.green); arrow(x, t, end, c.green);
      if (found().length) arrow(x, end, point(found()[0][0]), c.blue, false, [2, 3]);
      x.strokeStyle = c.pink; x.lineWidth = 2.5; x.beginPath();
      for (const s of [-1, 1]) { x.moveTo(end[0] - 5, end[1] - 5 * s); x.lineTo(end[0] + 5, end[1] + 5 * s); }
      x.stroke();
    } else {
      x.globalAlpha = 0.55;
      for (const n of lit.slice(1)) arrow(x, point(lit[0]), point(n), c.blue, false);
      x.globalAlpha = 1;
    }
    for (const n of lit) {
      const [X, Y] = point(n), mine = asked().includes(n);
      x.fillStyle = mine ? c.orange : c.blue; x.strokeStyle = ground; x.lineWidth = 1.5; x.beginPath();
      if (mine) x.rect(X - 5, Y - 5, 10, 10); else x.arc(X, Y, 5, 0, 7);
      x.fill(); x.stroke();
    }
    if (hover >= 0) { x.strokeStyle = c.ink; x.lineWidth = 2; x.beginPath(); x.arc(at[2 * hover], at[2 * hover + 1], 8, 0, 7); x.stroke(); }
    // labels: the lit words in whatever place is free, then frequent ones where nothing is touched
    const items = [], label = (text, X, Y, colour, bold) => {
      x.font = `${bold ? '600 13px' : '12px'} ${c.font}`;
      const W = x.measureText(text).width, right = [X + 8, Y - 8, W, 16], turn = [X - 8 - W, Y - 8, W, 16];
      const first = X + 8 + W > width ? turn : right;
      items.push({ text, colour, font: x.font, boxes: bold ? [first, turn, [X - W / 2, Y - 23, W, 16], [X - W / 2, Y + 7, W, 16], [X + 6, Y - 21, W, 16], right] : [first] });
    };
    const block = (X, Y) => items.push({ boxes: [[X - 5, Y - 5, 10, 10]] });
    if (hover >= 0 && !lit.includes(names[hover])) label(names[hover], at[2 * hover], at[2 * hover + 1], c.ink, true);
    for (const n of lit) block(...point(n));
    if (end) { block(...end); label(formula(), ...end, c.pink, true); }
    for (const n of lit) label(n, ...point(n), asked().includes(n) ? c.orange : c.blue, true);
    for (let i = 0; i < names.length && items.length < 260; i++) if (seen(i) && i !== hover && !lit.includes(names[i])) label(names[i], at[2 * i], at[2 * i + 1], c.soft);
    x.lineWidth = 3; x.strokeStyle = ground;
    labels(items.map((item) => item.boxes), 110).forEach((box, i) => {
      const { text, colour, font } = items[i];
      if (!box || !text) return;
      x.font = font; x.fillStyle = colour;
      x.strokeText(text, box[0], box[1] + 8); x.fillText(text, box[0], box[1] + 8);
    });
    const share = near && lit.length ? answer().share : map.share, name = (n) => say('main direction {n} ({share} % of the variance)', { n, share: Math.round(100 * share[n - 1]) });
    const write = (n) => { x.strokeText(name(n), 0, 0); x.fillText(name(n), 0, 0); x.restore(); };
    x.font = `11px ${c.font}`; x.fillStyle = c.soft; x.textAlign = 'center';
    x.save(); x.translate(width / 2, height - 10); write(1);
    x.save(); x.translate(10, height / 2); x.rotate(-Math.PI / 2); write(2);
    canvas.setAttribute('aria-label', say('Map of {number} words of {space}; arrow keys walk from word to word, Enter asks for its neighbours, plus and minus zoom', { number: names.length, space: query().space }));
    w.ready();
  });

  // ---- pointing and walking ----
  function hold(i) {
    if (i === hover) return;
    hover = i; held = i < 0 ? '' : names[i];
    const row = found().find(([n]) => n === held);
    if (held) w.say(row ? say('{word}: cosine {cosine} with {goal}', { word: q(held), cosine: row[1].toFixed(2), goal: analogy() ? formula() : q(asked()[0]) }) : q(held));
    w.redraw();
  }
  const pick = (name) => ask({ word: name, mode: 'neighbours' });
  w.listen(canvas, 'pointerdown', (e) => { touches.set(e.pointerId, pointer(e, canvas)); moved = 0; canvas.setPointerCapture(e.pointerId); });
  w.listen(canvas, 'pointermove', (e) => {
    const [x, y] = pointer(e, canvas), old = touches.get(e.pointerId);
    if (!old) return hold(closest(area.at, x, y, 14));
    touches.set(e.pointerId, [x, y]);
    moved += Math.hypot(x - old[0], y - old[1]);
    const other = [...touches].find(([id]) => id !== e.pointerId);
    if (other) {                                           // two fingers
      const [ox, oy] = other[1];
      zoom(Math.hypot(x - ox, y - oy) / (Math.hypot(old[0] - ox, old[1] - oy) || 1), ox, oy);
    } else if (moved > 4) pan(x - old[0], y - old[1]);
  });
  for (const type of ['pointerup', 'pointercancel']) w.listen(canvas, type, (e) => {
    touches.delete(e.pointerId);
    const i = type === 'pointerup' && moved <= 4 ? closest(area.at, ...pointer(e, canvas), 14) : -1;
    if (i >= 0) pick(names[i]);
  });
  w.listen(canvas, 'pointerleave', () => { if (document.activeElement !== canvas) hold(-1); });
  w.listen(canvas, 'wheel', (e) => {                       // the page scrolls until the map has been clicked
    if (document.activeElement !== canvas && !e.ctrlKey) return;
    e.preventDefault();
    zoom(Math.exp(-e.deltaY / 300), ...pointer(e, canvas));
  }, { passive: false });
  const keys = { '+': () => zoom(1.5), '=': () => zoom(1.5), '-': () => zoom(1 / 1.5), 0: reset, Escape: () => hold(-1), Enter: () => hover >= 0 && pick(names[hover]) };
  w.listen(canvas, 'keydown', (e) => {
    const step = ARROWS[e.key];
    if (step) {
      hold(towards(area.at, hover >= 0 ? hover : Math.max(0, names.indexOf(asked()[0])), ...step));
      const [X, Y] = area.at.slice(2 * hover, 2 * hover + 2);
      if (hover >= 0 && (X < 20 || Y < 20 || X > area.width - 60 || Y > area.height - 20)) pan(area.width / 2 - X, area.height / 2 - Y);
    } else if (keys[e.key]) keys[e.key]();
    else return;
    e.preventDefault();
  });
  const row = (e) => found()[e.target.closest('.we-word')?.dataset.row];
  w.listen(list, 'click', (e) => row(e) && pick(row(e)[0]));
  for (const type of ['pointerover', 'focusin']) w.listen(list, type, (e) => row(e) && hold(names.indexOf(row(e)[0])));

  w.onMessage((content, buffers) => {
    const words = new TextDecoder().decode(buffers[0]).split('\n');
    maps.set(content.points, { words, index: new Set(words), share: content.share, xy: Float32Array.from(numbers(buffers[1], Int16Array), (v) => v * content.scale) });
    asking.delete(content.points);
    update();
  });
  w.on(['query', 'answer'], update);
  update();
}

export default widget(build);
