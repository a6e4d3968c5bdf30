import { uncertain } from '../choose.ts';
import { signed, size, visible } from '../format.ts';
import { type Mark, mark } from '../mark.ts';
import { arePieces, shorten, textRuns } from '../marks.ts';
import { isLit, type Scene } from '../scene.ts';
import { strings } from '../strings.ts';
import { signMark } from './sign.ts';

/** Characters of a label that is no piece of the text; the rest is there under the pointer, at the focus and to be heard. */
const LONGEST_SHOWN = 80;

/** The text as prose: fill and underline for the effect of each word by itself, a sign and a number where it is certain. */
export function textMarks(scene: Scene): Mark[] {
  const { explanation: e, view } = scene;
  const most = arePieces(e) ? Number.POSITIVE_INFINITY : LONGEST_SHOWN;
  const runs = textRuns(e).map((run) =>
    run.player === null ? visible(run.text) : wordMark(scene, run.player, shorten(visible(run.text), most)),
  );
  const frame = view.interactive ? { role: 'toolbar', 'aria-label': scene.said.words } : {};
  return [
    ...(e.text !== '' && !arePieces(e) ? [mark('p', { class: 'asked', dir: 'auto' }, visible(e.text))] : []),
    mark('div', { class: 'words', part: 'words', dir: 'auto', ...frame }, ...runs),
    mark(
      'div',
      { class: 'stack' },
      mark('p', { class: view.lit ? 'legend covered' : 'legend' }, ...legend(scene)),
      mark('p', { class: 'detail', 'aria-hidden': 'true' }, detail(scene, LONGEST_SHOWN)),
    ),
  ];
}

function wordMark(scene: Scene, player: number, text: string): Mark {
  const { view, labels, wordScale } = scene;
  const effect = scene.effects[player];
  const off = view.off.has(player);
  const unsure = uncertain(effect);
  const share = off ? 0 : Math.min(1, Math.abs(effect.value) / wordScale);
  const sign = effect.value < 0 ? 'neg' : 'pos';
  const shown = !off && !unsure && Math.abs(effect.value) >= 0.005 * wordScale;
  const whole = visible(scene.explanation.players[player].label);
  const cut = !arePieces(scene.explanation) && text !== whole;
  const index = /[₀-₉]+$/.exec(labels[player].slice(whole.length))?.[0];
  const classes = ['word', sign, unsure && 'unsure', off && 'off', isWordLit(scene, player) && 'lit'].filter(Boolean).join(' ');
  const press = view.interactive
    ? {
        role: 'button',
        tabindex: player === view.cursor ? '0' : '-1',
        'aria-pressed': off ? 'false' : 'true',
        'aria-label': strings.wordLabel(labels[player], strings.spoken(effect.value), effect.se > 0 ? strings.error(effect.se) : ''),
      }
    : {};
  return mark(
    'span',
    {
      class: classes,
      'data-player': String(player),
      title: cut ? whole : undefined,
      '--fill': share,
      '--line': `${(shown || unsure ? 1 + 3 * share : 0).toFixed(1)}px`,
      ...press,
    },
    // Cut between words, with an ellipsis that the style sheet draws: the name that is heard begins with the text.
    cut ? text.replace(/(?:\s+\S*)?…$/u, '') : text,
    cut && mark('span', { class: 'cut' }),
    index !== undefined &&
      mark(
        'sub',
        {},
        index.replace(/[₀-₉]/g, (d) => String(d.charCodeAt(0) - 0x2080)),
      ),
    // The number is drawn by the style sheet: the element's text stays the word, which is what copying takes and what its name begins with.
    shown && mark('span', { class: 'effect', 'data-size': size(Math.abs(effect.value)) }, signMark(effect.value)),
  );
}

function isWordLit({ view }: Scene, player: number): boolean {
  return view.lit?.includes(player) ?? false;
}

function legend({ explanation: e, wordScale, grade, view, said }: Scene): (Mark | string)[] {
  return [
    `${said.legend} `,
    mark('span', { class: 'toward' }, signMark(1), ` ${said.toward(visible(e.target))}`),
    ', ',
    mark('span', { class: 'away' }, signMark(-1), ` ${said.away}`),
    `. ${grade === 'exact' ? '' : `${strings.faint} `}${strings.full(wordScale)}${view.interactive ? ` ${said.keys}` : ''}`,
  ];
}

/** A line on what is under the pointer or the focus, with at most so many characters of each member of several. */
export function detail(scene: Scene, most = Number.POSITIVE_INFINITY): string {
  const { view, labels, lanes } = scene;
  if (view.lit === null) return '';
  if (view.lit.length === 1) {
    const [player] = view.lit;
    const { value, se } = scene.effects[player];
    const many = lanes.filter((l) => l.members.includes(player)).length;
    return `${strings.quote(labels[player])}: ${signed(value)}${withError(scene, se)}${many > 0 ? ` · ${strings.inInteractions(many)}` : ''}`;
  }
  const found = [...scene.rows, ...lanes].find((i) => isLit(scene, i.members));
  return found
    ? `${found.members.map((m) => shorten(labels[m], most)).join(' × ')}: ${signed(found.value)}${withError(scene, found.se)}`
    : '';
}

/** " ± 0.12", or nothing where the value is exact or no longer that of the whole game. */
export function withError({ view }: Scene, se: number): string {
  return se > 0 && view.off.size === 0 ? ` ± ${size(se)}` : '';
}
