import type { Explanation, Interaction } from '../explain/document.ts';
import { html, svg } from './dom.ts';
import { curve, type Lanes, labels, mainEffects, orderNumeral, textRuns, uncertain } from './marks.ts';
import { glyph, signed, size, words } from './strings.ts';

/** What a drawing needs beside the numbers. */
export interface Scene {
  readonly explanation: Explanation;
  readonly interactions: readonly Interaction[];
  readonly absent: ReadonlySet<number>;
  /** Largest |value| of the explanation as it came: the scale stays when words are switched off. */
  readonly largest: number;
}

export const signClass = (value: number): string => (value < 0 ? 'minus' : 'plus');
export const keyOf = (i: Pick<Interaction, 'members'>): string => i.members.join();

/** The sentence as prose: each player a toggle with its own effect as fill, underline, glyph and number. */
export function drawText({ explanation, interactions, absent, largest }: Scene, focus: number): HTMLElement {
  const effects = mainEffects({ players: explanation.players, interactions });
  const box = html('div', { class: 'text', role: 'group', 'aria-label': words.words, dir: 'auto' });
  for (const { text, player } of textRuns(explanation)) {
    if (player === null) {
      box.append(text);
      continue;
    }
    const effect = effects[player];
    const on = !absent.has(player);
    const shown = on && effect.value !== 0;
    const word = html(
      'button',
      {
        class: `word ${shown ? signClass(effect.value) : ''}${uncertain(effect) ? ' faint' : ''}`,
        type: 'button',
        'data-player': player,
        'aria-pressed': String(on),
        tabindex: player === focus ? 0 : -1,
        '--size': shown ? Math.max(0.08, Math.min(1, Math.abs(effect.value) / largest)).toFixed(3) : 0,
      },
      text,
    );
    if (shown && Math.abs(effect.value) >= 0.04 * largest)
      word.append(html('sup', {}, `${glyph(effect.value)}${size(Math.abs(effect.value))}`));
    box.append(word);
  }
  return box;
}

/** Lanes of arcs and combs under one line of words; the values stay in sight when the line scrolls. */
export function drawLanes(lanes: Lanes): HTMLElement {
  const gutter = html('div', { class: 'gutter', 'aria-hidden': 'true' });
  for (const { interaction, order } of lanes.lanes)
    gutter.append(html('div', {}, `${orderNumeral(order)} ${signed(interaction.value)} ±${size(interaction.se)}`));
  const picture = svg('svg', { width: lanes.width, height: lanes.height, 'aria-hidden': 'true' });
  for (const { player, label, x, width } of lanes.columns) {
    if (player !== null) {
      picture.append(svg('line', { class: 'guide', x1: x + width / 2, x2: x + width / 2, y1: 26, y2: lanes.height }));
      picture.append(svg('rect', { class: 'chipbox', x, y: 2, width, height: 22, rx: 5 }));
    }
    picture.append(svg('text', { class: player === null ? 'fold' : '', x: x + width / 2, y: 17.5, 'text-anchor': 'middle' }, label));
  }
  for (const { interaction, path, stroke, dashed, xs, y, order } of lanes.lanes) {
    const sign = signClass(interaction.value);
    const group = svg('g', { 'data-members': keyOf(interaction), class: dashed ? 'dim' : '' });
    group.append(
      svg('path', { class: `mark ${sign}`, d: path, 'stroke-width': stroke.toFixed(1), 'stroke-dasharray': dashed ? '2 4' : 'none' }),
    );
    if (order > 2) for (const x of xs) group.append(svg('circle', { class: `dot ${sign}`, cx: x, cy: y + 21, r: 3.2 }));
    picture.append(group);
  }
  return html(
    'div',
    { class: 'lanes' },
    gutter,
    html(
      'div',
      { class: 'score', tabindex: 0, role: 'img', 'aria-label': 'Interactions drawn between words; the table has the same' },
      picture,
    ),
  );
}

/** Bar from zero with a whisker of ± one standard error, on the explanation's own scale. */
function drawBar({ value, se }: Interaction, largest: number): SVGElement {
  const scale = 88 / (largest || 1);
  const end = 100 + value * scale;
  return svg(
    'svg',
    { viewBox: '0 0 200 16', width: '100%', height: 16, 'aria-hidden': 'true', preserveAspectRatio: 'none' },
    svg('rect', { x: Math.min(100, end), y: 3, width: Math.abs(value) * scale, height: 10, fill: `var(--${value < 0 ? 'neg' : 'pos'})` }),
    svg('line', { x1: end - se * scale, x2: end + se * scale, y1: 8, y2: 8, stroke: 'var(--ink)', 'stroke-width': 1.5 }),
  );
}

/** The non-visual twin of the lanes, and where an interaction is chosen for Verify. */
export function drawTable(scene: Scene, rows: readonly Interaction[]): HTMLElement {
  const names = labels(scene.explanation);
  const body = html('tbody');
  for (const i of rows) {
    const value = `${glyph(i.value)} ${signed(i.value)} ± ${size(i.se)}`;
    const row = html('tr', { 'data-members': keyOf(i), tabindex: -1 });
    row.append(
      html('td', {}, i.members.map((m) => names[m]).join(' × ')),
      html('td', {}, String(i.members.length)),
      html('td', { class: 'value' }, value),
      html('td', { class: 'bar' }, drawBar(i, scene.largest)),
    );
    body.append(row);
  }
  const head = html(
    'thead',
    {},
    html(
      'tr',
      {},
      html('th', { scope: 'col' }, words.words),
      html('th', { scope: 'col' }, words.order),
      html('th', { scope: 'col' }, words.effect),
      html('td', {}),
    ),
  );
  return html('div', { class: 'tablewrap' }, html('table', { 'aria-label': words.interactions }, head, body));
}

/** Held-out R² over passes. */
export function drawCurve(looks: readonly Explanation['fit'][]): SVGElement {
  const { line, band, points } = curve(looks, 200, 96);
  const last = points.at(-1);
  const picture = svg('svg', {
    class: 'curve',
    viewBox: '0 0 236 128',
    width: '100%',
    role: 'img',
    'aria-label': last ? `R² ${size(last.r2)} after ${last.queries} passes` : 'no passes yet',
  });
  const plot = svg('g', { transform: 'translate(26 8)' });
  plot.append(svg('path', { class: 'axis', d: 'M0 0V96H204', fill: 'none' }));
  plot.append(svg('path', { class: 'area', d: band }), svg('path', { class: 'line', d: line }));
  for (const { x, y } of points) plot.append(svg('circle', { class: 'dot', cx: x, cy: y, r: 3 }));
  picture.append(
    plot,
    svg('text', { x: 22, y: 14, 'text-anchor': 'end' }, '1.0'),
    svg('text', { x: 22, y: 104, 'text-anchor': 'end' }, '0'),
  );
  for (const [i, { x, queries }] of points.entries())
    if (i === 0 || i === points.length - 1)
      picture.append(svg('text', { x: 26 + x, y: 122, 'text-anchor': i === 0 ? 'start' : 'end' }, String(queries)));
  return picture;
}
