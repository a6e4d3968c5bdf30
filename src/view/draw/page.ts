import { type Mark, mark } from '../mark.ts';
import type { Scene } from '../scene.ts';
import { scoreMarks } from './score.ts';
import { summaryMarks, whatIfMarks } from './summary.ts';
import { tableMarks } from './table.ts';
import { textMarks } from './text.ts';
import { trustMarks } from './trust.ts';

/** The whole explanation: what was said and why on top, the table and the trust in it below. */
export function explanationMark(scene: Scene): Mark {
  return mark(
    'div',
    { class: 'spex', 'data-grade': scene.grade },
    mark(
      'section',
      { class: 'card', part: 'result' },
      ...summaryMarks(scene),
      ...textMarks(scene),
      ...whatIfMarks(scene),
      ...scoreMarks(scene),
    ),
    mark('div', { class: 'below' }, ...tableMarks(scene), ...trustMarks(scene)),
  );
}
