import type { Masks } from '../core/masks.ts';
import { gp, isQuick, predictGp } from '../gp/gp.ts';
import { averageFits } from '../spectrum/average.ts';
import { crossValidate, type NamedDecoder, rSquared } from '../spectrum/cross-validate.ts';
import { faithfulness } from '../spectrum/faithfulness.ts';
import { spectrumOfTable } from '../spectrum/fwht.ts';
import { interactionRows, toInteractions } from '../spectrum/indices.ts';
import { type DecodeOptions, type Decoder, evaluateSpectrum, type Fit, type SearchEnd, type Spectrum } from '../spectrum/spectrum.ts';
import { standardErrors } from '../spectrum/uncertainty.ts';
import type { Candidate, FitReport, Interaction } from './document.ts';
import { type DecodingMethod, METHOD_TABLE, methodEntry } from './methods.ts';
import type { Settings } from './options.ts';

/** Masks with their values, in the same order; rows 2p and 2p + 1 are complementary. */
export interface Evaluations {
  readonly masks: Masks;
  readonly values: Float64Array;
}

export interface Solution {
  readonly spectrum: Spectrum;
  readonly interactions: readonly Interaction[];
  readonly faithfulness: Pick<FitReport, 'r2' | 'r2Low' | 'r2High' | 'heldOut'>;
  readonly chosen: string;
  readonly candidates: readonly Candidate[];
}

interface Task {
  readonly fit: Evaluations;
  readonly heldOut: Evaluations;
  /** Rows 2p and 2p + 1 of what grades are complementary and count as one observation; default true. */
  readonly paired?: boolean;
  /** All 2ⁿ masks are among those of the fit. */
  readonly complete: boolean;
  /** The last look: every candidate of `auto` is tried; earlier looks leave the slow one out. */
  readonly thorough: boolean;
  /** Where searches of earlier looks ended, by method; renewed by this one. */
  readonly memory?: Map<string, SearchEnd>;
  readonly breathe: () => Promise<void>;
  /** The decoder that chose the masks, where one did. */
  readonly decode?: Decoder;
}

/** What `auto` tries at every look, and what beside that at the last. */
const QUICK: readonly DecodingMethod[] = ['linear', 'pursuit'];
const SLOW: readonly DecodingMethod[] = ['proxyspex'];

/** Recovers a spectrum from the fitting masks alone, then grades it on the held-out ones. */
export async function solve(settings: Settings, task: Task): Promise<Solution> {
  const options = { seed: settings.seed, breathe: task.breathe };
  const single = task.decode ?? methodEntry(settings.method)?.decode;
  const chosen = single
    ? { fit: await decodeOnce(settings.method, single, task, { ...options, order: settings.maxOrder }), candidates: [] }
    : await choose(task, options);
  return grade(settings, chosen.fit, chosen.candidates, task);
}

/** One method on all fitting masks, from where it ended at an earlier look. */
async function decodeOnce(method: string, decode: Decoder, { fit, memory }: Task, options: DecodeOptions): Promise<Fit> {
  const found = await decode(fit.masks, fit.values, { ...options, start: memory?.get(method) });
  if (found.end) memory?.set(method, found.end);
  return found;
}

/** `auto`: the Gaussian process, unless cross-validation on the fitting masks finds a candidate or a mean of some clearly better. */
async function choose(task: Task, options: DecodeOptions): Promise<{ fit: Fit; candidates: readonly Candidate[] }> {
  const { masks, values } = task.fit;
  const names = task.thorough ? [...QUICK, ...SLOW] : QUICK;
  const decoders: NamedDecoder[] = names.map((method) => ({ method, decode: METHOD_TABLE[method].decode }));
  // The process is fitted first: its folds go on from where it ended, which spares them most of the search.
  const process = isQuick(masks) ? await decodeOnce('gp', gp, task, options) : null;
  if (process) decoders.push({ method: 'gp', decode: gp, predict: (m, v, u, o) => predictGp(m, v, u, { ...o, start: process.end }) });
  const { scored, chosen } = await crossValidate(decoders, masks, values, { folds: 5, favoured: 'gp', ...options });
  const fits: Fit[] = [];
  for (const method of chosen.split('+') as DecodingMethod[])
    fits.push(method === 'gp' && process ? process : await METHOD_TABLE[method].decode(masks, values, options));
  return { fit: fits.length === 1 ? fits[0] : averageFits(fits), candidates: scored };
}

function bySize(interactions: Interaction[]): Interaction[] {
  return interactions.sort((a, b) => Math.abs(b.value) - Math.abs(a.value) || a.members.length - b.members.length);
}

function meanSquare(spectrum: Spectrum, { masks, values }: Evaluations): number {
  const predicted = evaluateSpectrum(spectrum, masks);
  let sum = 0;
  for (let r = 0; r < values.length; r++) sum += (predicted[r] - values[r]) ** 2;
  return values.length > 0 ? sum / values.length : 0;
}

type Grade = Pick<Solution, 'faithfulness'> & { readonly noise: number };

/** Held-out error is the noise of the standard errors too: what the support lacks counts as noise, and a few rows are not trusted alone. */
function gradeUnseen(spectrum: Spectrum, { fit: train, heldOut, paired = true }: Task): Grade {
  const { r2, low, high } = faithfulness(evaluateSpectrum(spectrum, heldOut.masks), heldOut.values, { pairs: paired });
  const unseen = meanSquare(spectrum, heldOut);
  const noise = heldOut.values.length >= 32 ? unseen : Math.max(unseen, meanSquare(spectrum, train));
  return { faithfulness: { r2, r2Low: low, r2High: high, heldOut: heldOut.values.length }, noise };
}

/** Over all 2ⁿ masks R² is a fact about a function and what stands in for it, and no estimate. */
function gradeAll(spectrum: Spectrum, { masks, values }: Evaluations): Grade {
  const r2 = rSquared(evaluateSpectrum(spectrum, masks), values);
  return { faithfulness: { r2, r2Low: r2, r2High: r2, heldOut: 0 }, noise: 0 };
}

function grade(settings: Settings, fit: Fit, candidates: readonly Candidate[], task: Task): Solution {
  const { spectrum } = fit;
  const { faithfulness, noise } = task.complete ? gradeAll(spectrum, task.fit) : gradeUnseen(spectrum, task);
  const rows = interactionRows(spectrum, settings);
  const se = standardErrors(fit, rows, noise);
  return {
    spectrum,
    interactions: bySize(rows.map(({ members, value }, i) => ({ members, value, se: se[i] }))),
    faithfulness,
    chosen: fit.method,
    candidates,
  };
}

/** All 2ⁿ masks are known: the transform is exact, and nothing is held out because nothing is guessed. */
export function transform(settings: Settings, masks: Masks, values: Float32Array): Solution {
  const table = new Float64Array(masks.count);
  for (let r = 0; r < masks.count; r++) table[masks.words[r]] = values[r];
  const spectrum = spectrumOfTable(table, masks.n);
  return {
    spectrum,
    interactions: bySize(toInteractions(spectrum, settings).map(({ members, value }) => ({ members, value, se: 0 }))),
    faithfulness: { r2: 1, r2Low: 1, r2High: 1, heldOut: 0 },
    chosen: 'exact',
    candidates: [],
  };
}
