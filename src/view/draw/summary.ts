import { methodIndex } from '../../explain/method-index.ts';
import { probabilityOf } from '../choose.ts';
import { percent, signed, visible } from '../format.ts';
import { type Mark, mark } from '../mark.ts';
import { shorten } from '../marks.ts';
import type { Scene } from '../scene.ts';
import { strings } from '../strings.ts';

/** The prediction, how far the explanation holds, what it cost and where it ran; warnings where it does not hold. */
export function summaryMarks(scene: Scene): Mark[] {
  const { explanation: e, grade, said } = scene;
  const warning = warningOf(scene);
  return [
    mark(
      'header',
      { class: 'summary', part: 'summary' },
      mark(
        'h2',
        { class: 'prediction' },
        mark('bdi', {}, visible(e.target)),
        mark('span', { class: 'probability' }, probabilityText(scene, e.values.full)),
      ),
      mark(
        'p',
        { class: 'values' },
        `${said.scalar(e.scalar, e.values.full)} · ${said.baseline(signed(e.values.empty))}${parenthesis(scene, e.values.empty)}`,
      ),
      scene.view.interactive && mark('slot', { name: 'progress' }),
    ),
    mark(
      'ul',
      { class: 'chips', part: 'chips' },
      mark('li', { class: `chip fit ${grade}` }, fitSentence(scene)),
      mark('li', { class: 'chip' }, costText(scene)),
      ...deviceChips(scene),
    ),
    ...(warning === null
      ? []
      : [mark('p', { class: `warning ${grade}`, role: 'note' }, mark('span', { class: 'mark', 'aria-hidden': 'true' }, '!'), warning)]),
  ];
}

/** With fewer passes than this combinations that matter may not have come up at all. */
const ENOUGH_PASSES = 100;

function warningOf({ explanation: { fit }, grade, said }: Scene): string | null {
  if (grade === 'exact') return null;
  if (grade === 'good') return fit.heldOut > 0 && fit.queries < ENOUGH_PASSES ? strings.rare(fit.queries) : null;
  const own = methodIndex(fit.chosen);
  if (own !== null) return strings.ownPoor(own);
  return grade === 'poor' ? said.poor : strings.fair;
}

function probabilityText({ explanation }: Scene, value: number): string {
  const p = probabilityOf(explanation.scalar, value);
  return p === null ? signed(value) : percent(p);
}

function parenthesis({ explanation }: Scene, value: number): string {
  const p = probabilityOf(explanation.scalar, value);
  return p === null ? '' : ` (${percent(p)})`;
}

/** How far the explanation holds, in a sentence. */
export function fitSentence({ explanation: { fit }, grade, said }: Pick<Scene, 'explanation' | 'grade' | 'said'>): string {
  if (grade === 'exact') return said.exact(fit.queries);
  if (fit.heldOut > 0) return strings.explains(fit);
  return fit.r2Low === fit.r2High ? strings.explainsAll(fit.r2, fit.queries) : strings.ungraded;
}

function costText({ explanation: { fit, timing } }: Scene): string {
  const rate = timing.masksPerSecond;
  return Number.isFinite(rate) && rate > 0 ? `${strings.passes(fit.queries)} · ${strings.rate(rate)}` : strings.passes(fit.queries);
}

function deviceChips({ explanation: { device } }: Scene): Mark[] {
  if (device === null) return [];
  const adapter = visible(device.adapter);
  return [
    mark('li', { class: 'chip' }, device.backend === 'webgpu' ? `WebGPU · ${adapter}` : adapter),
    ...(device.software && device.backend === 'webgpu' ? [mark('li', { class: 'chip amber' }, strings.software)] : []),
  ];
}

/** Characters of the label of a player that is off. */
const LONGEST_NAME = 40;

/** With words off: what the explanation says at once, and what the model says when it has been asked. */
export function whatIfMarks(scene: Scene): Mark[] {
  const { view, labels, explanation: e, predicted, said } = scene;
  if (view.off.size === 0) return [];
  const off = [...view.off].sort((a, b) => a - b).map((i) => strings.quote(shorten(labels[i], LONGEST_NAME)));
  const answer = (name: string, value: number, kind: string) =>
    mark(
      'span',
      { class: `answer ${kind}` },
      mark('span', { class: 'who' }, name),
      mark('b', {}, signed(value)),
      probabilityTail(scene, value),
    );
  const { measured } = view;
  return [
    mark(
      'div',
      { class: 'what-if', part: 'what-if' },
      mark('span', { class: 'without' }, strings.without(strings.join(off))),
      answer(strings.predicted, predicted, 'predicted'),
      measured === 'asking'
        ? mark('span', { class: 'answer measured waiting' }, mark('span', { class: 'who' }, strings.measured), strings.asking)
        : measured !== null && answer(strings.measured, measured, 'measured'),
      answer(said.wholeText, e.values.full, 'whole'),
      view.interactive && mark('button', { class: 'quiet', type: 'button', 'data-action': 'reset' }, said.reset),
    ),
  ];
}

function probabilityTail(scene: Scene, value: number): Mark | null {
  const p = probabilityOf(scene.explanation.scalar, value);
  return p === null ? null : mark('span', { class: 'share' }, percent(p));
}
