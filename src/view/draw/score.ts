import { keyOf } from '../choose.ts';
import { signed } from '../format.ts';
import { type Mark, mark } from '../mark.ts';
import { type Column, LANE, type Lane, type Score, scoreLayout } from '../marks.ts';
import { isLit, type Scene } from '../scene.ts';
import { strings } from '../strings.ts';
import { signMark } from './sign.ts';
import { detail, withError } from './text.ts';

/** Colours as CSS values; variables on the page, hexadecimal in a picture that stands alone. */
export interface Palette {
  readonly positive: string;
  readonly negative: string;
  readonly ink: string;
  readonly quiet: string;
  readonly rule: string;
  readonly chip: string;
}

export const PAGE_PALETTE: Palette = {
  positive: 'var(--positive)',
  negative: 'var(--negative)',
  ink: 'var(--ink)',
  quiet: 'var(--quiet)',
  rule: 'var(--rule)',
  chip: 'var(--chip)',
};

/** The layout of the lanes of a scene. */
export function layoutOf(scene: Scene): Score {
  const { labels, lanes, scale, view, direction } = scene;
  return scoreLayout({ labels, shown: lanes, scale, measure: view.measure, direction });
}

/** Value column that stays in place, and beside it the words with one lane for each interaction. */
export function scoreMarks(scene: Scene): Mark[] {
  const { view, lanes, hiddenLanes, said } = scene;
  const head = mark('h2', {}, said.lanes);
  if (lanes.length === 0)
    return [mark('section', { class: 'lanes', part: 'lanes' }, head, mark('p', { class: 'legend' }, noneSentence(scene)))];
  const layout = layoutOf(scene);
  return [
    mark(
      'section',
      { class: 'lanes', part: 'lanes' },
      head,
      mark(
        'div',
        { class: 'score' },
        mark('div', { class: 'lane-labels' }, ...layout.lanes.map((lane) => laneLabel(scene, lane))),
        mark(
          'svg',
          {
            class: view.lit ? 'lines some-lit' : 'lines',
            width: layout.width,
            height: layout.height,
            viewBox: `0 0 ${Math.ceil(layout.width)} ${layout.height}`,
            'aria-hidden': 'true',
          },
          ...scoreLines(scene, layout, PAGE_PALETTE),
        ),
      ),
      view.interactive &&
        mark('p', { class: 'detail', 'aria-hidden': 'true', hidden: !layout.columns.some((c) => isCut(scene, c)) }, detail(scene)),
      mark(
        'p',
        { class: 'legend' },
        scene.grade === 'exact' ? `${said.lanesLegend} ` : `${said.lanesLegend} ${strings.dashed} `,
        view.interactive &&
          (hiddenLanes > 0 || view.allLanes) &&
          mark(
            'button',
            { class: 'quiet', type: 'button', 'data-action': 'lanes' },
            view.allLanes ? strings.fewer : strings.more(hiddenLanes),
          ),
      ),
    ),
  ];
}

function noneSentence({ explanation: { players }, grade, said }: Scene): string {
  if (players.length === 1) return said.single;
  return grade === 'exact' ? said.noneExact : said.none;
}

function laneLabel(scene: Scene, { interaction }: Lane): Mark {
  const { labels, view } = scene;
  const { members, value, se } = interaction;
  const key = keyOf(members);
  const classes = ['lane', value < 0 ? 'neg' : 'pos', isLit(scene, members) && 'lit', view.selected === key && 'selected']
    .filter(Boolean)
    .join(' ');
  const content = [
    mark('span', { class: 'order' }, String(members.length)),
    signMark(value),
    mark('span', { class: 'number' }, signed(value)),
    mark('span', { class: 'error' }, withError(scene, se)),
  ];
  if (!view.interactive) return mark('div', { class: classes }, ...content);
  const names = mark('span', { class: 'spoken' }, strings.togetherNames(strings.join(members.map((m) => labels[m]))));
  return mark(
    'button',
    { class: classes, type: 'button', 'data-key': key, 'aria-pressed': view.selected === key ? 'true' : 'false' },
    names,
    ...content,
  );
}

/** Words, guides, arcs and combs, to stand in an <svg> of the layout's size. */
export function scoreLines(scene: Scene, layout: Score, palette: Palette): Mark[] {
  return [
    ...layout.guides.map((g) =>
      mark('line', {
        class: 'guide',
        x1: g.x,
        x2: g.x,
        y1: LANE.head - 4,
        y2: g.bottom,
        stroke: palette.rule,
        'stroke-dasharray': '1 4',
        'stroke-linecap': 'round',
      }),
    ),
    ...layout.columns.map((column) => columnMark(scene, column, palette)),
    ...layout.lanes.map((lane) => laneMark(scene, layout, lane, palette)),
  ];
}

/** Whether a column shows a part of its player's label. */
function isCut({ labels }: Scene, { player, label }: Column): boolean {
  return player !== null && label !== labels[player];
}

function columnMark(scene: Scene, column: Column, palette: Palette): Mark {
  const { player, label, centre, width } = column;
  const text = { x: centre, y: 18, 'text-anchor': 'middle', 'font-size': 13 };
  if (player === null) return mark('text', { ...text, class: 'fold', fill: palette.quiet, 'font-size': 12 }, label);
  const { value } = scene.effects[player];
  const lit = scene.view.lit?.includes(player) ? ' lit' : '';
  return mark(
    'g',
    { class: `column${lit}${scene.view.off.has(player) ? ' off' : ''}`, 'data-player': String(player) },
    mark('title', {}, scene.labels[player]),
    mark('rect', { x: centre - width / 2, y: 2, width, height: 24, rx: 5, fill: palette.chip }),
    mark('rect', {
      class: 'fill',
      x: centre - width / 2,
      y: 2,
      width,
      height: 24,
      rx: 5,
      fill: value < 0 ? palette.negative : palette.positive,
      'fill-opacity': 0.55 * Math.min(1, Math.abs(value) / scene.wordScale),
    }),
    mark('text', { ...text, fill: palette.ink }, label),
  );
}

function laneMark(scene: Scene, layout: Score, { interaction, y, path, dots, thickness, dashed }: Lane, palette: Palette): Mark {
  const colour = interaction.value < 0 ? palette.negative : palette.positive;
  const classes = ['lane-line', interaction.value < 0 ? 'neg' : 'pos', isLit(scene, interaction.members) && 'lit']
    .filter(Boolean)
    .join(' ');
  return mark(
    'g',
    { class: classes, 'data-key': keyOf(interaction.members) },
    mark('rect', { class: 'hit', x: 0, y, width: layout.width, height: LANE.height, fill: 'transparent' }),
    mark('path', {
      d: path,
      fill: 'none',
      stroke: colour,
      'stroke-width': thickness,
      'stroke-linecap': 'round',
      'stroke-linejoin': 'round',
      'stroke-dasharray': dashed ? `0.1 ${(thickness * 1.9).toFixed(1)}` : undefined,
    }),
    ...dots.map((d) => mark('circle', { cx: d.x, cy: d.y, r: Math.max(3.5, thickness * 0.8), fill: colour })),
  );
}
