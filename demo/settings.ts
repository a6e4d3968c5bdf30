import { count } from '../src/element.ts';
import { AUDITED, isGradedByFolds, methodIndex } from '../src/index.ts';
import type { DeviceChoice, ModelParts, TextOptions } from '../src/text.ts';
import { sayParts } from './model-parts.ts';
import { parts } from './parts.ts';
import { countPlayers, sentenceCount, wordCount } from './player-count.ts';
import { askedPlayers, chosenLens, chosenParts, players } from './players.ts';
import type { Shared } from './share.ts';
import { strings } from './strings.ts';

/** How fast passes went last, in passes a millisecond; 0 where none were measured. */
export interface Speed {
  rate: number;
  device: string;
}

/** The mask rule that the fields say. */
function maskRule(): string {
  return parts.mask.value === 'replace' ? `replace:${parts.replacement.value}` : parts.mask.value;
}

/** The device that the reader, or a link, has chosen. */
export function chosenDevice(): DeviceChoice {
  return parts.device.value as DeviceChoice;
}

/** The id of the hub's model that is chosen; empty for the embedded one and for files. */
export function chosenHub(): string {
  return parts.modelChoice.selectedOptions[0]?.dataset.hub ?? '';
}

/** The options of a run as the fields say them. */
export function settings(): TextOptions & { readonly budget: number } {
  return {
    target: target() || undefined,
    ...askedPlayers(maskRule()),
    method: parts.method.value as TextOptions['method'],
    index: index(),
    ...assurance(),
    budget: 2 ** Number(parts.budget.value),
    seed: 7,
  };
}

/** The index of a method that estimates one alone, or the chosen one. */
function index(): NonNullable<TextOptions['index']> {
  return methodIndex(parts.method.value) ?? (parts.index.value as NonNullable<TextOptions['index']>);
}

/** A label of a classifier, or words that a language model may say. */
function target(): string {
  return parts.labelField.hidden ? parts.words.value : parts.target.value;
}

/** Stop rule and audit, of methods that know them. */
function assurance(): Pick<TextOptions, 'untilR2' | 'audit'> {
  if (!isGradedByFolds(parts.method.value)) return {};
  return { untilR2: Number(parts.until.value) || undefined, audit: parts.grade.value === 'audit' ? AUDITED : 0 };
}

/** Methods that may begin from what earlier texts said of words. */
const BEGINNING = ['auto', 'gp'];

function mayBegin(): boolean {
  return chosenLens() === 'text' && BEGINNING.includes(parts.method.value);
}

/** Whether earlier texts are to be begun from, and this one kept for later ones. */
export function fromEarlierTexts(): boolean {
  return mayBegin() && parts.begin.value === 'texts';
}

/** The fields, for a link. */
export function shared(withText: boolean): Shared {
  const { units, ablation, layers, method, until, grade, begin, budget, text } = parts;
  return {
    ...(withText && { text: text.value, reference: parts.reference.value }),
    model: chosenHub(),
    ...{ target: target(), units: units.value, mask: maskRule(), ablation: ablation.value, layers: layers.value.trim() },
    ...{ method: method.value, index: index(), until: until.value, grade: grade.value, begin: begin.value },
    device: chosenDevice(),
    budget: Number(budget.value),
  };
}

/** Puts what a link says into the fields; what is not among the choices is ignored. */
export function applyShared(link: Shared): void {
  if (link.text !== undefined) parts.text.value = link.text;
  if (link.reference !== undefined) parts.reference.value = link.reference;
  const replacement = /^replace:(.*)$/s.exec(link.mask)?.[1];
  const choices = [
    [parts.target, link.target],
    [parts.units, link.units],
    [parts.mask, replacement === undefined ? link.mask : 'replace'],
    [parts.ablation, link.ablation],
    [parts.method, link.method],
    [parts.index, link.index],
    [parts.until, link.until],
    [parts.grade, link.grade],
    [parts.begin, link.begin],
    [parts.device, link.device],
  ] as const;
  for (const [field, value] of choices) if ([...field.options].some((o) => o.value === value && !o.hidden)) field.value = value;
  parts.words.value = link.target;
  parts.layers.value = link.layers;
  if (replacement !== undefined) parts.replacement.value = replacement;
  if (link.budget >= Number(parts.budget.min) && link.budget <= Number(parts.budget.max))
    parts.budget.value = String(Math.round(link.budget));
}

/** Says what the slider means: passes, and the time they will take here. */
export function sayBudget({ rate, device }: Speed, model: ModelParts | undefined): void {
  const asked = 2 ** Number(parts.budget.value);
  const { units, text, layers } = parts;
  const asks = { units: units.value, text: text.value, layers: layers.value.trim(), examples: players.examples.length, model };
  const all = 2 ** (countPlayers(asks) ?? Number.POSITIVE_INFINITY);
  const passes = Math.min(asked, all);
  const said = rate > 0 ? strings.estimate(passes, passes / rate, device) : asked >= all ? strings.exact(passes) : strings.plain(passes);
  parts.budgetSaid.value = said;
  parts.budget.setAttribute('aria-valuetext', `${count(asked)} passes`);
}

/** Shows the fields that the players and the method have, and no others. */
export function sayChoices(): void {
  const ofText = chosenLens() === 'text';
  parts.maskField.hidden = !ofText;
  parts.replacementField.hidden = !ofText || parts.mask.value !== 'replace';
  sayParts(chosenParts());
  sayMethod();
  parts.begin.disabled = !mayBegin();
}

/** Some methods estimate one index, and some cannot be graded on what they fit; then there is nothing to choose. */
function sayMethod(): void {
  const own = methodIndex(parts.method.value);
  parts.index.disabled = own !== null;
  parts.index.title = own === null ? '' : strings.ownIndex(parts.method.value, own);
  for (const field of [parts.until, parts.grade]) field.disabled = !isGradedByFolds(parts.method.value);
}

/** A long text split by words is slow to explain and hard to read: says so, and offers sentences. */
export function sayHint(onSplit: () => void): void {
  const words = wordCount(parts.text.value);
  const sentences = sentenceCount(parts.text.value);
  parts.hint.hidden = chosenLens() !== 'text' || parts.units.value === 'sentence' || words <= 64 || sentences < 3;
  if (parts.hint.hidden) return;
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'plain';
  button.textContent = strings.split;
  button.addEventListener('click', onSplit);
  parts.hint.replaceChildren(strings.many(words, sentences), button);
}
