import { keyOf, uncertain } from '../choose.ts';
import { signed } from '../format.ts';
import { type Mark, mark } from '../mark.ts';
import { barLayout, shorten } from '../marks.ts';
import { isLit, type Scene } from '../scene.ts';
import { strings } from '../strings.ts';
import { signMark } from './sign.ts';
import { withError } from './text.ts';

/** Characters of each member's label. */
const LONGEST_NAME = 40;
const BAR = { width: 220, height: 18 };
/** Room beyond the scale for whiskers. */
const REACH = 1.15;

/** Every shown interaction as a row: the drawing's twin for those who read tables, or hear them. */
export function tableMarks(scene: Scene): Mark[] {
  const { view, rows, hiddenRows, grade, said } = scene;
  const note = view.off.size > 0 ? said.projected : grade === 'exact' ? strings.exactWhisker : strings.whisker;
  return [
    mark(
      'section',
      { class: 'card effects', part: 'table' },
      mark('header', { class: 'bar' }, mark('h2', {}, strings.table), view.interactive && mark('slot', { name: 'actions' })),
      mark(
        'table',
        { 'aria-label': strings.table },
        mark(
          'thead',
          {},
          mark(
            'tr',
            {},
            mark('th', { scope: 'col' }, said.words),
            mark('th', { scope: 'col', class: 'order-column' }, strings.order),
            mark('th', { scope: 'col', class: 'number-column' }, `${strings.effect} ± se`),
            mark('td', { class: 'bar-column' }),
          ),
        ),
        mark('tbody', {}, ...rows.map((row) => rowMark(scene, row))),
      ),
      mark(
        'p',
        { class: 'legend' },
        `${note} `,
        view.interactive &&
          (hiddenRows > 0 || view.allRows) &&
          mark(
            'button',
            { class: 'quiet', type: 'button', 'data-action': 'rows' },
            view.allRows ? strings.fewer : strings.more(hiddenRows),
          ),
      ),
      view.interactive && mark('slot', { name: 'verify' }),
    ),
  ];
}

function rowMark(scene: Scene, interaction: Scene['rows'][number]): Mark {
  const { labels, view } = scene;
  const { members, value, se } = interaction;
  const key = keyOf(members);
  const unsure = uncertain(interaction);
  const classes = [value < 0 ? 'neg' : 'pos', unsure && 'unsure', isLit(scene, members) && 'lit', view.selected === key && 'selected']
    .filter(Boolean)
    .join(' ');
  const whole = members.map((m) => labels[m]).join(' × ');
  const name = members.map((m) => shorten(labels[m], LONGEST_NAME)).join(' × ');
  const press = {
    class: 'pick',
    type: 'button',
    title: name === whole ? undefined : whole,
    'data-key': key,
    'aria-pressed': view.selected === key ? 'true' : 'false',
  };
  return mark(
    'tr',
    { class: classes, 'data-key': key },
    mark(
      'th',
      { scope: 'row', dir: 'auto' },
      view.interactive ? mark('button', press, name) : name === whole ? name : mark('span', { title: whole }, name),
    ),
    mark('td', { class: 'order-column' }, String(members.length)),
    mark('td', { class: 'number-column' }, signMark(value), `${signed(value)}${withError(scene, se)}`),
    mark('td', { class: 'bar-column' }, barMark(scene, interaction)),
  );
}

function barMark({ scale, view }: Scene, interaction: Scene['rows'][number]): Mark {
  const bar = barLayout(interaction, scale * REACH, BAR.width);
  const middle = BAR.height / 2;
  return mark(
    'svg',
    { class: 'effect-bar', viewBox: `0 0 ${BAR.width} ${BAR.height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    mark('line', { class: 'zero', x1: bar.zero, x2: bar.zero, y1: 0, y2: BAR.height }),
    mark('rect', { class: 'extent', x: bar.x, y: 4, width: bar.width, height: BAR.height - 8 }),
    interaction.se > 0 && view.off.size === 0 && mark('line', { class: 'whisker', x1: bar.low, x2: bar.high, y1: middle, y2: middle }),
  );
}
